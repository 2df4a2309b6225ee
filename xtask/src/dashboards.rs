//! `cargo xtask dashboards`: the dashboards and alerts for a program of one's own.

use clap::{Args, ValueEnum};
use flowspan_dashboards::{Semconv, Settings};
use flowspan_model::catalog::{NAMESPACE_FORM, is_namespace};

use crate::{error::XtaskError, generate};

#[derive(Debug, Args)]
pub(crate) struct DashboardArgs {
    /// The namespace of the metrics, as it is given to the builder.
    #[arg(long, value_name = "NS", default_value = "flowspan", value_parser = namespace)]
    namespace: String,
    /// Which generation of the GenAI conventions the program speaks.
    #[arg(long, value_enum, default_value_t = Generation::Latest)]
    semconv: Generation,
    /// The directory that the files are written to.
    #[arg(long, value_name = "DIR", default_value = generate::DASHBOARDS)]
    out: String,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Generation {
    /// The names of today.
    Latest,
    /// The names of the general conventions, release 1.41.
    #[value(name = "v1.41")]
    V1_41,
    /// Panels for both.
    Both,
}

pub(crate) fn run(arguments: DashboardArgs) -> Result<(), XtaskError> {
    let semconv = match arguments.semconv {
        Generation::Latest => Semconv::Latest,
        Generation::V1_41 => Semconv::V1_41,
        Generation::Both => Semconv::Both,
    };
    generate::run_dashboards(&Settings { namespace: arguments.namespace, semconv }, &arguments.out)
}

fn namespace(text: &str) -> Result<String, String> {
    if is_namespace(text) { Ok(text.to_owned()) } else { Err(format!("expected {NAMESPACE_FORM}")) }
}
