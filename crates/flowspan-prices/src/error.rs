//! Why prices cannot be used.

use std::{io, path::PathBuf};

use crate::PriceProblem;

/// Prices that cannot be used. Nothing of them is.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PricesError {
    /// The file cannot be read.
    #[error("cannot read the prices in {}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// What stands in the file has not the form of [`file`](mod@crate::file). The source says where.
    #[error("the prices in {place} have not the form of docs/tokens-and-cost.md")]
    Form {
        /// The file.
        place: String,
        /// Where in the file, and what was expected there.
        source: Box<toml::de::Error>,
    },
    /// A model has a price that is none.
    #[error("the model {model:?} has no usable price")]
    Price {
        /// The model, with its provider.
        model: String,
        /// What is wrong.
        source: PriceProblem,
    },
    /// A model has no price, or a name that nobody can mean.
    #[error("{model:?} {problem}")]
    Model {
        /// The model, with its provider.
        model: String,
        /// What is wrong, and what is accepted.
        problem: &'static str,
    },
}
