//! `flowspan catalog`: the whole vocabulary, for people and for scripts.

use std::fmt::Write;

use clap::{Args, ValueEnum};
use flowspan::model::{
    Field, Kind,
    catalog::{METRICS, Metric, NAMESPACE_FORM, is_namespace},
    reference::{example_query, metrics_page, vocabulary_page},
};
use serde::Serialize;

/// Prints every metric, span and event of flowspan.
#[derive(Clone, Debug, Args)]
pub struct CatalogArgs {
    /// The form in which it is printed.
    #[arg(long, value_enum, default_value_t = CatalogFormat::Table)]
    pub format: CatalogFormat,

    /// The namespace of the metrics, as it is given to the builder.
    #[arg(long, value_name = "NS", default_value = flowspan::DEFAULT_NAMESPACE, value_parser = namespace)]
    pub namespace: String,
}

/// The form of the catalog.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum CatalogFormat {
    /// One line for each metric, span and event.
    Table,
    /// One JSON object.
    Json,
    /// The pages of the documentation.
    Markdown,
}

fn namespace(text: &str) -> Result<String, String> {
    if is_namespace(text) { Ok(text.to_owned()) } else { Err(format!("expected {NAMESPACE_FORM}")) }
}

/// The catalog in the form that was asked for, without a line break at its end.
pub fn render(args: &CatalogArgs) -> String {
    let text = match args.format {
        CatalogFormat::Table => table(&args.namespace),
        // Numbers and texts always become JSON; were they not to, the table says as much.
        CatalogFormat::Json => serde_json::to_string_pretty(&Catalog::new(&args.namespace))
            .unwrap_or_else(|_| table(&args.namespace)),
        CatalogFormat::Markdown => format!("{}\n{}", metrics_page(&args.namespace), vocabulary_page()),
    };
    text.trim_end().to_owned()
}

fn table(namespace: &str) -> String {
    let metrics = METRICS.iter().map(|metric| {
        let labels: Vec<_> = metric.labels.iter().map(|label| label.name).collect();
        [
            metric.prometheus_name(namespace),
            metric.instrument.name().to_owned(),
            labels.join(","),
            metric.description.to_owned(),
        ]
    });
    let kinds = Kind::ALL.iter().map(|kind| {
        let fields: Vec<_> = kind.fields().iter().map(|field| field.key()).collect();
        let what = if kind.is_span() { "span" } else { "event" };
        [kind.name().to_owned(), what.to_owned(), fields.join(","), kind.description().to_owned()]
    });
    let mut text = aligned(["METRIC", "INSTRUMENT", "LABELS", "SAYS"], metrics.collect());
    text.push('\n');
    text += &aligned(
        ["NAME", "IS", "SAYS", "FIELDS"],
        kinds.map(|[name, is, fields, says]| [name, is, says, fields]).collect(),
    );
    text
}

/// Rows in columns, each as wide as its widest cell; the last one as it is.
fn aligned(head: [&str; 4], rows: Vec<[String; 4]>) -> String {
    let rows: Vec<_> = std::iter::once(head.map(str::to_owned)).chain(rows).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths = [width(0), width(1), width(2)];
    let mut text = String::new();
    for [first, second, third, last] in &rows {
        // Writing into a string cannot fail.
        let _ =
            writeln!(text, "{first:<0$}  {second:<1$}  {third:<2$}  {last}", widths[0], widths[1], widths[2]);
    }
    text
}

/// The catalog for scripts.
#[derive(Serialize)]
struct Catalog {
    namespace: String,
    metrics: Vec<MetricRow>,
    spans: Vec<KindRow>,
    events: Vec<KindRow>,
    /// Attributes that flowspan adds to spans.
    roll_ups: Vec<FieldRow>,
}

#[derive(Serialize)]
struct MetricRow {
    name: String,
    prometheus_name: String,
    statsd_name: String,
    instrument: &'static str,
    unit: &'static str,
    description: &'static str,
    labels: Vec<LabelRow>,
    buckets: &'static [f64],
    /// Read when somebody collects, rather than fed by events.
    observed: bool,
    since: &'static str,
    answers: &'static [&'static str],
    convention: Option<&'static str>,
    example_query: String,
}

#[derive(Serialize)]
struct LabelRow {
    name: &'static str,
    fields: Vec<&'static str>,
    limit: usize,
}

