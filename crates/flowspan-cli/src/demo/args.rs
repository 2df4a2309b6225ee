//! The arguments of `flowspan demo`.

use std::num::NonZeroU16;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use flowspan::clap::TelemetryArgs;

use super::summary::SummaryFormat;
use crate::duration;
use crate::model_client::ModelEndpoint;

/// Audits a code base with an agent per file, and shows what telemetry of that looks like.
///
/// Without further arguments it needs nothing: the model is a small server inside this program that
/// fails now and then, as real ones do. Metrics are served at http://127.0.0.1:9464/metrics; add
/// --otlp-endpoint http://127.0.0.1:4317 to find the same run in Jaeger.
#[derive(Clone, Debug, Args)]
pub struct DemoArgs {
    /// What to audit: a directory or a file.
    #[arg(default_value = ".")]
    pub path: PathBuf,

    /// Write the audit to this file, as Markdown.
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,

    /// Ask this OpenAI-compatible service instead of the embedded one; its key is read from
    /// OPENAI_API_KEY.
    #[arg(long, value_name = "URL", requires = "model")]
    pub model_url: Option<ModelEndpoint>,

    /// The model to ask for.
    #[arg(long, value_name = "NAME")]
    pub model: Option<String>,

    /// How many files are worked on at once.
    #[arg(long, value_name = "N", default_value = "8")]
    pub concurrency: NonZeroU16,

    /// Decides when the embedded model fails; the same seed, the same failures.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,

    /// How long the model may be silent before a call is given up, such as 30s [default: 5s, with
    /// --model-url 2m].
    #[arg(long, value_name = "DURATION", value_parser = duration::parse)]
    pub call_timeout: Option<Duration>,

    /// Where the progress is kept, so that a run that was broken off can be resumed [default: a
    /// temporary file, which is removed when the run succeeds].
    #[arg(long, value_name = "FILE")]
    pub checkpoint: Option<PathBuf>,

    /// Work on the files in the dead-letter queue again, each time after this long, such as 30s, until
    /// none is left. Mend them meanwhile, or end it with Ctrl-C [default: not at all].
    #[arg(long, value_name = "DURATION", value_parser = duration::parse_some)]
    pub retry_dead_letters: Option<Duration>,

    /// Let another agent review the audit: a command for the shell, such as "claude -p
    /// --output-format stream-json --verbose 'weigh these findings'". It reads the audit, it is part of
    /// the trace, and what it prints is observed.
    #[arg(long, value_name = "COMMAND")]
    pub review_with: Option<String>,

    /// How long /metrics is served after the run, such as 30s or 5m [default: until Ctrl-C on a
    /// terminal, otherwise not at all].
    #[arg(long, value_name = "DURATION", value_parser = duration::parse)]
    pub keep_open: Option<Duration>,

    /// The form of the summary on stdout.
    #[arg(long, value_enum, default_value_t = SummaryFormat::Text)]
    pub summary: SummaryFormat,

    /// Switch all telemetry off, to measure what it costs.
    #[arg(long)]
    pub no_telemetry: bool,

    /// Where telemetry goes.
    #[command(flatten)]
    pub telemetry: TelemetryArgs,
}
