//! Orders what the SDK hands over into families.

use std::{cmp::Ordering, ops::Range};

use opentelemetry::{InstrumentationScope, Value};
use opentelemetry_sdk::{
    Resource,
    metrics::data::{Metric, ResourceMetrics, ScopeMetrics},
};

use super::{
    Findings,
    labels::Shape,
    names,
    samples::{self, Kind, Number, Sample},
    units,
};

/// How many of the latest shapes are looked at before a new one is made.
const REMEMBERED_SHAPES: usize = 8;

/// All series of one name, in the order of their labels.
pub(super) struct Family<'a> {
    pub(super) name: &'a str,
    pub(super) kind: Kind,
    /// What the first metric of the family that has a description says.
    pub(super) help: &'a str,
    /// The unit of the first metric of the family.
    pub(super) unit: &'a str,
    /// What the first metric of the family is called in the program.
    pub(super) instrument: &'a str,
    pub(super) table: &'a Table<'a>,
}

/// The series of a family.
#[derive(Default)]
pub(super) struct Table<'a> {
    series: Vec<Row<'a>>,
    shapes: Vec<Shape<'a>>,
    // What the rows point into.
    values: Vec<&'a Value>,
    labels: String,
    // The keys of the series that is being taken, kept for its memory.
    keys: Vec<&'a str>,
    mended: u64,
}

#[derive(Clone)]
struct Row<'a> {
    labels: Range<usize>,
    values: Range<usize>,
    shape: usize,
    sample: Sample<'a>,
}

impl<'a> Table<'a> {
    /// Every series: its labels as they stand between braces, and what it says.
    pub(super) fn texts(&self) -> impl Iterator<Item = (&str, Sample<'a>)> {
        self.series.iter().map(|row| (&self.labels[row.labels.clone()], row.sample))
    }

    /// Every series: its labels as pairs, and what it says.
    pub(super) fn pairs(&self) -> impl Iterator<Item = (impl Iterator<Item = (&str, String)>, Sample<'a>)> {
        self.series
            .iter()
            .map(|row| (self.shapes[row.shape].pairs(&self.values[row.values.clone()]), row.sample))
    }

    fn clear(&mut self) {
        self.series.clear();
        self.shapes.clear();
        self.values.clear();
        self.labels.clear();
        self.mended = 0;
    }

    fn shape(&mut self) -> usize {
        let fits = |shape: &Shape<'_>| shape.fits(&self.keys);
        let older = self.shapes.len().saturating_sub(REMEMBERED_SHAPES);
        match self.shapes[older..].iter().rposition(fits) {
            Some(position) => older + position,
            None => {
                self.shapes.push(Shape::new(&self.keys));
                self.shapes.len() - 1
            }
        }
    }

    /// Sorts the series and keeps one of all with the same labels; how many it left out.
    ///
    /// It keeps the largest: the order in which the SDK hands them over changes from one scrape to the
    /// next, and of two counters the larger one never falls.
    fn keep_one_of_each(&mut self) -> u64 {
        let before = self.series.len();
        let labels = |row: &Row<'a>| &self.labels.as_bytes()[row.labels.clone()];
        self.series.sort_unstable_by(|left, right| {
            labels(left).cmp(labels(right)).then_with(|| right.sample.compare(left.sample))
        });
        self.series.dedup_by(|later, first| labels(later) == labels(first));
        (before - self.series.len()) as u64
    }
}

impl<'a> samples::Series<'a> for Table<'a> {
    fn take(&mut self, attributes: impl Iterator<Item = (&'a str, &'a Value)>, sample: Sample<'a>) {
        let begin = (self.values.len(), self.labels.len());
        self.keys.clear();
        for (key, value) in attributes {
            self.keys.push(key);
            self.values.push(value);
        }
        let index = self.shape();
        let shape = &self.shapes[index];
        shape.write(&self.values[begin.0..], &mut self.labels);
        self.mended += shape.mended;
        let (values, labels) = (begin.0..self.values.len(), begin.1..self.labels.len());
        self.series.push(Row { labels, values, shape: index, sample });
    }
}

/// One metric on its way into a family.
struct Entry<'a> {
    name: String,
    is_mended: bool,
    kind: Kind,
    source: Source<'a>,
}

