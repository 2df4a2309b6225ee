//! A program with two added lines.

use std::{
    collections::BTreeMap,
    io::{Read, Write},
    net::TcpStream,
    time::Duration,
};

use flowspan::{Engine, Environment, Flowspan, Reporter, Telemetry, prelude::*};
use opentelemetry::Value;
use opentelemetry_sdk::trace::{InMemorySpanExporter, SpanData};
use tracing::dispatcher::DefaultGuard;

use crate::Ledger;

/// The telemetry of a program, local to the test's thread.
pub struct Program {
    spans: InMemorySpanExporter,
    telemetry: Telemetry,
    _default: Option<DefaultGuard>,
}

impl Program {
    /// Telemetry of this thread alone.
    pub fn new(engine: Engine) -> Self {
        let spans = InMemorySpanExporter::default();
        let telemetry = builder(engine, &spans).build().expect("it builds");
        let default = Some(telemetry.set_default());
        Program { spans, telemetry, _default: default }
    }

    /// Telemetry of the whole process, once.
    pub fn installed(engine: Engine) -> Self {
        let spans = InMemorySpanExporter::default();
        let telemetry = builder(engine, &spans).install().expect("it is the first");
        Program { spans, telemetry, _default: None }
    }

    /// The spans that have ended.
    pub fn spans(&self) -> Vec<SpanData> {
        self.telemetry.flush(Duration::from_secs(10));
        self.spans.get_finished_spans().expect("the exporter is alive")
    }

    /// The spans of this name.
    pub fn named(&self, name: &str) -> Vec<SpanData> {
        let spans = self.spans();
        let names: Vec<_> = spans.iter().map(|span| span.name.to_string()).collect();
        let named: Vec<_> = spans.into_iter().filter(|span| span.name == name).collect();
        assert!(!named.is_empty(), "no span {name:?} among {names:?}");
        named
    }

    /// The samples of `/metrics`, by series.
    pub fn metrics(&self) -> BTreeMap<String, f64> {
        let address = self.telemetry.metrics_address().expect("it serves");
        let mut stream = TcpStream::connect(address).expect("it listens");
        write!(stream, "GET /metrics HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n").expect("it reads");
        let mut page = String::new();
        stream.read_to_string(&mut page).expect("it answers");
        let samples = page.lines().filter(|line| !line.starts_with('#'));
        samples
            .filter_map(|line| line.rsplit_once(' '))
            .filter_map(|(series, value)| Some((series.to_owned(), value.parse().ok()?)))
            .collect()
    }

    /// The sum of all series of a metric whose labels contain these texts.
    pub fn sum(&self, metric: &str, labels: &[&str]) -> f64 {
        let prefix = format!("{metric}{{");
        let is_one =
            |series: &str| series.starts_with(&prefix) && labels.iter().all(|label| series.contains(label));
        self.metrics().iter().filter(|(series, _)| is_one(series)).map(|(_, value)| value).sum()
    }

    /// The tokens on `/metrics`, as far as a ledger knows them.
    pub fn tokens(&self) -> [u64; 5] {
        ["input", "output", "cache_read", "cache_write", "reasoning"].map(|token_type| {
            let label = format!(r#"token_type="{token_type}""#);
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "they are counts")]
            let tokens = self.sum("flowspan_llm_tokens_total", &[&label]) as u64;
            tokens
        })
    }

    /// All that left the program, as one text.
    pub fn everything(&self) -> String {
        format!("{:?}{:?}", self.spans(), self.metrics())
    }
}

fn builder(engine: Engine, spans: &InMemorySpanExporter) -> flowspan::Builder {
    Flowspan::builder("program")
        .environment(Environment::empty())
        .console(Console::off())
        .reporter(Reporter::silent())
        .engine(engine)
        .span_exporter("memory", spans.clone())
        .prometheus(Prometheus::on(([127, 0, 0, 1], 0)))
}

impl Ledger {
    /// The tokens, in the order of [`Program::tokens`].
    pub fn tokens(&self) -> [u64; 5] {
        [self.input, self.output, self.cache_read, self.cache_write, self.reasoning]
    }
}

/// The value of an attribute, as a text.
pub fn attribute(span: &SpanData, key: &str) -> Option<String> {
    let value = |value: &Value| value.as_str().into_owned();
    span.attributes.iter().find(|kv| kv.key.as_str() == key).map(|kv| value(&kv.value))
}
