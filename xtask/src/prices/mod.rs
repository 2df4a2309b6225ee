//! `cargo xtask prices`: the table of prices anew, from the source that its head names.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    fs,
    process::Command,
};

use flowspan_prices::Prices;
use serde::Deserialize;

use crate::{
    error::XtaskError,
    run::{output, run},
};

const TABLE: &str = "crates/flowspan-prices/src/builtin.toml";
/// Where the source is put.
const PLACE: &str = "target/prices";
const PACKAGE: &str = "genai-prices";
/// Reads the source, which is Python.
const READER: &str = "xtask/src/prices/facts.py";

/// The providers of the table, and how programs call them: by the GenAI conventions, and as the clients
/// of this ecosystem do. Resellers that report their costs with each answer are left out.
const PROVIDERS: &[(&str, &[&str])] = &[
    ("anthropic", &[]),
    ("aws", &["aws.bedrock", "bedrock", "aws_bedrock"]),
    ("azure", &["azure.ai.openai", "azure.ai.inference", "az.ai.openai", "az.ai.inference", "azure_openai"]),
    ("cerebras", &[]),
    ("cohere", &[]),
    ("deepseek", &[]),
    ("fireworks", &["fireworks_ai", "fireworks-ai"]),
    ("google", &["gcp.gemini", "gcp.vertex_ai", "gcp.gen_ai", "gemini", "vertex_ai", "vertexai"]),
    ("groq", &[]),
    ("minimax", &[]),
    ("mistral", &["mistral_ai", "mistralai"]),
    ("moonshotai", &["moonshot_ai", "moonshot"]),
    ("openai", &[]),
    ("perplexity", &[]),
    ("together", &["together_ai", "together-ai", "togetherai"]),
    ("voyageai", &["voyage_ai", "voyage"]),
    ("x-ai", &["x_ai", "xai"]),
    ("zai", &["z_ai", "z-ai"]),
];

/// How the models of a provider are called where the source says it in a form that this table has not.
const MAKES: &[(&str, &[&str])] = &[(
    "mistral",
    &[
        "mistral-*",
        "codestral-*",
        "devstral-*",
        "magistral-*",
        "ministral-*",
        "open-mistral-*",
        "open-mixtral-*",
        "pixtral-*",
        "voxtral-*",
    ],
)];

/// How the source calls the kinds of tokens, and how the table does, in its order.
const KINDS: [(&str, &str); 5] = [
    ("input_mtok", "input"),
    ("output_mtok", "output"),
    ("cache_read_mtok", "cache_read"),
    ("cache_write_mtok", "cache_write"),
    ("output_reasoning_mtok", "reasoning"),
];

#[derive(Deserialize)]
struct Facts {
    providers: BTreeMap<String, Provider>,
    dropped: Vec<String>,
}

#[derive(Deserialize)]
struct Provider {
    makes: Vec<String>,
    serves: Vec<String>,
    models: Vec<Model>,
}

#[derive(Deserialize)]
struct Model {
    id: String,
    names: Vec<String>,
    price: Option<Price>,
}

#[derive(Deserialize)]
struct Price {
    base: Rates,
    above: BTreeMap<u64, Rates>,
}

type Rates = BTreeMap<String, String>;

/// Fetches the source, and writes the table.
pub(crate) fn refresh() -> Result<(), XtaskError> {
    let _ = fs::remove_dir_all(PLACE);
    run(Command::new("python3").args([
        "-m",
        "pip",
        "download",
        "--quiet",
        "--no-deps",
        "--dest",
        PLACE,
        PACKAGE,
    ]))?;
    let unreadable = |source| XtaskError::Unreadable { path: PLACE.to_owned(), source };
    let wheel = fs::read_dir(PLACE).map_err(unreadable)?.next().transpose().map_err(unreadable)?;
    let wheel = wheel.map(|entry| entry.path()).ok_or(XtaskError::NoPrices)?;
    let version = wheel.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let version = version.split('-').nth(1).unwrap_or_default().to_owned();

    let today = output(Command::new("date").args(["-u", "+%F"]))?;
    let today = String::from_utf8_lossy(&today).trim().to_owned();
    let facts = output(Command::new("python3").arg(READER).arg(&wheel).arg(&today))?;
    let facts: Facts = serde_json::from_slice(&facts).map_err(|source| XtaskError::Facts { source })?;
    for pattern in &facts.dropped {
        println!("left out, because it has no form in the table: {pattern}");
    }
    let table = write(&facts, &version, &today);
    drop(Prices::parse(TABLE, &table)?);
    fs::write(TABLE, table).map_err(|source| XtaskError::Unwritable { path: TABLE.to_owned(), source })?;
    println!("{TABLE}");
    Ok(())
}

