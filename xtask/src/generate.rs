//! `cargo xtask generate`: everything that is made from the tables of the vocabulary.

use std::{fs, path::Path};

use flowspan_dashboards::{Settings, files};
use flowspan_model::reference::{metrics_page, vocabulary_page};

use crate::error::XtaskError;

/// The namespace of the documentation, which is the default of the builder.
const NAMESPACE: &str = "flowspan";
/// Where the dashboards are.
pub(crate) const DASHBOARDS: &str = "dashboards";

/// What is generated: the path, and what stands there.
fn pages() -> Result<Vec<(String, String)>, XtaskError> {
    let mut pages = vec![
        ("docs/metrics-reference.md".to_owned(), metrics_page(NAMESPACE)),
        ("docs/vocabulary.md".to_owned(), vocabulary_page()),
    ];
    pages.extend(dashboards(&Settings::default(), DASHBOARDS)?);
    Ok(pages)
}

/// The dashboards and alerts below this directory.
fn dashboards(settings: &Settings, directory: &str) -> Result<Vec<(String, String)>, XtaskError> {
    let files = files(settings).map_err(XtaskError::Query)?;
    Ok(files.into_iter().map(|file| (format!("{directory}/{}", file.path), file.text)).collect())
}

/// Writes all of it.
pub(crate) fn run() -> Result<(), XtaskError> {
    write(pages()?)
}

/// Writes the dashboards and alerts for a program of one's own.
pub(crate) fn run_dashboards(settings: &Settings, directory: &str) -> Result<(), XtaskError> {
    write(dashboards(settings, directory)?)
}

fn write(pages: Vec<(String, String)>) -> Result<(), XtaskError> {
    for (path, page) in pages {
        let parent = Path::new(&path).parent().unwrap_or(Path::new("."));
        fs::create_dir_all(parent)
            .and_then(|()| fs::write(&path, page))
            .map_err(|source| XtaskError::Unwritable { path: path.clone(), source })?;
        println!("{path}");
    }
    Ok(())
}

/// Fails if something that is generated differs from what the tables say now.
pub(crate) fn check() -> Result<(), XtaskError> {
    let stale: Vec<_> = pages()?
        .into_iter()
        .filter(|(path, page)| fs::read_to_string(path).ok().as_ref() != Some(page))
        .map(|(path, _)| path)
        .collect();
    if stale.is_empty() { Ok(()) } else { Err(XtaskError::Stale { paths: stale }) }
}
