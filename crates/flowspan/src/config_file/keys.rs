//! The keys of the file: one table for the reading, the errors and the documentation.

use std::fmt::Write as _;

/// A setting of the file.
pub(crate) struct Key {
    /// Its name, with those of its sections.
    pub(crate) path: &'static str,
    /// The variable that says the same.
    pub(crate) variable: &'static str,
    /// How it is written in the file.
    pub(crate) form: Form,
    /// What it holds, for people.
    pub(crate) holds: &'static str,
}

/// How a setting is written in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// A text, a number or a truth value.
    One,
    /// An array of texts, or one text.
    List,
    /// A table of texts.
    Table,
}

impl Form {
    /// What is accepted, for people.
    pub(crate) const fn accepted(self) -> &'static str {
        match self {
            Form::One => "a text, a number, `true` or `false`",
            Form::List => "an array of texts",
            Form::Table => "a table of texts",
        }
    }
}

const fn one(path: &'static str, variable: &'static str, holds: &'static str) -> Key {
    Key { path, variable, form: Form::One, holds }
}

const fn list(path: &'static str, variable: &'static str, holds: &'static str) -> Key {
    Key { path, variable, form: Form::List, holds }
}

const fn table(path: &'static str, variable: &'static str, holds: &'static str) -> Key {
    Key { path, variable, form: Form::Table, holds }
}

