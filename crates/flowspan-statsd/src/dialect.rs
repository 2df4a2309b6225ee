//! The ways in which lines are written.

/// What the server understands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// `name:1|c`, as the first StatsD had it, without tags. Every server takes it.
    #[default]
    Plain,
    /// `name:1|c|#key:value`, as the Datadog agent has it. Also for the `statsd_exporter` of Prometheus,
    /// and Telegraf with `datadog_extensions`.
    DogStatsD,
    /// `name,key=value:1|c`, as Telegraf has it. Also for the `statsd_exporter` of Prometheus.
    Influx,
}

impl Dialect {
    /// Every dialect.
    pub const ALL: [Dialect; 3] = [Dialect::Plain, Dialect::DogStatsD, Dialect::Influx];

    /// Its name in `FLOWSPAN_STATSD_DIALECT`: `plain`, `dogstatsd` or `influx`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Dialect::Plain => "plain",
            Dialect::DogStatsD => "dogstatsd",
            Dialect::Influx => "influx",
        }
    }

    /// The dialect of this name, in letters of any case.
    pub fn from_name(name: &str) -> Option<Self> {
        Dialect::ALL.into_iter().find(|dialect| dialect.as_str().eq_ignore_ascii_case(name))
    }
}

/// What becomes of labels in [`Dialect::Plain`], which has no place for them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum PlainLabels {
    /// Each becomes two parts of the name, in the order of the labels' names:
    /// `steps.status.failed.step_type.shell`.
    #[default]
    Fold,
    /// They are left out: there is one number for all series of a metric.
    Drop,
}

impl PlainLabels {
    /// What `FLOWSPAN_STATSD_LABELS` calls `fold` or `drop`.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "fold" => Some(PlainLabels::Fold),
            "drop" => Some(PlainLabels::Drop),
            _ => None,
        }
    }
}

/// How [`Dialect::DogStatsD`] sends histograms.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum DogHistograms {
    /// `|h`: each agent sums up what it gets.
    #[default]
    Histogram,
    /// `|d`: Datadog sums up over all agents.
    Distribution,
}

impl DogHistograms {
    /// What `FLOWSPAN_STATSD_HISTOGRAMS` calls `histogram` or `distribution`.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "histogram" => Some(DogHistograms::Histogram),
            "distribution" => Some(DogHistograms::Distribution),
            _ => None,
        }
    }
}

/// All that decides how a line is written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Form {
    pub(crate) dialect: Dialect,
    pub(crate) plain_labels: PlainLabels,
    pub(crate) dog_histograms: DogHistograms,
    /// Which part of the numbers of histograms is sent; 1 is all of them.
    pub(crate) histogram_rate: f64,
}
