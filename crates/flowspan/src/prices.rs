//! What model calls cost.

use flowspan_layer::Prices;
use flowspan_runtime::{Environment, SettingError};

use crate::{BuildError, Builder};

/// Names the file of prices.
const VARIABLE: &str = "FLOWSPAN_PRICES";

impl Builder {
    /// The prices of models, by which the cost of a call is known that nobody reports. They win over those
    /// in the file that `FLOWSPAN_PRICES` names, and these over the built-in table. Default: the built-in
    /// table.
    ///
    /// ```
    /// use flowspan::{Flowspan, Price, Prices};
    ///
    /// let ours = Price::new().input(0.5).output(2.0).currency("EUR");
    /// let builder = Flowspan::builder("bot").prices(Prices::builtin().model("acme/large-2", ours));
    /// # drop(builder);
    /// ```
    ///
    /// With [`Prices::none`] and without the variable, only costs that are reported are known, and no
    /// model counts as unpriced. A price that cannot be used is an error of `build` and `install`.
    pub fn prices(mut self, prices: Prices) -> Self {
        self.prices = prices;
        self
    }
}

/// All prices that hold.
pub(crate) fn resolve(explicit: Prices, environment: &Environment) -> Result<Prices, BuildError> {
    explicit.check()?;
    let Some(path) = environment.get(VARIABLE) else { return Ok(explicit) };
    let file = Prices::read(path).map_err(|error| {
        let accepted = "the path of a file of prices in TOML, as docs/tokens-and-cost.md describes it";
        SettingError::new(VARIABLE, path, accepted).because(error)
    })?;
    Ok(explicit.or(file))
}
