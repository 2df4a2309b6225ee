//! All prices that are known.

use std::{
    fs, iter,
    path::Path,
    sync::{Arc, OnceLock},
};

use crate::{
    Price, PricesError,
    file::{self, NAMELESS, PRICELESS},
    table::{ANY, Table},
};

/// The table of this crate.
const BUILTIN: &str = include_str!("builtin.toml");

/// Prices by provider and model: yours first, then those of a file, then the table of this crate.
///
/// Providers are called as the GenAI conventions call them (`openai`, `aws.bedrock`, `gcp.gemini`), or by
/// the names that the table gives them. A model may be called by a dated name.
///
/// ```
/// use flowspan_prices::Prices;
///
/// let prices = Prices::builtin();
/// assert!(prices.find(Some("openai"), "gpt-5-mini").is_some());
/// assert!(prices.find(Some("openai"), "gpt-5-mini-2025-08-07").is_some());
/// assert!(prices.find(Some("my-own-server"), "gpt-5-mini").is_none(), "nobody knows what it takes");
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Prices {
    /// The first that knows a model is believed.
    tables: Vec<Arc<Table>>,
    with_builtin: bool,
    /// The first price that cannot be used.
    problem: Option<Arc<PricesError>>,
}

impl Prices {
    /// No prices: no call has a cost, unless the program reports it.
    pub const fn none() -> Self {
        Prices { tables: Vec::new(), with_builtin: false, problem: None }
    }

    /// The table of this crate. [`file`](mod@crate::file) says what a table consists of.
    pub const fn builtin() -> Self {
        Prices { tables: Vec::new(), with_builtin: true, problem: None }
    }

    /// The prices in a file, and none else.
    ///
    /// # Errors
    ///
    /// The file cannot be read, or is not of the form of [`file`](mod@crate::file): the error says where.
    pub fn read(path: impl AsRef<Path>) -> Result<Self, PricesError> {
        let path = path.as_ref();
        let text = fs::read_to_string(path)
            .map_err(|source| PricesError::Unreadable { path: path.to_owned(), source })?;
        Self::parse(&path.display().to_string(), &text)
    }

    /// The prices in a text of the form of [`file`](mod@crate::file). `place` is what errors call it.
    ///
    /// # Errors
    ///
    /// The text is not of that form.
    pub fn parse(place: &str, text: &str) -> Result<Self, PricesError> {
        let table = Arc::new(file::parse(place, text)?);
        Ok(Prices { tables: vec![table], with_builtin: false, problem: None })
    }

    /// Adds or replaces the price of a model, called `provider/model`. A `*` at the beginning or the end of
    /// the model stands for anything, and as the provider for any.
    ///
    /// A price that cannot be used is an error of [`check`](Prices::check), and so of whatever is built
    /// with these prices.
    pub fn model(mut self, name: &str, price: Price) -> Self {
        match own(name, &price) {
            Ok((provider, model)) => {
                let mut table = Table::default();
                table.add(provider, model, Arc::new(price));
                // The last that was said is believed.
                self.tables.insert(0, Arc::new(table));
            }
            Err(problem) => {
                self.problem.get_or_insert(Arc::new(problem));
            }
        }
        self
    }

    /// These prices, and the other ones for models that are not among them. The table of this crate comes
    /// last, if these have it.
    pub fn or(mut self, others: Prices) -> Self {
        self.tables.extend(others.tables);
        self.problem = self.problem.or(others.problem);
        self
    }

    /// Says whether all of them can be used.
    ///
    /// # Errors
    ///
    /// A model that was added by [`model`](Prices::model) has a name or price that cannot be used.
    pub fn check(&self) -> Result<(), Arc<PricesError>> {
        self.problem.clone().map_or(Ok(()), Err)
    }

    /// Whether there are none at all.
    pub fn is_empty(&self) -> bool {
        self.tables.is_empty() && !self.with_builtin
    }

