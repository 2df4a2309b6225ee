//! What becomes of the spans of other crates. They are made here in exactly the forms in which those
//! crates make them; the crates themselves run in `tests/dialects` of the repository.

#[path = "../support/mod.rs"]
#[macro_use]
mod support;

mod anybody;
mod content;
mod crates;
mod hostile;
mod own;