fn write(facts: &Facts, version: &str, today: &str) -> String {
    let mut table = format!(
        "# What models cost, in US dollars per million tokens of the standard service tier.\n\
         #\n\
         # Source: {PACKAGE} {version} on PyPI, by Pydantic Services Inc., under the MIT licence.\n\
         # In force on: {today}\n\
         #\n\
         # Made by `cargo xtask prices`; do not edit. The form is that of a file of your own: see\n\
         # docs/tokens-and-cost.md.\n\n\
         currency = \"USD\"\n"
    );
    let known: BTreeSet<&str> = PROVIDERS.iter().map(|(name, _)| *name).collect();
    for (name, also) in PROVIDERS {
        let Some(provider) = facts.providers.get(*name) else { continue };
        let serves = provider.serves.iter().filter(|other| known.contains(other.as_str()));
        let makes =
            MAKES.iter().find(|(maker, _)| maker == name).map(|(_, makes)| *makes).unwrap_or_default();
        let makes = provider.makes.iter().map(String::as_str).chain(makes.iter().copied());
        let _ = writeln!(table, "\n[providers.{name}]");
        list(&mut table, "also", also.iter().copied());
        list(&mut table, "serves", serves.map(String::as_str));
        list(&mut table, "makes", makes);
    }
    for (name, _) in PROVIDERS {
        let Some(provider) = facts.providers.get(*name) else { continue };
        let _ = writeln!(table, "\n[models.{name}]");
        let mut rows = BTreeMap::new();
        // Of two models with the same name, the source means the first.
        let mut taken = BTreeSet::new();
        for model in &provider.models {
            let names: Vec<String> = model
                .names
                .iter()
                .map(|name| name.to_lowercase())
                .filter(|name| taken.insert(name.clone()))
                .collect();
            if let (Some(price), Some(first)) = (model.price.as_ref().and_then(row), names.first()) {
                let id = names.iter().find(|name| **name == model.id).unwrap_or(first).clone();
                let also: Vec<_> =
                    names.iter().filter(|name| **name != id).map(|name| quoted(name)).collect();
                let also =
                    if also.is_empty() { String::new() } else { format!(", also = [{}]", also.join(", ")) };
                rows.insert(id, format!("{{ {price}{also} }}"));
            }
        }
        for (id, row) in rows {
            let _ = writeln!(table, "{} = {row}", quoted(&id));
        }
    }
    table
}

fn list<'text>(table: &mut String, key: &str, names: impl Iterator<Item = &'text str>) {
    let names: Vec<_> = names.map(quoted).collect();
    if !names.is_empty() {
        let _ = writeln!(table, "{key} = [{}]", names.join(", "));
    }
}

/// The price of a model, or nothing if it is not priced by the token alone.
fn row(price: &Price) -> Option<String> {
    // A fee for each request would be missing in what the tokens cost.
    if price.base.contains_key("requests_kcount") {
        return None;
    }
    let mut row = rates(&price.base);
    if !row.iter().any(|part| part.starts_with("input") || part.starts_with("output")) {
        return None;
    }
    let above: Vec<_> = price
        .above
        .iter()
        .map(|(tokens, above)| (tokens, rates(above)))
        .filter(|(_, above)| !above.is_empty())
        .map(|(tokens, above)| format!("{{ input_tokens = {tokens}, {} }}", above.join(", ")))
        .collect();
    if !above.is_empty() {
        row.push(format!("above = [{}]", above.join(", ")));
    }
    Some(row.join(", "))
}

fn rates(rates: &Rates) -> Vec<String> {
    let known = KINDS.iter().filter_map(|(kind, name)| Some((name, rates.get(*kind)?)));
    known.map(|(name, price)| format!("{name} = {}", decimal(price))).collect()
}

/// A price with six decimals: what the source has beyond is noise of its own arithmetic.
fn decimal(price: &str) -> String {
    match price.split_once('.') {
        Some((_, decimals)) if decimals.len() > 6 => {
            let rounded = format!("{:.6}", price.parse::<f64>().unwrap_or(f64::NAN));
            rounded.trim_end_matches('0').trim_end_matches('.').to_owned()
        }
        _ => price.to_owned(),
    }
}

fn quoted(text: &str) -> String {
    format!("{text:?}")
}