/// Every key, in the order of the documentation.
#[rustfmt::skip]
pub(crate) const KEYS: &[Key] = &[
    one("disabled", "OTEL_SDK_DISABLED", "whether all telemetry is off"),
    one("service_name", "OTEL_SERVICE_NAME", "name of the program, with `Flowspan::from_env`"),
    one("namespace", "FLOWSPAN_NAMESPACE", "prefix of the names of metrics"),
    one("names", "FLOWSPAN_NAMES", "`prodigy`, `clutch`, `crew` or `m31a`: names of an older system"),
    list("semconv", "OTEL_SEMCONV_STABILITY_OPT_IN", "`gen_ai_latest_experimental`, `gen_ai/1.41` or `gen_ai/dup`: generation of the GenAI convention"),
    one("prices", "FLOWSPAN_PRICES", "file of prices of models"),
    one("sampler", "OTEL_TRACES_SAMPLER", "which runs become traces"),
    one("sampler_ratio", "OTEL_TRACES_SAMPLER_ARG", "from 0 to 1"),
    list("propagators", "OTEL_PROPAGATORS", "`tracecontext`, `baggage` or `none`"),
    table("labels", "FLOWSPAN_LABELS", "labels of every series"),
    table("resource", "OTEL_RESOURCE_ATTRIBUTES", "attributes that all signals share"),
    one("span_limits.attributes", "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "number on one span"),
    one("span_limits.events", "OTEL_SPAN_EVENT_COUNT_LIMIT", "number on one span"),
    one("span_limits.links", "OTEL_SPAN_LINK_COUNT_LIMIT", "number on one span"),
    one("content.level", "FLOWSPAN_CONTENT", "`off`, `sizes`, `redacted` or `full`"),
    one("content.capture", "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", "`NO_CONTENT`, `SPAN_ONLY`, `EVENT_ONLY` or `SPAN_AND_EVENT`: where content stands"),
    one("content.limit", "FLOWSPAN_CONTENT_LIMIT", "bytes that are shown of one value"),
    one("console.output", "FLOWSPAN_CONSOLE", "`off`, `lines` or `tree`"),
    one("console.filter", "RUST_LOG", "which log lines are shown"),

    one("metrics.enabled", "FLOWSPAN_METRICS_ENABLED", "whether `/metrics` is served"),
    one("metrics.port", "OTEL_EXPORTER_PROMETHEUS_PORT", "port of `/metrics`; 0 takes a free one"),
    one("metrics.bind_address", "OTEL_EXPORTER_PROMETHEUS_HOST", "address of `/metrics`"),

    one("metrics.postgres.enabled", "FLOWSPAN_POSTGRES_ENABLED", "whether events are stored"),
    one("metrics.postgres.connection_string", "FLOWSPAN_POSTGRES_URL", "URL of the database; never shown"),
    one("metrics.postgres.schema", "FLOWSPAN_POSTGRES_SCHEMA", "schema of the tables"),
    one("metrics.postgres.batch_size", "FLOWSPAN_POSTGRES_BATCH_SIZE", "number of events"),
    one("metrics.postgres.flush_interval_ms", "FLOWSPAN_POSTGRES_FLUSH_INTERVAL", "milliseconds"),
    one("metrics.postgres.queue_capacity", "FLOWSPAN_POSTGRES_QUEUE_CAPACITY", "number of events"),
    one("metrics.postgres.queue_bytes", "FLOWSPAN_POSTGRES_QUEUE_BYTES", "bytes"),
    one("metrics.postgres.timeout_ms", "FLOWSPAN_POSTGRES_TIMEOUT", "milliseconds"),
    one("metrics.postgres.text_limit", "FLOWSPAN_POSTGRES_TEXT_LIMIT", "bytes"),
    one("metrics.postgres.migrate", "FLOWSPAN_POSTGRES_MIGRATE", "whether tables are made at the start"),

    one("otlp.enabled", "FLOWSPAN_OTLP_ENABLED", "whether traces, metrics and logs are pushed"),
    one("otlp.endpoint", "OTEL_EXPORTER_OTLP_ENDPOINT", "URL of the collector"),
    one("otlp.protocol", "OTEL_EXPORTER_OTLP_PROTOCOL", "`grpc` or `http/protobuf`"),
    table("otlp.headers", "OTEL_EXPORTER_OTLP_HEADERS", "headers of every request; never shown"),
    one("otlp.timeout_ms", "OTEL_EXPORTER_OTLP_TIMEOUT", "milliseconds"),
    one("otlp.compression", "OTEL_EXPORTER_OTLP_COMPRESSION", "`gzip` or `none`"),
    one("otlp.certificate", "OTEL_EXPORTER_OTLP_CERTIFICATE", "PEM file"),
    one("otlp.client_certificate", "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", "PEM file"),
    one("otlp.client_key", "OTEL_EXPORTER_OTLP_CLIENT_KEY", "PEM file"),
    one("otlp.metric_interval_ms", "OTEL_METRIC_EXPORT_INTERVAL", "milliseconds"),
    one("otlp.metric_temporality", "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", "`cumulative`, `delta` or `lowmemory`"),
    one("otlp.span_queue_capacity", "OTEL_BSP_MAX_QUEUE_SIZE", "number of spans"),
    one("otlp.span_batch_size", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "number of spans"),
    one("otlp.span_delay_ms", "OTEL_BSP_SCHEDULE_DELAY", "milliseconds"),
    one("otlp.log_queue_capacity", "OTEL_BLRP_MAX_QUEUE_SIZE", "number of log records"),
    one("otlp.log_batch_size", "OTEL_BLRP_MAX_EXPORT_BATCH_SIZE", "number of log records"),
    one("otlp.log_delay_ms", "OTEL_BLRP_SCHEDULE_DELAY", "milliseconds"),

    one("statsd.enabled", "FLOWSPAN_STATSD_ENABLED", "whether measurements are pushed"),
    one("statsd.server", "FLOWSPAN_STATSD", "`host:port`, or the path of a Unix socket"),
    one("statsd.dialect", "FLOWSPAN_STATSD_DIALECT", "`plain`, `dogstatsd` or `influx`"),
    one("statsd.labels", "FLOWSPAN_STATSD_LABELS", "of `plain`: `fold` or `drop`"),
    one("statsd.histograms", "FLOWSPAN_STATSD_HISTOGRAMS", "of `dogstatsd`: `histogram` or `distribution`"),
    one("statsd.sample_histograms", "FLOWSPAN_STATSD_SAMPLE_HISTOGRAMS", "more than 0, at most 1"),
    one("statsd.datagram_size", "FLOWSPAN_STATSD_DATAGRAM_SIZE", "bytes, from 64 to 65507"),
    one("statsd.queue_capacity", "FLOWSPAN_STATSD_QUEUE_CAPACITY", "number of measurements"),
    one("statsd.delay_ms", "FLOWSPAN_STATSD_DELAY", "milliseconds"),

    one("session.enabled", "FLOWSPAN_SESSION_ENABLED", "whether a session is kept"),
    one("session.file", "FLOWSPAN_SESSION_FILE", "path"),
    one("session.id", "FLOWSPAN_SESSION_ID", "name of the session"),
    one("session.interval_ms", "FLOWSPAN_SESSION_INTERVAL", "milliseconds"),
    one("session.resume", "FLOWSPAN_SESSION_RESUME", "whether it goes on with what the file holds"),

    one("events.enabled", "FLOWSPAN_EVENTS_ENABLED", "whether events are written"),
    one("events.file", "FLOWSPAN_EVENTS_FILE", "path"),
    one("events.rotate_bytes", "FLOWSPAN_EVENTS_ROTATE_BYTES", "bytes"),
    one("events.rotate_after_ms", "FLOWSPAN_EVENTS_ROTATE_AFTER", "milliseconds"),
    one("events.keep_files", "FLOWSPAN_EVENTS_KEEP_FILES", "number of earlier files"),
    one("events.keep_bytes", "FLOWSPAN_EVENTS_KEEP_BYTES", "bytes"),
    one("events.compress", "FLOWSPAN_EVENTS_COMPRESS", "whether earlier files are compressed"),
    one("events.queue_capacity", "FLOWSPAN_EVENTS_QUEUE_CAPACITY", "number of events"),
    one("events.delay_ms", "FLOWSPAN_EVENTS_DELAY", "milliseconds"),
];

/// Words that people may look for, and what they are called here.
const OTHER_WORDS: &[(&str, &str)] = &[
    ("jsonl", "events"),
    ("postgres.url", "metrics.postgres.connection_string"),
    ("prometheus", "metrics"),
    ("prometheus.host", "metrics.bind_address"),
    ("prometheus.port", "metrics.port"),
];

/// The key of this path.
pub(crate) fn key(path: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.path == path)
}

