//! The arguments of an import.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use flowspan::clap::TelemetryArgs;

use crate::demo::SummaryFormat;
use crate::duration;

/// Reads files of events, flowspan's own and Prodigy's logs, and feeds them to any output.
///
/// Spans keep their times and identifiers, and an event that is stored already is not stored again.
#[derive(Clone, Debug, Args)]
pub struct ImportArgs {
    /// Files, compressed by gzip or not, directories, or - for standard input.
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,

    /// Go on with what is added to the files, until Ctrl-C; files that are renamed are followed.
    #[arg(long, conflicts_with = "keep_open")]
    pub follow: bool,

    /// How long /metrics is served after the import, such as 30s or 5m [default: not at all].
    #[arg(long, value_name = "DURATION", value_parser = duration::parse)]
    pub keep_open: Option<Duration>,

    /// Where is kept how far the files have been read, so that the next import goes on there.
    #[arg(long, value_name = "FILE")]
    pub positions: Option<PathBuf>,

    /// Where lines of unknown types are kept, as they are [default: they are counted].
    #[arg(long, value_name = "FILE")]
    pub unknown: Option<PathBuf>,

    /// How many bad lines and files are told one by one; the others are counted.
    #[arg(long, value_name = "NUMBER", default_value_t = 20)]
    pub max_problems: u64,

    /// The name of the service that the events are from.
    #[arg(long, value_name = "NAME", default_value = "flowspan-import")]
    pub service: String,

    /// The form of the summary on stdout.
    #[arg(long, value_enum, default_value_t = SummaryFormat::Text)]
    pub summary: SummaryFormat,

    /// Where telemetry goes.
    #[command(flatten)]
    pub telemetry: TelemetryArgs,
}
