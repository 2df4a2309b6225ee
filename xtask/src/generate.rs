//! `cargo xtask generate`: everything that is made from the tables of the vocabulary.

use std::fs;

use flowspan_model::reference::{metrics_page, vocabulary_page};

use crate::error::XtaskError;

/// The namespace of the documentation, which is the default of the builder.
const NAMESPACE: &str = "flowspan";

/// What is generated: the path, and what stands there.
fn pages() -> [(&'static str, String); 2] {
    [("docs/metrics-reference.md", metrics_page(NAMESPACE)), ("docs/vocabulary.md", vocabulary_page())]
}

/// Writes all of it.
pub(crate) fn run() -> Result<(), XtaskError> {
    for (path, page) in pages() {
        fs::write(path, page).map_err(|source| XtaskError::Unwritable { path: path.to_owned(), source })?;
        println!("{path}");
    }
    Ok(())
}

/// Fails if something that is generated differs from what the tables say now.
pub(crate) fn check() -> Result<(), XtaskError> {
    let stale: Vec<_> = pages()
        .into_iter()
        .filter(|(path, page)| fs::read_to_string(path).ok().as_ref() != Some(page))
        .map(|(path, _)| path)
        .collect();
    if stale.is_empty() { Ok(()) } else { Err(XtaskError::Stale { paths: stale }) }
}
