//! Metrics of the program's own.

use std::{borrow::Cow, fmt, marker::PhantomData, sync::Arc};

use crate::{
    Buckets, LabelPolicies, Recorder, SchemaError,
    family::{Family, Given, Way},
    instruments::Floor,
    labels::bounded_key,
    schema::{LabelShape, Shape, check_shape, label_shape, series_limit},
};

/// The buckets of a histogram of the program's own, unless it is given others: three for each power
/// of ten, from a thousandth to ten thousand.
pub const DEFAULT_BUCKETS: [f64; 22] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 25.0, 50.0, 100.0, 250.0,
    500.0, 1000.0, 2500.0, 5000.0, 10_000.0,
];

/// A sum of whole numbers that only grows, with `N` labels.
pub type Counter<const N: usize = 0> = Own<kind::Counter, N>;
/// A sum of whole numbers that come and go, with `N` labels.
pub type UpDownCounter<const N: usize = 0> = Own<kind::UpDownCounter, N>;
/// The last number of something, with `N` labels.
pub type Gauge<const N: usize = 0> = Own<kind::Gauge, N>;
/// A distribution of numbers, with `N` labels.
pub type Histogram<const N: usize = 0> = Own<kind::Histogram, N>;

/// What a metric of the program's own does with its numbers.
pub mod kind {
    use flowspan_model::catalog::Instrument;

    /// One of the kinds of this module.
    pub trait Kind: sealed::Kind {}

    impl<K: sealed::Kind> Kind for K {}

    pub(super) mod sealed {
        use super::Instrument;

        pub trait Kind {
            const INSTRUMENT: Instrument;
        }
    }

