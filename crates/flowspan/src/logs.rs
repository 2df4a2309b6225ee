//! The program's log events as OpenTelemetry log records.

use flowspan_content::Content;
use flowspan_model::TARGET;
use opentelemetry_appender_tracing::layer::OpenTelemetryTracingBridge;
use opentelemetry_sdk::logs::{SdkLogger, SdkLoggerProvider};
use tracing::{Event, Level, Subscriber, level_filters::LevelFilter};
use tracing_subscriber::{Layer, layer::Context, registry::LookupSpan};

use crate::{Signal, switches::Switches};

/// A layer that sends the program's events on as log records, with the ids of the span around them.
///
/// What flowspan itself says is on the spans already, and what OpenTelemetry says about its own
/// troubles must not become telemetry: both stay here. An event with content stays here, too, unless all
/// content may be shown: the bridge would hand it on as it is.
pub(crate) struct LogBridge {
    bridge: OpenTelemetryTracingBridge<SdkLoggerProvider, SdkLogger>,
    level: Level,
    switches: Switches,
    content: Content,
}

impl LogBridge {
    pub(crate) fn new(
        provider: &SdkLoggerProvider,
        level: Level,
        switches: Switches,
        content: Content,
    ) -> Self {
        LogBridge { bridge: OpenTelemetryTracingBridge::new(provider), level, switches, content }
    }
}

impl<S> Layer<S> for LogBridge
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(LevelFilter::from_level(self.level))
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let metadata = event.metadata();
        let own = metadata.target() == TARGET || metadata.target().starts_with("opentelemetry");
        let is_withheld = || {
            self.content != Content::Full
                && metadata.fields().iter().any(|field| flowspan_layer::is_content(field.name()))
        };
        if !own && *metadata.level() <= self.level && self.switches.is_on(Signal::Logs) && !is_withheld() {
            self.bridge.on_event(event, context);
        }
    }
}
