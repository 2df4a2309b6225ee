//! Questions that tests put to the parts, with typed answers.

pub(crate) mod jaeger;
pub(crate) mod prometheus;
