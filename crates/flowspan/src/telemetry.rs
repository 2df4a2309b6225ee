//! Running telemetry.

use std::{
    any::Any,
    fmt,
    net::SocketAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use flowspan_content::ContentPolicy;
use flowspan_layer::{Accounting, Dialect, Engine, FlowspanLayer, Normalizer, Spans};
use flowspan_metrics::{Recorder, Totals};
use flowspan_model::EventSink;
use flowspan_runtime::{Health, Worker, off_thread};
use opentelemetry::{Context, propagation::TextMapCompositePropagator, trace::TracerProvider};
use opentelemetry_sdk::{logs::SdkLoggerProvider, metrics::SdkMeterProvider, trace::SdkTracerProvider};
use tracing::{Dispatch, Level, Subscriber, dispatcher, dispatcher::DefaultGuard};
use tracing_subscriber::{Layer, registry::LookupSpan};

use crate::{
    Accounts, BuildError, ShutdownReport,
    logs::LogBridge,
    outputs::{Book, Wait},
    propagation,
    switches::Switches,
};

/// The name of the instrumentation scope of everything that flowspan makes.
pub(crate) const SCOPE: &str = "flowspan";

/// How long telemetry that is dropped without a shutdown may take to send what waits.
pub const DROP_TIMEOUT: Duration = Duration::from_secs(5);

/// Set by the first `install` of the process, and never again.
static INSTALLED: AtomicBool = AtomicBool::new(false);

/// Running telemetry. Keep it until the end of `main`, then call
/// [`shutdown`](Telemetry::shutdown): what waits is sent, and the report says what became of
/// everything.
///
/// Dropped without a shutdown, it sends what waits within [`DROP_TIMEOUT`] and reports to nobody.
#[must_use = "telemetry ends when this is dropped; keep it and call shutdown() at the end of main"]
pub struct Telemetry {
    pub(crate) parts: Option<Parts>,
    dispatch: Dispatch,
    is_shut_down: AtomicBool,
}

/// What enabled telemetry consists of.
pub(crate) struct Parts {
    pub(crate) worker: Worker,
    pub(crate) tracer_provider: SdkTracerProvider,
    pub(crate) engine: Engine,
    /// What is understood besides what the layer knows by itself.
    pub(crate) dialects: Vec<Dialect>,
    /// What of content leaves.
    pub(crate) content: Arc<ContentPolicy>,
    /// For the native engine.
    pub(crate) spans: Spans,
    pub(crate) accounting: Accounting,
    /// For spans that are made of events.
    pub(crate) normalizer: Normalizer,
    pub(crate) meter_provider: SdkMeterProvider,
    pub(crate) logger_provider: Option<SdkLoggerProvider>,
    /// Taken by `install`.
    pub(crate) propagator: Mutex<Option<TextMapCompositePropagator>>,
    /// Whose trace the runs belong to, if it is somebody's.
    pub(crate) caller: Option<Context>,
    pub(crate) recorder: Arc<Recorder>,
    pub(crate) switches: Switches,
    pub(crate) totals: Option<Totals>,
    pub(crate) book: Book,
    /// Emptied when the telemetry ends.
    pub(crate) servers: Mutex<Vec<Box<dyn Any + Send + Sync>>>,
    pub(crate) health: Health,
    pub(crate) level: Level,
    pub(crate) metrics_address: Option<SocketAddr>,
}

impl Telemetry {
    pub(crate) fn new(parts: Option<Parts>, dispatch: Dispatch) -> Self {
        Telemetry { parts, dispatch, is_shut_down: AtomicBool::new(false) }
    }

    /// Sets the globals, all or none.
    pub(crate) fn install(&self) -> Result<(), BuildError> {
        if INSTALLED.swap(true, Ordering::SeqCst) {
            return Err(BuildError::AlreadyInstalled);
        }
        // The only one that can be refused comes first.
        if dispatcher::set_global_default(self.dispatch.clone()).is_err() {
            INSTALLED.store(false, Ordering::SeqCst);
            return Err(BuildError::SubscriberTaken);
        }
        if let Some(parts) = &self.parts {
            opentelemetry::global::set_tracer_provider(parts.tracer_provider.clone());
            opentelemetry::global::set_meter_provider(parts.meter_provider.clone());
            if let Some(propagator) = parts.propagator.lock().unwrap_or_else(PoisonError::into_inner).take() {
                opentelemetry::global::set_text_map_propagator(propagator);
            }
            if let Some(caller) = &parts.caller {
                propagation::install(caller.clone());
            }
        }
        Ok(())
    }

    /// Whether telemetry is on. It is off after [`Builder::disabled`](crate::Builder::disabled), or
    /// if `OTEL_SDK_DISABLED` is `true`.
    pub fn is_enabled(&self) -> bool {
        self.parts.is_some()
    }

    /// The layer that listens, for a `tracing` subscriber of your own. Hears nothing if telemetry is
    /// off.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use flowspan::Flowspan;
    /// use tracing_subscriber::prelude::*;
    ///
    /// let telemetry = Flowspan::builder("bot").build()?;
    /// let subscriber = tracing_subscriber::registry().with(telemetry.layer());
    /// # drop(subscriber);
    /// # Ok(())
    /// # }
    /// ```
    pub fn layer<S>(&self) -> Box<dyn Layer<S> + Send + Sync>
    where
        S: Subscriber + for<'span> LookupSpan<'span> + Send + Sync,
    {
        match &self.parts {
            Some(parts) => parts.layer(),
            None => Box::new(tracing_subscriber::layer::Identity::new()),
        }
    }

    /// The `tracing` subscriber that `install` would make the global one.
    pub fn dispatch(&self) -> &Dispatch {
        &self.dispatch
    }

    /// Makes this telemetry the one of the current thread, until the guard is dropped.
    pub fn set_default(&self) -> DefaultGuard {
        dispatcher::set_default(&self.dispatch)
    }

    /// The provider of tracers, for spans that are made through the OpenTelemetry API.
    pub fn tracer_provider(&self) -> Option<&SdkTracerProvider> {
        self.parts.as_ref().map(|parts| &parts.tracer_provider)
    }

    /// The provider of meters, for instruments of your own.
    pub fn meter_provider(&self) -> Option<&SdkMeterProvider> {
        self.parts.as_ref().map(|parts| &parts.meter_provider)
    }

    /// The provider of loggers, if log records go anywhere.
    pub fn logger_provider(&self) -> Option<&SdkLoggerProvider> {
        self.parts.as_ref()?.logger_provider.as_ref()
    }

    /// Where `/metrics` is served, if it is.
    pub fn metrics_address(&self) -> Option<SocketAddr> {
        self.parts.as_ref()?.metrics_address
    }

    /// How the exporters do.
    pub fn health(&self) -> Health {
        self.parts.as_ref().map(|parts| parts.health.clone()).unwrap_or_default()
    }

    /// What became of everything so far.
    pub fn accounts(&self) -> Accounts {
        Accounts::of_book(&self.book())
    }

    /// Sends what waits, and gives the accounts afterwards. Blocks the calling thread, for `timeout`
    /// at most; may be called anywhere, also in an async task.
    pub fn flush(&self, timeout: Duration) -> Accounts {
        wait_for(self.begin_flush(), timeout);
        self.accounts()
    }

    /// [`flush`](Telemetry::flush) for async code: blocks no thread of the caller's executor.
    pub async fn flush_async(&self, timeout: Duration) -> Accounts {
        let waits = self.begin_flush();
        let _ = off_thread(move || wait_for(waits, timeout)).await;
        self.accounts()
    }

    /// Sends what waits, stops sending, and says what became of everything. Blocks the calling
    /// thread, for `timeout` at most; may be called anywhere, also in an async task.
    ///
    /// What is scraped stays: `/metrics` is served until the telemetry is dropped, and so does a
    /// [metric reader](crate::Builder::metric_reader) of your own. A second call gives the same accounts.
    pub fn shutdown(&self, timeout: Duration) -> ShutdownReport {
        let began = Instant::now();
        wait_for(self.begin_shutdown(), timeout);
        ShutdownReport { accounts: self.accounts(), took: began.elapsed() }
    }

    /// [`shutdown`](Telemetry::shutdown) for async code: blocks no thread of the caller's executor.
    pub async fn shutdown_async(&self, timeout: Duration) -> ShutdownReport {
        let began = Instant::now();
        let waits = self.begin_shutdown();
        let _ = off_thread(move || wait_for(waits, timeout)).await;
        ShutdownReport { accounts: self.accounts(), took: began.elapsed() }
    }

    fn begin_flush(&self) -> Vec<Wait> {
        self.book().drains().iter().map(|drain| drain.begin_flush()).collect()
    }

    fn begin_shutdown(&self) -> Vec<Wait> {
        self.is_shut_down.store(true, Ordering::Relaxed);
        self.book().drains().iter().map(|drain| drain.begin_shutdown()).collect()
    }

    fn book(&self) -> Book {
        self.parts.as_ref().map(|parts| parts.book.clone()).unwrap_or_default()
    }
}

impl Drop for Telemetry {
    fn drop(&mut self) {
        if !*self.is_shut_down.get_mut() {
            let _ = self.shutdown(DROP_TIMEOUT);
        }
        if let Some(parts) = &self.parts {
            parts.servers.lock().unwrap_or_else(PoisonError::into_inner).clear();
            // The thread ends by itself; nobody has to wait for it.
            parts.worker.stop(Duration::ZERO);
        }
    }
}

impl fmt::Debug for Telemetry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Telemetry")
            .field("is_enabled", &self.is_enabled())
            .field("metrics_address", &self.metrics_address())
            .finish_non_exhaustive()
    }
}