    macro_rules! kinds {
        ($($(#[doc = $doc:literal])+ $kind:ident;)+) => {
            $(
                $(#[doc = $doc])+
                #[derive(Clone, Copy, Debug)]
                pub struct $kind;

                impl sealed::Kind for $kind {
                    const INSTRUMENT: Instrument = Instrument::$kind;
                }
            )+
        };
    }

    kinds! {
        /// A sum of whole numbers that only grows.
        Counter;
        /// A sum of whole numbers that come and go.
        UpDownCounter;
        /// The last number.
        Gauge;
        /// A distribution of numbers.
        Histogram;
    }
}

/// A metric of the program's own, with `N` labels: a [`Counter`], [`UpDownCounter`], [`Gauge`] or
/// [`Histogram`]. Clones are the same metric.
///
/// The label values come in the order in which the labels were given. They can be anything: their
/// policies and limits are those of [`LabelPolicies`].
pub struct Own<K, const N: usize> {
    /// None if telemetry is off.
    inner: Option<Arc<Family>>,
    kind: PhantomData<K>,
}

/// One series of a metric of the program's own, found once: as soon as it has been measured a few times,
/// adding to it costs a few nanoseconds and allocates nothing.
pub struct OwnSeries<K> {
    inner: Option<(Arc<Family>, Way)>,
    kind: PhantomData<K>,
}

impl Recorder {
    /// A counter of the program's own, under exactly this name.
    ///
    /// ```
    /// # use flowspan_metrics::{LabelPolicies, Recorder, Schema};
    /// # use opentelemetry::metrics::MeterProvider;
    /// # let provider = opentelemetry_sdk::metrics::SdkMeterProvider::default();
    /// # let recorder = Recorder::builder(&Schema::default()).build(&provider.meter("doc"));
    /// let orders = recorder.counter("shop.orders").unit("{order}").labels(["country", "kind"]).build()?;
    /// orders.add(1, ["fr", "new"]);
    ///
    /// // Where the labels are known beforehand, an addition costs a few nanoseconds.
    /// let renewals = orders.series(["fr", "renewal"]);
    /// renewals.add(3);
    /// # Ok::<(), flowspan_metrics::SchemaError>(())
    /// ```
    pub fn counter(&self, name: impl Into<Cow<'static, str>>) -> MetricBuilder<'_, kind::Counter, 0> {
        MetricBuilder::new(Some(self), name)
    }

    /// An up-down counter of the program's own: a sum of what comes and goes. It may fall below zero.
    pub fn up_down_counter(
        &self,
        name: impl Into<Cow<'static, str>>,
    ) -> MetricBuilder<'_, kind::UpDownCounter, 0> {
        MetricBuilder::new(Some(self), name)
    }

    /// A gauge of the program's own: the last number of something.
    pub fn gauge(&self, name: impl Into<Cow<'static, str>>) -> MetricBuilder<'_, kind::Gauge, 0> {
        MetricBuilder::new(Some(self), name)
    }

    /// A histogram of the program's own: how numbers are distributed.
    pub fn histogram(&self, name: impl Into<Cow<'static, str>>) -> MetricBuilder<'_, kind::Histogram, 0> {
        MetricBuilder::new(Some(self), name)
    }
}

/// Describes a metric of the program's own.
#[must_use = "nothing is there before build()"]
pub struct MetricBuilder<'recorder, K, const N: usize> {
    recorder: Option<&'recorder Recorder>,
    name: Cow<'static, str>,
    unit: Cow<'static, str>,
    description: Cow<'static, str>,
    buckets: Buckets,
    labels: [Cow<'static, str>; N],
    kind: PhantomData<K>,
}

impl<'recorder, K: kind::Kind> MetricBuilder<'recorder, K, 0> {
    /// A metric of this recorder, or one that measures nothing, for telemetry that is off.
    pub fn new(recorder: Option<&'recorder Recorder>, name: impl Into<Cow<'static, str>>) -> Self {
        MetricBuilder {
            recorder,
            name: name.into(),
            unit: Cow::Borrowed(""),
            description: Cow::Borrowed(""),
            buckets: Buckets::explicit(DEFAULT_BUCKETS),
            labels: [],
            kind: PhantomData,
        }
    }
}

impl<'recorder, K: kind::Kind, const N: usize> MetricBuilder<'recorder, K, N> {
    /// Its unit in UCUM, for example `s` or `{order}`. Default: none.
    pub fn unit(mut self, unit: impl Into<Cow<'static, str>>) -> Self {
        self.unit = unit.into();
        self
    }

    /// What it says, in one sentence. Default: nothing.
    pub fn description(mut self, description: impl Into<Cow<'static, str>>) -> Self {
        self.description = description.into();
        self
    }

    /// The names of its labels. Default: none.
    pub fn labels<L: Into<Cow<'static, str>>, const M: usize>(
        self,
        labels: [L; M],
    ) -> MetricBuilder<'recorder, K, M> {
        let MetricBuilder { recorder, name, unit, description, buckets, .. } = self;
        let labels = labels.map(Into::into);
        MetricBuilder { recorder, name, unit, description, buckets, labels, kind: PhantomData }
    }

    /// Makes the metric.
    ///
    /// # Errors
    ///
    /// Its name, its unit, a label or its buckets cannot be carried by the back ends, or its name is
    /// another metric's for Prometheus.
    pub fn build(self) -> Result<Own<K, N>, SchemaError> {
        let none = LabelPolicies::new();
        let policies = self.recorder.map_or(&none, |recorder| recorder.schema().policies());
        let labels: Vec<LabelShape> =
            self.labels.into_iter().map(|label| label_shape(&self.name, label, policies)).collect();
        let limit = policies.series_of(&[&self.name]);
        let shape = Shape {
            name: self.name.into(),
            unit: self.unit,
            description: self.description,
            instrument: K::INSTRUMENT,
            buckets: self.buckets,
            series_limit: series_limit(&labels, limit),
            labels,
        };
        let Some(recorder) = self.recorder else {
            check_shape(&shape)?;
            return Ok(Own { inner: None, kind: PhantomData });
        };
        recorder.schema().add(&shape)?;
        let family = recorder.family(&shape, Floor::None);
        Ok(Own { inner: Some(family), kind: PhantomData })
    }
}

impl<const N: usize> MetricBuilder<'_, kind::Histogram, N> {
    /// Its buckets. Default: [`DEFAULT_BUCKETS`].
    pub fn buckets(mut self, buckets: Buckets) -> Self {
        self.buckets = buckets;
        self
    }
}

impl<K, const N: usize> Own<K, N> {
    /// The series of these label values, in the order of the labels.
    pub fn series(&self, labels: [&str; N]) -> OwnSeries<K> {
        let found = |family: &Arc<Family>| (Arc::clone(family), find(family, &labels));
        OwnSeries { inner: self.inner.as_ref().map(found), kind: PhantomData }
    }

    fn measure(&self, amount: f64, labels: [&str; N]) {
        if let Some(family) = &self.inner {
            family.add(&find(family, &labels), amount);
        }
    }
}

impl<K> OwnSeries<K> {
    #[inline]
    fn measure(&self, amount: f64) {
        if let Some((family, way)) = &self.inner {
            family.add(way, amount);
        }
    }
}

fn find(family: &Family, labels: &[&str]) -> Way {
    family.find(labels.iter().map(|label| Given::Text(bounded_key(label))))
}

/// The verb of a kind, for the metric and for one of its series.
macro_rules! verb {
    ($kind:ident, $(#[doc = $doc:literal])+ $verb:ident($amount:ident: $type:ty)) => {
        impl<const N: usize> Own<kind::$kind, N> {
            $(#[doc = $doc])+
            #[expect(clippy::cast_precision_loss, reason = "a number that would lose its precision is refused")]
            pub fn $verb(&self, $amount: $type, labels: [&str; N]) {
                self.measure($amount as f64, labels);
            }
        }

        impl OwnSeries<kind::$kind> {
            $(#[doc = $doc])+
            #[expect(clippy::cast_precision_loss, reason = "a number that would lose its precision is refused")]
            #[inline]
            pub fn $verb(&self, $amount: $type) {
                self.measure($amount as f64);
            }
        }
    };
}

verb!(Counter,
    /// Adds to the sum.
    add(amount: u64));
verb!(UpDownCounter,
    /// Adds to the sum, or takes away from it.
    add(change: i64));

impl<const N: usize> Own<kind::Gauge, N> {
    /// Sets the number. One that is not finite is refused and counted.
    pub fn set(&self, number: f64, labels: [&str; N]) {
        self.measure(number, labels);
    }
}

impl OwnSeries<kind::Gauge> {
    /// Sets the number. One that is not finite is refused and counted.
    #[inline]
    pub fn set(&self, number: f64) {
        self.measure(number);
    }
}

impl<const N: usize> Own<kind::Histogram, N> {
    /// Records a number. One that is not finite is refused and counted.
    pub fn record(&self, number: f64, labels: [&str; N]) {
        self.measure(number, labels);
    }
}

impl OwnSeries<kind::Histogram> {
    /// Records a number. One that is not finite is refused and counted.
    #[inline]
    pub fn record(&self, number: f64) {
        self.measure(number);
    }
}

impl<K, const N: usize> Clone for Own<K, N> {
    fn clone(&self) -> Self {
        Own { inner: self.inner.clone(), kind: PhantomData }
    }
}

impl<K> Clone for OwnSeries<K> {
    fn clone(&self) -> Self {
        OwnSeries { inner: self.inner.clone(), kind: PhantomData }
    }
}

impl<K, const N: usize> fmt::Debug for Own<K, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Own").field(&self.inner.as_ref().map(|family| family.name())).finish()
    }
}

impl<K> fmt::Debug for OwnSeries<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("OwnSeries").field(&self.inner.as_ref().map(|(family, _)| family.name())).finish()
    }
}

impl<K, const N: usize> fmt::Debug for MetricBuilder<'_, K, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MetricBuilder")
            .field("name", &self.name)
            .field("labels", &self.labels)
            .finish_non_exhaustive()
    }
}
