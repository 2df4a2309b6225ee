//! Log lines with the id of the trace that they belong to.

use std::fmt;

use opentelemetry::trace::TraceContextExt;
use tracing::{
    Event, Metadata, Subscriber,
    level_filters::LevelFilter,
    span::{Attributes, Id, Record},
    subscriber::Interest,
};
use tracing_subscriber::{
    EnvFilter, Layer,
    fmt::{
        FmtContext, FormatEvent, FormatFields, MakeWriter,
        format::{DefaultFields, Format, Writer},
    },
    layer::{Context, Filter},
    registry::LookupSpan,
};

use flowspan_model::TARGET;

/// What happens to flowspan's own spans if nobody but the log lines listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Telemetry {
    /// The telemetry layer listens, too.
    Heard,
    /// Telemetry is disabled: its callsites are switched off and cost nothing.
    Disabled,
}

/// A layer that prints the events which its filter lets through.
///
/// The filter is asked here and not attached as a per-layer filter: those share state across the
/// whole subscriber, and telemetry must not depend on what the log shows.
pub(crate) struct Lines<S> {
    filter: EnvFilter,
    printer: tracing_subscriber::fmt::Layer<S, DefaultFields, WithTraceId, Stderr>,
    telemetry: Telemetry,
}

impl<S> Lines<S>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    pub(crate) fn new(filter: EnvFilter, telemetry: Telemetry) -> Self {
        let colours = anstream::AutoStream::choice(&std::io::stderr()) != anstream::ColorChoice::Never;
        let printer = tracing_subscriber::fmt::layer()
            .with_ansi(colours)
            .event_format(WithTraceId(Format::default().with_ansi(colours)))
            .with_writer(Stderr);
        Lines { filter, printer, telemetry }
    }
}

impl<S> Lines<S> {
    /// Whether a callsite is flowspan's own while telemetry is disabled.
    fn is_switched_off(&self, metadata: &Metadata<'_>) -> bool {
        self.telemetry == Telemetry::Disabled && metadata.target() == TARGET
    }
}

impl<S> Layer<S> for Lines<S>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        if self.is_switched_off(metadata) {
            return Interest::never();
        }
        // Lets the filter prepare what depends on span fields; its answer must not concern others.
        let _ = Filter::<S>::callsite_enabled(&self.filter, metadata);
        Interest::always()
    }

    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        !self.is_switched_off(metadata)
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Filter::<S>::max_level_hint(&self.filter)
    }

    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        Filter::on_new_span(&self.filter, attributes, id, context.clone());
        self.printer.on_new_span(attributes, id, context);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        Filter::on_record(&self.filter, id, values, context.clone());
        self.printer.on_record(id, values, context);
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        if Filter::enabled(&self.filter, event.metadata(), &context) {
            self.printer.on_event(event, context);
        }
    }

    fn on_enter(&self, id: &Id, context: Context<'_, S>) {
        Filter::on_enter(&self.filter, id, context);
    }

    fn on_exit(&self, id: &Id, context: Context<'_, S>) {
        Filter::on_exit(&self.filter, id, context);
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        Filter::on_close(&self.filter, id, context);
    }
}

/// The usual line, with the trace id at its end.
struct WithTraceId(Format);

impl<S, N> FormatEvent<S, N> for WithTraceId
where
    S: Subscriber + for<'span> LookupSpan<'span>,
    N: for<'writer> FormatFields<'writer> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut line = String::new();
        self.0.format_event(context, Writer::new(&mut line), event)?;
        writer.write_str(line.trim_end())?;
        let otel = opentelemetry::Context::current();
        let span = otel.span();
        if span.span_context().is_valid() {
            write!(writer, " trace_id={}", span.span_context().trace_id())?;
        }
        writeln!(writer)
    }
}

/// Standard error, as it is when a line is written.
struct Stderr;

impl<'writer> MakeWriter<'writer> for Stderr {
    type Writer = std::io::Stderr;

    fn make_writer(&'writer self) -> Self::Writer {
        std::io::stderr()
    }
}
