//! What model calls cost: a dated table of prices, prices of your own, and exact arithmetic.
//!
//! [`Prices`] finds the [`Price`] of a model of a provider, and a price says what the tokens of one call
//! cost, as [`Money`]. What is not known has no cost, which is not the same as a cost of zero.
//!
//! ```
//! use flowspan_model::Usage;
//! use flowspan_prices::{Price, Prices};
//!
//! let prices = Prices::builtin()
//!     .model("acme/large-2", Price::new().input(0.5).output(2.0).currency("EUR"));
//!
//! let price = prices.find(Some("acme"), "large-2").expect("it is one of ours");
//! let cost = price.cost(&Usage::new().input(1_000_000).output(1_000)).expect("all of it is priced");
//! assert_eq!((cost.as_f64(), price.currency_label()), (0.502, "EUR"));
//!
//! assert!(prices.find(Some("acme"), "small-1").is_none());
//! ```
//!
//! # How it is counted
//!
//! Prices are numbers per million tokens, as providers state them. Inside they are whole numbers of
//! millionths of a millionth of the currency per token, so a price may have six decimals; a call is a sum
//! of whole numbers, and becomes a float once, at its end. Sums over calls are exact as long as they are
//! sums of [`Money`].
//!
//! # Where the prices come from
//!
//! The table of this crate says in its head which source it was made of, and when. It has the prices that
//! were in force on that day, of the standard service tier: discounts of batches, surcharges of fast
//! lanes and of searches in the web, and prices that change with the hour are not in it. A [file](mod@file)
//! of yours extends and overrides it.

mod error;
pub mod file;
mod money;
mod name;
mod price;
mod prices;
mod rate;
mod table;

pub use error::PricesError;
pub use money::Money;
pub use price::Price;
pub use prices::Prices;
pub use rate::{MAX_PRICE, PriceProblem};
