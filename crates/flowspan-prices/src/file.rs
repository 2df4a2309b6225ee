//! The form of a file of prices.
//!
//! It is TOML, and the table of this crate is such a file. All prices are per million tokens.
//!
//! ```
//! # use flowspan_prices::Prices;
//! # let prices = Prices::parse("an example", r#"
//! ## The currency of all prices below that name none themselves. Default: USD.
//! currency = "EUR"
//!
//! [models.acme]
//! large-2 = { input = 0.5, output = 2, cache_read = 0.05, cache_write = 0.6, reasoning = 3 }
//! ## Other names of the same model; `*` at the beginning or the end stands for anything.
//! "small-1" = { input = 0.1, output = 0.4, also = ["small-1-*"] }
//! ## A request of more input than this costs more, from its first token on.
//! wide = { input = 1, output = 4, above = [{ input_tokens = 200000, input = 2, output = 6 }] }
//! credit = { input = 12, output = 40, currency = "credits" }
//!
//! ## Models that cost the same wherever they are served.
//! [models."*"]
//! "llama-of-ours*" = { input = 0, output = 0 }
//!
//! ## Other names of a provider, whose models it serves at their prices, and how its own are called.
//! [providers.acme]
//! also = ["acme.cloud"]
//! serves = ["anthropic"]
//! makes = ["large-*", "small-*"]
//! # "#).expect("it is of the form");
//! # let price = prices.find(Some("acme.cloud"), "large-2").expect("it is there");
//! # assert_eq!(price.currency_label(), "EUR");
//! ```
//!
//! Nothing else is accepted: a key that is not one of these, and a number that is no price, is an error
//! that names the line and the column.

use std::{collections::BTreeMap, sync::Arc};

use flowspan_model::Text;
use serde::Deserialize;

use crate::{
    Price, PricesError,
    name::Pattern,
    price::Rates,
    rate::Rate,
    table::{Provider, Table},
};

pub(crate) const PRICELESS: &str =
    "has no price: give at least one of input, output, cache_read, cache_write and reasoning";
pub(crate) const NAMELESS: &str = "names no model: call it provider/model, such as openai/gpt-5-mini";
pub(crate) const CURRENCY: &str =
    "has no usable currency: give one to sixteen letters, digits, - or _, such as EUR or credits";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    currency: Option<String>,
    #[serde(default)]
    providers: BTreeMap<String, ProviderRow>,
    #[serde(default)]
    models: BTreeMap<String, BTreeMap<String, ModelRow>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProviderRow {
    #[serde(default)]
    also: Vec<String>,
    #[serde(default)]
    serves: Vec<String>,
    #[serde(default)]
    makes: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ModelRow {
    input: Option<Rate>,
    output: Option<Rate>,
    cache_read: Option<Rate>,
    cache_write: Option<Rate>,
    reasoning: Option<Rate>,
    #[serde(default)]
    above: Vec<Above>,
    currency: Option<String>,
    #[serde(default)]
    also: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Above {
    input_tokens: u64,
    input: Option<Rate>,
    output: Option<Rate>,
    cache_read: Option<Rate>,
    cache_write: Option<Rate>,
    reasoning: Option<Rate>,
}

/// Whether a text can be the label of a currency. It becomes the label of a metric, too.
pub(crate) fn is_currency(label: &str) -> bool {
    let is_sign = |sign: char| sign.is_ascii_alphanumeric() || sign == '-' || sign == '_';
    (1..=16).contains(&label.len()) && label.chars().all(is_sign)
}

pub(crate) fn parse(place: &str, text: &str) -> Result<Table, PricesError> {
    let form = |source| PricesError::Form { place: place.to_owned(), source: Box::new(source) };
    let file: File = toml::from_str(text).map_err(form)?;
    let problem = |model: String, problem| PricesError::Model { model, problem };
    let usable = |label: &Option<String>| label.as_deref().is_none_or(is_currency);
    if !usable(&file.currency) {
        return Err(problem(place.to_owned(), CURRENCY));
    }
    let usual = file.currency.map(Text::from);
    let mut table = Table::default();
    for (provider, row) in file.providers {
        table.providers.insert(provider.to_lowercase(), row.into());
    }
    for (provider, models) in file.models {
        for (model, row) in models {
            let name = format!("{provider}/{model}");
            if provider.is_empty() || model.is_empty() || row.also.iter().any(String::is_empty) {
                return Err(problem(name, NAMELESS));
            }
            if !usable(&row.currency) {
                return Err(problem(name, CURRENCY));
            }
            let also = row.also.clone();
            let price = row.price(usual.clone());
            if price.rates.is_empty() {
                return Err(problem(name, PRICELESS));
            }
            let price = Arc::new(price);
            also.iter().chain([&model]).for_each(|name| table.add(&provider, name, Arc::clone(&price)));
        }
    }
    Ok(table)
}

impl From<ProviderRow> for Provider {
    fn from(row: ProviderRow) -> Self {
        let small = |names: Vec<String>| names.iter().map(|name| name.to_lowercase()).collect::<Vec<_>>();
        let makes = small(row.makes).iter().map(|name| Pattern::new(name)).collect();
        Provider { also: small(row.also), serves: small(row.serves), makes }
    }
}

impl ModelRow {
    fn price(self, usual: Option<Text>) -> Price {
        let ModelRow { input, output, cache_read, cache_write, reasoning, mut above, currency, .. } = self;
        above.sort_by_key(|above| above.input_tokens);
        Price {
            rates: Rates { input, output, cache_read, cache_write, reasoning },
            above: above.into_iter().map(|above| (above.input_tokens, above.rates())).collect(),
            currency: currency.map(Text::from).or(usual),
            problem: None,
        }
    }
}

impl Above {
    fn rates(self) -> Rates {
        let Above { input, output, cache_read, cache_write, reasoning, .. } = self;
        Rates { input, output, cache_read, cache_write, reasoning }
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_not_of_the_form_is_an_error_that_says_where_and_what_is_accepted() {
        for (text, said) in [
            ("[models.a]\nm = { input = nan }", "line 2, column"),
            ("[models.a]\nm = { input = nan }", "not a number"),
            ("[models.a]\nm = { input = inf }", "not a number"),
            ("[models.a]\nm = { input = -1 }", "less than zero"),
            ("[models.a]\nm = { input = 1e300 }", "larger"),
            ("[models.a]\nm = { input = 0.0000001 }", "more decimals"),
            ("[models.a]\nm = { input = '1' }", "such as 2.5"),
            ("[models.a]\nm = { inptu = 1 }", "expected one of `input`"),
            ("price = 1", "expected one of `currency`"),
            ("[models.a]\nm = { input = 1, above = [{ input_tokens = -5 }] }", "line 2"),
            ("[models.a]\nm = { input = 1", "line 2"),
            ("[models.a]\nm = { also = ['x'] }", "has no price"),
            ("[models.a]\nm = { input = 1, currency = 'a currency' }", "sixteen letters"),
            ("currency = ''", "sixteen letters"),
            ("[models.a]\n'' = { input = 1 }", "provider/model"),
        ] {
            let error = parse("prices.toml", text).expect_err(text);
            let source = error.source().map(ToString::to_string).unwrap_or_default();
            let all = format!("{error}: {source}");
            assert!(all.contains(said), "{text}: {all}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_the_parser_panic(text in ".{0,200}") {
            let _ = parse("wild", &text);
        }

        #[test]
        fn any_number_is_a_price_or_an_error(number: f64) {
            let _ = parse("wild", &format!("[models.a]\nm = {{ input = {number:?} }}"));
        }
    }
}