/// Waits for all of them within one deadline.
pub(crate) fn wait_for(waits: Vec<Wait>, timeout: Duration) {
    let began = Instant::now();
    for wait in waits {
        wait(timeout.saturating_sub(began.elapsed()));
    }
}

impl Parts {
    pub(crate) fn layer<S>(&self) -> Box<dyn Layer<S> + Send + Sync>
    where
        S: Subscriber + for<'span> LookupSpan<'span> + Send + Sync,
    {
        let events: Arc<dyn EventSink> = self.recorder.clone();
        let spans = match self.engine {
            Engine::Native => FlowspanLayer::native(self.spans.clone(), events),
            _ => FlowspanLayer::new(self.tracer_provider.tracer(SCOPE), events),
        };
        let spans = self.dialects.iter().cloned().fold(spans, FlowspanLayer::with_dialect);
        let spans = spans.with_content(Arc::clone(&self.content));
        let spans = spans.with_level(self.level).with_accounting(self.accounting.clone());
        let spans = match &self.caller {
            Some(caller) => spans.with_caller(caller.clone()),
            None => spans,
        };
        match &self.logger_provider {
            Some(provider) => Box::new(spans.and_then(LogBridge::new(
                provider,
                self.level,
                self.switches.clone(),
                self.content.content(),
            ))),
            None => Box::new(spans),
        }
    }
}