    /// The price of this model of this provider. Without a provider, that of whoever makes models with
    /// such names.
    ///
    /// A provider that nobody knows has no prices: the same model may cost anything there.
    pub fn find(&self, provider: Option<&str>, model: &str) -> Option<Arc<Price>> {
        let model = model.to_lowercase();
        let providers = self.providers(provider.map(str::to_lowercase), &model);
        self.tables().find_map(|table| {
            let here = providers.iter().map(String::as_str).chain(iter::once(ANY));
            here.filter_map(|provider| table.find(provider, &model)).next().cloned()
        })
    }

    /// Whose prices may be meant, the nearest first.
    fn providers(&self, provider: Option<String>, model: &str) -> Vec<String> {
        let known = || self.tables().flat_map(|table| &table.providers);
        let Some(given) = provider else {
            let makes = known().filter(|(_, known)| known.makes.iter().any(|like| like.matches(model)));
            return makes.map(|(name, _)| name.clone()).collect();
        };
        let is_it = |(name, known): &(&String, &crate::table::Provider)| {
            **name == given || known.also.contains(&given)
        };
        let (names, serves): (Vec<_>, Vec<_>) =
            known().filter(is_it).map(|(name, known)| (name.clone(), known.serves.clone())).unzip();
        let mut providers = vec![given];
        providers.extend(names);
        providers.extend(serves.into_iter().flatten());
        providers
    }

    fn tables(&self) -> impl Iterator<Item = &Table> {
        self.tables.iter().map(Arc::as_ref).chain(self.with_builtin.then(builtin))
    }
}

impl Default for Prices {
    /// The table of this crate.
    fn default() -> Self {
        Prices::builtin()
    }
}

/// The table of this crate, read when it is first asked.
fn builtin() -> &'static Table {
    static TABLE: OnceLock<Table> = OnceLock::new();
    TABLE.get_or_init(|| {
        // A test of this crate reads it, so that nobody has to find out here that it cannot be read.
        file::parse("the table of flowspan", BUILTIN).unwrap_or_default()
    })
}