#[derive(Clone, Copy)]
enum Source<'a> {
    Metric(&'a Metric),
    /// What describes the program: a series with all of it as labels.
    Resource(&'a Resource),
}

impl<'a> Entry<'a> {
    /// Under the name that the OpenTelemetry specification gives it for Prometheus: with the unit, and
    /// `_total` if it only grows.
    fn of(metric: &'a Metric) -> Option<Self> {
        let kind = Kind::of(metric)?;
        let name = names::metric(metric.name());
        let is_mended = name.is_mended;
        let mut name = name.text.into_owned();
        if let Some(unit) = units::word(metric.unit()) {
            name.push('_');
            name.push_str(&unit);
        }
        if kind == Kind::Counter {
            name.push_str("_total");
        }
        Some(Entry { name, is_mended, kind, source: Source::Metric(metric) })
    }

    fn of_resource(resource: &'a Resource) -> Option<Self> {
        let name = "target_info".to_owned();
        let entry = Entry { name, is_mended: false, kind: Kind::Gauge, source: Source::Resource(resource) };
        (!resource.is_empty()).then_some(entry)
    }

    fn help(&self) -> &'a str {
        match self.source {
            Source::Metric(metric) => metric.description(),
            Source::Resource(_) => "Target metadata",
        }
    }

    fn series(&self) -> u64 {
        match self.source {
            Source::Metric(metric) => samples::count(metric),
            Source::Resource(_) => 1,
        }
    }

    fn fill(&self, table: &mut Table<'a>) {
        match self.source {
            Source::Metric(metric) => samples::each(metric, table),
            Source::Resource(resource) => samples::Series::take(
                table,
                resource.iter().map(|(key, value)| (key.as_str(), value)),
                Sample::Number(Number::U64(1)),
            ),
        }
    }
}

/// Hands over the families, in the order of their names.
pub(super) fn each(metrics: &ResourceMetrics, mut take: impl FnMut(&Family<'_>)) -> Findings {
    let mut findings = Findings::default();
    let entries = entries(metrics, &mut findings);
    let mut table = Table::default();
    for members in entries.chunk_by(|left, right| left.name == right.name) {
        let first = &members[0];
        if is_part_of_histogram(&first.name, &entries) {
            findings.dropped += members.iter().map(Entry::series).sum::<u64>();
            continue;
        }
        table.clear();
        for member in members {
            if member.kind == first.kind {
                findings.mended += u64::from(member.is_mended);
                member.fill(&mut table);
            } else {
                findings.dropped += member.series();
            }
        }
        findings.mended += table.mended;
        findings.dropped += table.keep_one_of_each();
        if table.series.is_empty() {
            continue;
        }
        let (instrument, unit) = match first.source {
            Source::Metric(metric) => (metric.name(), metric.unit()),
            Source::Resource(_) => (&*first.name, ""),
        };
        let help = members.iter().map(Entry::help).find(|help| !help.is_empty()).unwrap_or_default();
        take(&Family { name: &first.name, kind: first.kind, help, unit, instrument, table: &table });
    }
    findings
}

/// By name; within a name by scope and then by age, so that it is the same metric each time that gives
/// a family its type.
fn entries<'a>(metrics: &'a ResourceMetrics, findings: &mut Findings) -> Vec<Entry<'a>> {
    let mut scopes: Vec<&ScopeMetrics> = metrics.scope_metrics().collect();
    scopes.sort_by(|left, right| compare(left.scope(), right.scope()));
    let mut entries: Vec<Entry<'a>> = Entry::of_resource(metrics.resource()).into_iter().collect();
    for metric in scopes.into_iter().flat_map(ScopeMetrics::metrics) {
        match Entry::of(metric) {
            Some(entry) => entries.push(entry),
            None => findings.dropped += samples::count(metric),
        }
    }
    entries.sort_by(|left, right| left.name.cmp(&right.name));
    entries
}

fn compare(left: &InstrumentationScope, right: &InstrumentationScope) -> Ordering {
    let key = |scope: &InstrumentationScope| {
        (scope.name().to_owned(), scope.version().map(str::to_owned), scope.schema_url().map(str::to_owned))
    };
    key(left).cmp(&key(right))
}

/// The lines of a histogram have these names, and no other metric may have them.
fn is_part_of_histogram(name: &str, entries: &[Entry<'_>]) -> bool {
    ["_bucket", "_sum", "_count"].iter().filter_map(|part| name.strip_suffix(part)).any(|whole| {
        let first = entries.partition_point(|entry| *entry.name < *whole);
        entries.get(first).is_some_and(|entry| entry.name == whole && entry.kind == Kind::Histogram)
    })
}
