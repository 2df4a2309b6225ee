//! Metrics: what they are called, what bounds them, who gets them, and those of the program's own.

use std::{borrow::Cow, future::Future, sync::Arc};

use flowspan_metrics::{Collapsed, LabelPolicies, MetricBuilder, Names, Recorder, Snapshot, Totals, kind};
use flowspan_model::{Event, EventSink, LabelPolicy, Measurement, MetricSink};

use crate::{
    Builder, Signal, Telemetry,
    outputs::{AnyEventSink, AnyMetricSink, Callback, QueuedMetricSink},
};

impl Builder {
    /// The prefix of flowspan's own metrics. Default: `FLOWSPAN_NAMESPACE`, then
    /// [`DEFAULT_NAMESPACE`](crate::DEFAULT_NAMESPACE).
    ///
    /// It must begin with a letter and go on with letters, digits, `_` and `.`; metrics of a
    /// convention keep their names. It changes the names that were set before.
    pub fn namespace(mut self, namespace: impl Into<Cow<'static, str>>) -> Self {
        self.naming.namespace(namespace.into());
        self
    }

    /// How metrics are called, which of them exist and which labels they have. Replaces what
    /// [`namespace`](Builder::namespace) and [`labels`](Builder::labels) have set before. Default: those
    /// of the system that `FLOWSPAN_NAMES` names (`prodigy`, `clutch`, `crew`, `m31a`), then as in the
    /// catalog.
    ///
    /// ```
    /// use flowspan::{Flowspan, Names};
    ///
    /// let builder = Flowspan::builder("bot").names(Names::prodigy().disable("step.retries"));
    /// # drop(builder);
    /// ```
    pub fn names(mut self, names: Names) -> Self {
        self.naming.names(names);
        self
    }

    /// Gives every series these labels, for example `[("service", "support"), ("env", "prod")]`.
    /// Default: those of `FLOWSPAN_LABELS` (`name=value,…`), which stand beside these.
    pub fn labels<N, V>(mut self, labels: impl IntoIterator<Item = (N, V)>) -> Self
    where
        N: Into<Cow<'static, str>>,
        V: Into<Cow<'static, str>>,
    {
        self.naming.labels(labels.into_iter().map(|(name, value)| (name.into(), value.into())));
        self
    }

    /// What may become the value of a label. Replaces what
    /// [`label_policy`](Builder::label_policy) has set before. Default: the limits of the catalog.
    pub fn label_policies(mut self, policies: LabelPolicies) -> Self {
        self.label_policies = policies;
        self
    }

    /// What may become the value of this label, in all metrics. Default: every value, within the
    /// limit of the catalog.
    pub fn label_policy(mut self, label: impl Into<Cow<'static, str>>, policy: LabelPolicy) -> Self {
        self.label_policies = self.label_policies.policy(label, policy);
        self
    }

    /// Sends every measurement to a sink of your own: the numbers and labels that the OpenTelemetry
    /// instruments get. It is called on the thread that measures, so it must be quick.
    pub fn metric_sink(self, sink: impl MetricSink + 'static) -> Self {
        self.output(AnyMetricSink("metric_sink", Arc::new(sink)))
    }

    /// The same for a sink that may be slow or block, with a queue and a thread of its own. What is said of
    /// [`queued_event_sink`](Builder::queued_event_sink) holds here, too.
    pub fn queued_metric_sink(self, sink: impl MetricSink + 'static) -> Self {
        self.output(QueuedMetricSink(Arc::new(sink)))
    }

    /// Calls a function with every measurement, on the thread that made it: it must be quick. If it
    /// panics, that is counted, told once, and it is called again for the next one.
    ///
    /// ```
    /// use flowspan::Flowspan;
    ///
    /// let builder = Flowspan::builder("bot").on_metric(|measurement| eprintln!("{measurement}"));
    /// # drop(builder);
    /// ```
    pub fn on_metric(self, call: impl Fn(&Measurement) + Send + Sync + 'static) -> Self {
        self.output(AnyMetricSink("on_metric", Arc::new(Function(call))))
    }

