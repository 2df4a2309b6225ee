//! Everything that stands below `dashboards/`, as files.

use crate::{Namespace, QueryError, Semconv, alerting, boards, grafana};

/// For whom the files are made.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The namespace of the program's metrics. Default: that of the builder, `flowspan`.
    pub namespace: String,
    /// The generation of the GenAI conventions. Default: the latest.
    pub semconv: Semconv,
}

impl Default for Settings {
    fn default() -> Self {
        Self { namespace: "flowspan".to_owned(), semconv: Semconv::default() }
    }
}

/// A file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Its path below the directory of the dashboards.
    pub path: String,
    /// What stands in it.
    pub text: String,
}

/// All files.
///
/// # Errors
///
/// [`QueryError`] if a query names something that does not exist.
pub fn files(settings: &Settings) -> Result<Vec<File>, QueryError> {
    let mut files = boards(settings.semconv)
        .iter()
        .map(|board| {
            let json = grafana::dashboard(board, &settings.namespace)?;
            Ok(File { path: format!("{}.json", board.uid), text: format!("{json:#}\n") })
        })
        .collect::<Result<Vec<_>, QueryError>>()?;
    let namespace = Namespace::Fixed(&settings.namespace);
    for (path, text) in [
        ("alerts/flowspan-alerts.yaml", alerting::alerting_rules(namespace)?),
        ("alerts/flowspan-recordings.yaml", alerting::recording_rules(namespace)?),
        ("provisioning/alerting/flowspan.yaml", alerting::provisioned(namespace)?),
    ] {
        let head = "# Made by `cargo xtask dashboards`; do not edit.\n\n";
        files.push(File { path: path.to_owned(), text: head.to_owned() + &text });
    }
    Ok(files)
}