/// Whether there are keys below this path.
pub(crate) fn is_section(path: &str) -> bool {
    KEYS.iter().any(|key| key.path.strip_prefix(path).is_some_and(|rest| rest.starts_with('.')))
}

/// The keys of a section, without those of the sections in it.
pub(crate) fn of_section(section: &str) -> impl Iterator<Item = &'static Key> {
    KEYS.iter().filter(move |key| key.path.rsplit_once('.').is_some_and(|(of, _)| of == section))
}

/// The key or section that is most like this path, which is none.
pub(crate) fn nearest(path: &str) -> &'static str {
    let sections = KEYS.iter().filter_map(|key| Some(key.path.rsplit_once('.')?.0));
    let known = KEYS.iter().map(|key| key.path).chain(sections).map(|known| (known, known));
    let likeness = |known: &str| {
        // Whoever forgot the outer section, or added one, still meant this key.
        let whole = strsim::normalized_damerau_levenshtein(path, known);
        let inner = suffixes(known).chain(suffixes(path)).filter(|inner| inner.contains('.'));
        inner
            .map(|inner| {
                let other = if known.ends_with(inner) { path } else { known };
                strsim::normalized_damerau_levenshtein(inner, other) * 0.99
            })
            .fold(whole, f64::max)
    };
    OTHER_WORDS
        .iter()
        .copied()
        .chain(known)
        .map(|(word, meant)| (likeness(word), meant))
        .fold((f64::NEG_INFINITY, ""), |best, next| if next.0 > best.0 { next } else { best })
        .1
}

/// `a.b.c`: `b.c` and `c`.
fn suffixes(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('.').map(|(dot, _)| &path[dot + 1..])
}

/// The table of the documentation.
pub(super) fn page() -> String {
    let mut page = String::from("| key | holds | variable |\n|---|---|---|\n");
    for Key { path, variable, form, holds } in KEYS {
        let written = match form {
            Form::One => "",
            Form::List => "array: ",
            Form::Table => "table: ",
        };
        let _ = writeln!(page, "| `{path}` | {written}{holds} | `{variable}` |");
    }
    page
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use flowspan_runtime::Environment;

    use super::*;
    use crate::ConfigFile;

    #[test]
    fn every_key_and_every_variable_stands_once() {
        let paths: BTreeSet<_> = KEYS.iter().map(|key| key.path).collect();
        let variables: BTreeSet<_> = KEYS.iter().map(|key| key.variable).collect();
        assert_eq!((paths.len(), variables.len()), (KEYS.len(), KEYS.len()));
        assert!(KEYS.iter().all(|key| !is_section(key.path)), "a key is no section");
        assert!(OTHER_WORDS.iter().all(|(_, meant)| key(meant).is_some() || is_section(meant)));
    }

    #[test]
    fn the_nearest_key_is_what_was_meant() {
        for (path, meant) in [
            ("metrics.prot", "metrics.port"),
            ("metric.port", "metrics.port"),
            ("statd.server", "statsd.server"),
            ("metrics.statsd.server", "statsd.server"),
            ("postgres.batch_size", "metrics.postgres.batch_size"),
            ("metrics.postgres.flush_interval", "metrics.postgres.flush_interval_ms"),
            ("name_space", "namespace"),
            ("event.file", "events.file"),
            ("prometheus", "metrics"),
            ("prometheus.port", "metrics.port"),
        ] {
            assert_eq!(nearest(path), meant, "{path}");
        }
    }

    const DOCUMENTED: &str = include_str!("../../../../docs/configuration.md");

    #[test]
    fn the_file_that_the_page_shows_is_one() {
        let (_, rest) = DOCUMENTED.split_once("```toml\n").expect("it shows a file");
        let (file, _) = rest.split_once("```").expect("it ends");
        let file = ConfigFile::parse("docs/configuration.md", file).expect("it is of the form");
        let port = file.beneath(Environment::empty()).get("OTEL_EXPORTER_PROMETHEUS_PORT").map(str::to_owned);
        assert_eq!(port.as_deref(), Some("9464"));
    }

    #[test]
    fn the_page_shows_every_key() {
        assert!(DOCUMENTED.contains(&page()), "put this into docs/configuration.md:\n\n{}", page());
    }
}
