//! One table of prices: the built-in one, a file, or what a program says.

use std::{collections::HashMap, sync::Arc};

use crate::{
    Price,
    name::{Pattern, without_date},
};

/// The provider of models that cost the same wherever they are served.
pub(crate) const ANY: &str = "*";

/// Prices by provider and model. All names are in small letters.
#[derive(Clone, Debug, Default)]
pub(crate) struct Table {
    pub(crate) providers: HashMap<String, Provider>,
    models: HashMap<String, Models>,
}

/// How a provider is known.
#[derive(Clone, Debug, Default)]
pub(crate) struct Provider {
    /// Its other names.
    pub(crate) also: Vec<String>,
    /// Whose models it serves at their prices.
    pub(crate) serves: Vec<String>,
    /// How the models are called that are its own, for calls that name no provider.
    pub(crate) makes: Vec<Pattern>,
}

#[derive(Clone, Debug, Default)]
struct Models {
    named: HashMap<String, Arc<Price>>,
    alike: Vec<(Pattern, Arc<Price>)>,
}

impl Table {
    /// Adds the price of a model, or of all whose names are like this.
    pub(crate) fn add(&mut self, provider: &str, model: &str, price: Arc<Price>) {
        let models = self.models.entry(provider.to_lowercase()).or_default();
        let model = model.to_lowercase();
        let pattern = Pattern::new(&model);
        if pattern.is_name() {
            models.named.insert(model, price);
        } else {
            models.alike.push((pattern, price));
        }
    }

    /// The price of a model of this provider; both in small letters.
    pub(crate) fn find(&self, provider: &str, model: &str) -> Option<&Arc<Price>> {
        let models = self.models.get(provider)?;
        // Gateways put the provider before the model.
        let bare = model.strip_prefix(provider).and_then(|rest| rest.strip_prefix('/'));
        [Some(model), bare].into_iter().flatten().find_map(|model| models.find(model))
    }
}

impl Models {
    /// A name that is known wins over one that is alike; of those, the one that fixes most of the name.
    fn find(&self, model: &str) -> Option<&Arc<Price>> {
        let named = |model| self.named.get(model);
        let alike = || {
            let matching = self.alike.iter().filter(|(pattern, _)| pattern.matches(model));
            matching.max_by_key(|(pattern, _)| pattern.precision()).map(|(_, price)| price)
        };
        named(model).or_else(|| without_date(model).and_then(named)).or_else(alike)
    }
}
