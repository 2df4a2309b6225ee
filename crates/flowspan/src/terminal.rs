//! What the rest of the crate needs from the console.

use std::sync::Arc;

use flowspan_model::EventSink;
use flowspan_runtime::{Environment, SettingError};
use tracing::Dispatch;
use tracing_subscriber::{Layer, Registry, layer::SubscriberExt};

use crate::{
    Builder, Console,
    console::{Lines, LogFilter, Telemetry},
};

/// The console of a builder, with its log filter.
pub(crate) struct Terminal {
    console: Console,
    filter: Option<LogFilter>,
}

impl Terminal {
    pub(crate) fn new(builder: &Builder, environment: &Environment) -> Result<Self, SettingError> {
        let console = match &builder.console {
            Some(console) => console.clone(),
            None => Console::from_environment(environment)?,
        };
        let filter = console.log_filter(environment)?;
        Ok(Terminal { console, filter })
    }

    /// The tree, if the program asks for it.
    pub(crate) fn chosen_tree(&self) -> Option<Arc<dyn EventSink>> {
        self.console.tree_sink()
    }

    /// The tree, because the environment asks for it.
    pub(crate) fn tree() -> Option<Arc<dyn EventSink>> {
        Console::tree().tree_sink()
    }

    /// A subscriber of the telemetry layer and the log lines.
    pub(crate) fn with_telemetry(self, layer: Box<dyn Layer<Registry> + Send + Sync>) -> Dispatch {
        let registry = tracing_subscriber::registry().with(layer);
        match self.filter {
            Some(filter) => Dispatch::new(registry.with(Lines::new(filter, Telemetry::Heard))),
            None => Dispatch::new(registry),
        }
    }

    /// A subscriber of the log lines alone.
    pub(crate) fn without_telemetry(self) -> Dispatch {
        match self.filter {
            Some(filter) => {
                Dispatch::new(tracing_subscriber::registry().with(Lines::new(filter, Telemetry::Disabled)))
            }
            None => Dispatch::none(),
        }
    }
}