/// The provider and the name of a model of the program's own, if both and the price can be used.
fn own<'name>(name: &'name str, price: &Price) -> Result<(&'name str, &'name str), PricesError> {
    let problem = |problem| PricesError::Model { model: name.to_owned(), problem };
    if let Some(source) = price.problem {
        return Err(PricesError::Price { model: name.to_owned(), source });
    }
    if price.rates.is_empty() {
        return Err(problem(PRICELESS));
    }
    if price.currency.as_ref().is_some_and(|label| !file::is_currency(label)) {
        return Err(problem(file::CURRENCY));
    }
    name.split_once('/')
        .filter(|(provider, model)| !provider.is_empty() && !model.is_empty())
        .ok_or_else(|| problem(NAMELESS))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn input(prices: &Prices, provider: Option<&str>, model: &str) -> Option<u64> {
        let price = prices.find(provider, model)?;
        price.cost(&flowspan_model::Usage::new().input(1)).map(crate::Money::as_pico)
    }

    #[test]
    fn the_table_of_this_crate_can_be_read_and_says_where_it_is_from() {
        let table = file::parse("builtin.toml", BUILTIN).expect("it is of the form");
        assert!(table.providers.len() > 10);
        assert!(BUILTIN.starts_with("# "), "its head is for people");
        assert!(BUILTIN.contains("Source: ") && BUILTIN.contains("In force on: 20"));
    }

    #[test]
    fn providers_of_the_convention_have_prices() {
        let prices = Prices::builtin();
        for (provider, model) in [
            ("openai", "gpt-5-mini"),
            ("azure.ai.openai", "gpt-5-mini"),
            ("anthropic", "claude-sonnet-4-5-20250929"),
            ("aws.bedrock", "anthropic.claude-sonnet-4-5-20250929-v1:0"),
            ("gcp.gemini", "gemini-2.5-pro"),
            ("gcp.vertex_ai", "gemini-2.5-flash"),
            ("mistral_ai", "mistral-large-latest"),
            ("deepseek", "deepseek-chat"),
            ("x_ai", "grok-4"),
            ("cohere", "command-r-plus"),
            ("groq", "llama-3.3-70b-versatile"),
        ] {
            assert!(prices.find(Some(provider), model).is_some(), "{provider} {model}");
        }
    }

    #[test]
    fn without_a_provider_the_maker_of_the_model_is_meant() {
        let prices = Prices::builtin();
        for (maker, model) in
            [("openai", "gpt-5-mini"), ("anthropic", "claude-sonnet-4-5"), ("google", "gemini-2.5-pro")]
        {
            assert_eq!(prices.find(None, model), prices.find(Some(maker), model), "{model}");
            assert!(prices.find(None, model).is_some(), "{model}");
        }
        assert!(prices.find(None, "llama-of-my-own").is_none());
    }

    #[test]
    fn the_file_that_the_documentation_shows_is_one() {
        let page = include_str!("../../../docs/tokens-and-cost.md");
        let (_, rest) = page.split_once("```toml\n").expect("it shows a file");
        let (file, _) = rest.split_once("```").expect("it ends");
        let prices = Prices::parse("docs/tokens-and-cost.md", file).expect("it is of the form");
        assert_eq!(input(&prices, Some("acme.cloud"), "small-1-fast"), Some(100_000));
    }

    #[test]
    fn yours_come_first_then_the_file_then_the_table() {
        let file = Prices::parse("f", "[models.openai]\ngpt-5-mini = { input = 7 }\n'gpt-5' = { input = 8 }")
            .expect("a form");
        let prices = Prices::builtin().model("openai/gpt-5-mini", Price::new().input(9.0)).or(file);
        assert_eq!(input(&prices, Some("openai"), "gpt-5-mini"), Some(9_000_000));
        assert_eq!(input(&prices, Some("openai"), "gpt-5"), Some(8_000_000));
        assert!(input(&prices, Some("openai"), "gpt-4o").is_some());
        let said_twice = prices.model("OpenAI/GPT-5-Mini", Price::new().input(1.0));
        assert_eq!(input(&said_twice, Some("openai"), "gpt-5-mini"), Some(1_000_000));
    }

    #[test]
    fn a_star_is_any_provider_or_any_model() {
        let prices = Prices::none()
            .model("*/large", Price::new().input(1.0))
            .model("acme/*", Price::new().input(2.0))
            .model("acme/large-*", Price::new().input(3.0));
        assert_eq!(input(&prices, Some("whoever"), "large"), Some(1_000_000));
        assert_eq!(input(&prices, None, "large"), Some(1_000_000));
        assert_eq!(input(&prices, Some("acme"), "small"), Some(2_000_000));
        assert_eq!(input(&prices, Some("acme"), "acme/large-2"), Some(3_000_000));
        assert_eq!(input(&prices, Some("whoever"), "small"), None);
    }

    #[test]
    fn what_cannot_be_used_is_an_error_that_names_the_model() {
        for (name, price, said) in [
            ("acme/large", Price::new().input(f64::NAN), "not a number"),
            ("acme/large", Price::new().output(-1.0), "less than zero"),
            ("acme/large", Price::new().above(5, Price::new().input(f64::INFINITY)), "not a number"),
            ("acme/large", Price::new(), "no price"),
            ("large", Price::new().input(1.0), "provider/model"),
            ("/large", Price::new().input(1.0), "provider/model"),
            ("acme/large", Price::new().input(1.0).currency(""), "currency"),
        ] {
            let error = Prices::none().model(name, price).check().expect_err("it cannot be used");
            let source = std::error::Error::source(&*error).map(ToString::to_string).unwrap_or_default();
            let text = format!("{error}: {source}");
            assert!(text.contains(said) && text.contains(name), "{text}");
        }
    }
}