    /// Calls an async function with every measurement, one after the other, on flowspan's thread.
    ///
    /// Up to 2048 measurements wait for it. If it is slower than that, later ones are dropped and
    /// counted; a call that panics or takes more than five seconds is given up, counted and told, and
    /// the next one is made.
    pub fn on_metric_async<C>(self, call: impl Fn(Measurement) -> C + Send + Sync + 'static) -> Self
    where
        C: Future<Output = ()> + Send + 'static,
    {
        self.output(Callback::of_measurements(call))
    }

    /// Calls a function with every event, on the thread on which it happened: it must be quick. If it
    /// panics, that is counted, told once, and it is called again for the next one.
    pub fn on_event(self, call: impl Fn(&Event) + Send + Sync + 'static) -> Self {
        self.output(AnyEventSink("on_event", Arc::new(Function(call))))
    }

    /// Calls an async function with every event, one after the other, on flowspan's thread. What is said of
    /// [`on_metric_async`](Builder::on_metric_async) holds here, too.
    ///
    /// ```
    /// use flowspan::{Flowspan, model::Event};
    ///
    /// async fn store(event: Event) {
    ///     // …
    /// }
    ///
    /// let builder = Flowspan::builder("bot").on_event_async(store);
    /// # drop(builder);
    /// ```
    pub fn on_event_async<C>(self, call: impl Fn(Event) -> C + Send + Sync + 'static) -> Self
    where
        C: Future<Output = ()> + Send + 'static,
    {
        self.output(Callback::of_events(call))
    }

    /// Keeps running totals beside the exported metrics, which [`Telemetry::reset`] can begin anew.
    /// Default: it does not, and costs nothing.
    pub fn totals(mut self) -> Self {
        let totals = Totals::new();
        self.totals = Some(totals.clone());
        self.output(AnyMetricSink("totals", Arc::new(totals)))
    }
}

impl Telemetry {
    /// A counter of your own, under exactly this name. Its labels are bounded like those of the
    /// catalog, and every output and sink gets it.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let telemetry = flowspan::Flowspan::builder("bot").build()?;
    /// let orders = telemetry.counter("shop.orders").labels(["country", "kind"]).build()?;
    /// orders.add(1, ["fr", "new"]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn counter(&self, name: impl Into<Cow<'static, str>>) -> MetricBuilder<'_, kind::Counter, 0> {
        MetricBuilder::new(self.recorder(), name)
    }

    /// An up-down counter of your own: a sum of what comes and goes.
    pub fn up_down_counter(
        &self,
        name: impl Into<Cow<'static, str>>,
    ) -> MetricBuilder<'_, kind::UpDownCounter, 0> {
        MetricBuilder::new(self.recorder(), name)
    }

    /// A gauge of your own: the last number of something.
    pub fn gauge(&self, name: impl Into<Cow<'static, str>>) -> MetricBuilder<'_, kind::Gauge, 0> {
        MetricBuilder::new(self.recorder(), name)
    }

    /// A histogram of your own: how numbers are distributed.
    pub fn histogram(&self, name: impl Into<Cow<'static, str>>) -> MetricBuilder<'_, kind::Histogram, 0> {
        MetricBuilder::new(self.recorder(), name)
    }

    /// Where label values had to be bounded, by metric and label.
    pub fn collapsed(&self) -> Vec<Collapsed> {
        self.recorder().map(Recorder::collapsed).unwrap_or_default()
    }

    /// Stops a signal, until [`enable`](Telemetry::enable).
    ///
    /// - Metrics: nothing more is counted. What is running is followed on, so that its gauges are
    ///   right when counting begins again; what stands on `/metrics` stays there.
    /// - Spans that end meanwhile go nowhere; they carry their trace on to other processes all the
    ///   same. They are in no account, because no exporter was given them.
    /// - Log records likewise; lines on the terminal still appear.
    /// - Events likewise are not stored; they still go to event sinks of your own.
    pub fn disable(&self, signal: Signal) {
        if let Some(parts) = &self.parts {
            match signal {
                Signal::Metrics => parts.recorder.disable(),
                _ => parts.switches.disable(signal),
            }
        }
    }

    /// Goes on with a signal after [`disable`](Telemetry::disable).
    pub fn enable(&self, signal: Signal) {
        if let Some(parts) = &self.parts {
            match signal {
                Signal::Metrics => parts.recorder.enable(),
                _ => parts.switches.enable(signal),
            }
        }
    }

    /// Whether a signal goes where it is to go: telemetry is on, and the signal is not
    /// [disabled](Telemetry::disable).
    pub fn is_recording(&self, signal: Signal) -> bool {
        self.parts.as_ref().is_some_and(|parts| match signal {
            Signal::Metrics => parts.recorder.is_enabled(),
            _ => parts.switches.is_on(signal),
        })
    }

    /// What was measured since the last [`reset`](Telemetry::reset). Empty without
    /// [`Builder::totals`].
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        self.totals().map(Totals::snapshot).unwrap_or_default()
    }

    /// Gives what was measured since the last reset and begins anew, also while others write: each
    /// measurement is in one of the two and only in one. Needs [`Builder::totals`].
    ///
    /// What is exported goes on: a counter of OpenTelemetry or Prometheus that fell back to zero would
    /// be a restart to whoever reads it. See [`Totals`].
    pub fn reset(&self) -> Snapshot {
        self.totals().map(Totals::reset).unwrap_or_default()
    }

    fn recorder(&self) -> Option<&Recorder> {
        self.parts.as_ref().map(|parts| &*parts.recorder)
    }

    fn totals(&self) -> Option<&Totals> {
        self.parts.as_ref()?.totals.as_ref()
    }
}

/// A function as a sink.
struct Function<F>(F);

impl<F: Fn(&Measurement) + Send + Sync> MetricSink for Function<F> {
    fn measurement(&self, measurement: &Measurement) {
        (self.0)(measurement);
    }
}

impl<F: Fn(&Event) + Send + Sync> EventSink for Function<F> {
    fn event(&self, event: &Event) {
        (self.0)(event);
    }
}
