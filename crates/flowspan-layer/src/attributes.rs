//! What attributes say in words.

use opentelemetry::trace::SpanKind;

/// The word for the kind of a span.
pub(crate) const fn word_of(kind: &SpanKind) -> &'static str {
    match kind {
        SpanKind::Client => "client",
        SpanKind::Server => "server",
        SpanKind::Producer => "producer",
        SpanKind::Consumer => "consumer",
        SpanKind::Internal => "internal",
    }
}

/// The kind of a span as a field says it. What is none is internal.
pub(crate) fn span_kind_of(text: &str) -> SpanKind {
    let is = |name: &str| text.eq_ignore_ascii_case(name);
    match () {
        () if is("server") => SpanKind::Server,
        () if is("client") => SpanKind::Client,
        () if is("producer") => SpanKind::Producer,
        () if is("consumer") => SpanKind::Consumer,
        () => SpanKind::Internal,
    }
}
