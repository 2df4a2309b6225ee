//! Log lines with the id of the trace that they belong to.

use std::fmt;

use anstyle::{AnsiColor, Style};
use opentelemetry::trace::TraceContextExt;
use tracing::{
    Event, Level, Metadata, Subscriber,
    level_filters::LevelFilter,
    span::{Attributes, Id, Record},
    subscriber::Interest,
};
use tracing_subscriber::{
    EnvFilter, Layer,
    filter::ParseError,
    fmt::{
        FmtContext, FormatEvent, FormatFields, MakeWriter,
        format::{DefaultFields, Writer},
        time::{FormatTime, SystemTime},
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

/// Which log lines are shown.
pub(crate) struct LogFilter {
    filter: EnvFilter,
    /// Whether a directive names a span. Only then does the filter have to follow the spans, which costs
    /// a look-up under a lock each time one is entered or left.
    follows_spans: bool,
}

impl LogFilter {
    /// A filter of directives in the form of `RUST_LOG`.
    pub(crate) fn parse(directives: &str) -> Result<Self, ParseError> {
        Ok(LogFilter { filter: EnvFilter::try_new(directives)?, follows_spans: directives.contains('[') })
    }

    /// The filter, if it has to follow the spans.
    fn following(&self) -> Option<&EnvFilter> {
        self.follows_spans.then_some(&self.filter)
    }
}

/// A layer that prints the events which its filter lets through.
///
/// The filter is asked here and not attached as a per-layer filter: those share state across the
/// whole subscriber, and telemetry must not depend on what the log shows.
pub(crate) struct Lines<S> {
    filter: LogFilter,
    printer: tracing_subscriber::fmt::Layer<S, DefaultFields, WithIds, Stderr>,
    telemetry: Telemetry,
}

impl<S> Lines<S>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    pub(crate) fn new(filter: LogFilter, telemetry: Telemetry) -> Self {
        let colours = anstream::AutoStream::choice(&std::io::stderr()) != anstream::ColorChoice::Never;
        let printer =
            tracing_subscriber::fmt::layer().with_ansi(colours).event_format(WithIds).with_writer(Stderr);
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
        let _ = Filter::<S>::callsite_enabled(&self.filter.filter, metadata);
        Interest::always()
    }

    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        !self.is_switched_off(metadata)
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Filter::<S>::max_level_hint(&self.filter.filter)
    }

    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        if let Some(filter) = self.filter.following() {
            Filter::on_new_span(filter, attributes, id, context);
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        if let Some(filter) = self.filter.following() {
            Filter::on_record(filter, id, values, context);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        if Filter::enabled(&self.filter.filter, event.metadata(), &context) {
            self.printer.on_event(event, context);
        }
    }

    fn on_enter(&self, id: &Id, context: Context<'_, S>) {
        if let Some(filter) = self.filter.following() {
            Filter::on_enter(filter, id, context);
        }
    }

    fn on_exit(&self, id: &Id, context: Context<'_, S>) {
        if let Some(filter) = self.filter.following() {
            Filter::on_exit(filter, id, context);
        }
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        if let Some(filter) = self.filter.following() {
            Filter::on_close(filter, id, context);
        }
    }
}

/// Time, level, target, message and fields, and the ids of the span that is current.
///
/// The names and fields of the spans around it are left out: the trace has them.
struct WithIds;

impl<S, N> FormatEvent<S, N> for WithIds
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
        let (dim, level) = match writer.has_ansi_escapes() {
            true => (Style::new().dimmed(), colour(*event.metadata().level())),
            false => (Style::new(), Style::new()),
        };
        write!(writer, "{dim}")?;
        SystemTime.format_time(&mut writer)?;
        write!(writer, "{dim:#} {level}{:>5}{level:#} ", event.metadata().level())?;
        write!(writer, "{dim}{}:{dim:#} ", event.metadata().target())?;
        context.field_format().format_fields(writer.by_ref(), event)?;
        let otel = opentelemetry::Context::current();
        let span = otel.span();
        let ids = span.span_context();
        if ids.is_valid() {
            write!(writer, " {dim}trace_id={} span_id={}{dim:#}", ids.trace_id(), ids.span_id())?;
        }
        writeln!(writer)
    }
}

fn colour(level: Level) -> Style {
    match level {
        Level::ERROR => AnsiColor::Red.on_default(),
        Level::WARN => AnsiColor::Yellow.on_default(),
        Level::INFO => AnsiColor::Green.on_default(),
        _ => AnsiColor::Blue.on_default(),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_filter_that_names_a_span_follows_the_spans() {
        let follows = |directives| LogFilter::parse(directives).map(|filter| filter.following().is_some());
        assert_eq!(follows("info,my_program=debug").ok(), Some(false));
        assert_eq!(follows("info,[workflow{gen_ai.workflow.name=audit}]=debug").ok(), Some(true));
        assert!(follows("info=loud=louder").is_err());
    }
}
