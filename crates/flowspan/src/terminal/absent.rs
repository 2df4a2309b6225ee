//! The terminal of a build without the feature `console`: nothing is shown.

use std::sync::Arc;

use flowspan_model::EventSink;
use flowspan_runtime::{Environment, SettingError};
use tracing::Dispatch;
use tracing_subscriber::{Layer, Registry, layer::SubscriberExt};

use crate::Builder;

pub(crate) struct Terminal;

impl Terminal {
    #[expect(clippy::unnecessary_wraps, reason = "the terminal that is there may refuse its filter")]
    pub(crate) fn new(_: &Builder, _: &Environment) -> Result<Self, SettingError> {
        Ok(Terminal)
    }

    pub(crate) fn chosen_tree(&self) -> Option<Arc<dyn EventSink>> {
        None
    }

    pub(crate) fn tree() -> Option<Arc<dyn EventSink>> {
        None
    }

    pub(crate) fn with_telemetry(self, layer: Box<dyn Layer<Registry> + Send + Sync>) -> Dispatch {
        Dispatch::new(tracing_subscriber::registry().with(layer))
    }

    pub(crate) fn without_telemetry(self) -> Dispatch {
        Dispatch::none()
    }
}