#[derive(Serialize)]
struct KindRow {
    name: &'static str,
    description: &'static str,
    fields: Vec<FieldRow>,
}

#[derive(Serialize)]
struct FieldRow {
    name: &'static str,
    value: &'static str,
    description: &'static str,
    inherited: bool,
}

impl Catalog {
    fn new(namespace: &str) -> Self {
        let (spans, events): (Vec<_>, Vec<_>) = Kind::ALL.iter().partition(|kind| kind.is_span());
        Catalog {
            namespace: namespace.to_owned(),
            metrics: METRICS.iter().map(|metric| MetricRow::new(metric, namespace)).collect(),
            spans: spans.into_iter().map(KindRow::new).collect(),
            events: events.into_iter().map(KindRow::new).collect(),
            roll_ups: Field::ROLL_UP.iter().map(FieldRow::new).collect(),
        }
    }
}

impl MetricRow {
    fn new(metric: &Metric, namespace: &str) -> Self {
        let label = |label: &flowspan::model::catalog::Label| LabelRow {
            name: label.name,
            fields: label.from.iter().map(|field| field.key()).collect(),
            limit: label.limit,
        };
        MetricRow {
            name: metric.full_name(namespace),
            prometheus_name: metric.prometheus_name(namespace),
            statsd_name: metric.full_name(namespace),
            instrument: metric.instrument.name(),
            unit: metric.unit,
            description: metric.description,
            labels: metric.labels.iter().map(label).collect(),
            buckets: metric.buckets,
            observed: metric.is_observed(),
            since: metric.since,
            answers: metric.answers,
            convention: metric.convention,
            example_query: example_query(metric, namespace),
        }
    }
}

impl KindRow {
    fn new(kind: Kind) -> Self {
        let ends: &[Field] = if kind.is_span() { Field::OF_AN_END } else { &[] };
        KindRow {
            name: kind.name(),
            description: kind.description(),
            fields: kind.fields().iter().chain(ends).map(FieldRow::new).collect(),
        }
    }
}

impl FieldRow {
    fn new(field: &Field) -> Self {
        FieldRow {
            name: field.key(),
            value: field.value_type().name(),
            description: field.description(),
            inherited: field.is_inherited(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rendered(format: CatalogFormat) -> String {
        render(&CatalogArgs { format, namespace: "bot".to_owned() })
    }

    #[test]
    fn every_form_has_every_metric_and_every_kind() {
        for format in CatalogFormat::value_variants() {
            let text = rendered(*format);
            for metric in METRICS {
                assert!(text.contains(&metric.prometheus_name("bot")), "{} in {format:?}", metric.name);
            }
            for kind in Kind::ALL {
                assert!(text.contains(kind.name()), "{kind:?} in {format:?}");
            }
        }
    }

    #[test]
    fn the_columns_of_the_table_are_aligned() {
        let table = rendered(CatalogFormat::Table);
        let metrics = table.split("\n\n").next().expect("the metrics come first");
        let column = metrics.find("INSTRUMENT").expect("it has a head");
        for line in metrics.lines() {
            assert_eq!(line.as_bytes().get(column - 1), Some(&b' '), "{line}");
            assert_ne!(line.as_bytes().get(column), Some(&b' '), "{line}");
        }
    }

    #[test]
    fn the_json_says_everything_of_a_metric() {
        let json: serde_json::Value =
            serde_json::from_str(&rendered(CatalogFormat::Json)).expect("it is valid JSON");
        let metrics = json["metrics"].as_array().expect("a list");
        assert_eq!(metrics.len(), METRICS.len());
        let steps = metrics.iter().find(|metric| metric["name"] == "bot.step.duration").expect("it is there");
        assert_eq!(steps["prometheus_name"], "bot_step_duration_seconds");
        assert_eq!(steps["labels"][0]["name"], "step_type");
        assert_eq!(steps["labels"][0]["fields"][0], "flowspan.step.type");
        assert_eq!(steps["labels"][0]["limit"], 20);
        assert_eq!(steps["buckets"][0], 0.1);
        assert_eq!(steps["observed"], false);
        assert_eq!(steps["since"], "0.1");
        assert_eq!(json["spans"].as_array().map(Vec::len), Some(16));
    }

    #[test]
    fn a_namespace_that_no_back_end_carries_is_refused() {
        assert!(namespace("prodigy").is_ok());
        assert!(namespace("9 lives").is_err());
    }
}
