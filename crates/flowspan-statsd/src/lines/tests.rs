use proptest::prelude::*;

use super::*;

const PLAIN: Form = Form {
    dialect: Dialect::Plain,
    plain_labels: PlainLabels::Fold,
    dog_histograms: DogHistograms::Histogram,
    histogram_rate: 1.0,
};
const DOG: Form = Form { dialect: Dialect::DogStatsD, ..PLAIN };
const INFLUX: Form = Form { dialect: Dialect::Influx, ..PLAIN };

fn series(name: &str, instrument: Instrument, unit: &str, labels: &[(&str, &str)]) -> Arc<Series> {
    let labels = labels.iter().map(|(key, value)| ((*key).into(), (*value).into()));
    Arc::new(Series::new(name, instrument, unit, labels))
}

fn line(form: Form, series: &Arc<Series>, value: f64) -> String {
    let mut out = String::new();
    Lines::new(form).write(&Measurement::new(Arc::clone(series), value), &mut out);
    out
}

#[test]
fn labels_are_tags_or_parts_of_the_name_in_the_order_of_their_names() {
    let steps =
        series("flowspan.steps", Instrument::Counter, "{step}", &[("type", "shell"), ("status", "ok")]);
    assert_eq!(line(PLAIN, &steps, 3.0), "flowspan.steps.status.ok.type.shell:3|c");
    assert_eq!(line(DOG, &steps, 3.0), "flowspan.steps:3|c|#status:ok,type:shell");
    assert_eq!(line(INFLUX, &steps, 3.0), "flowspan.steps,status=ok,type=shell:3|c");
    let dropped = Form { plain_labels: PlainLabels::Drop, ..PLAIN };
    assert_eq!(line(dropped, &steps, 3.0), "flowspan.steps:3|c");
}

#[test]
fn durations_are_milliseconds_where_the_server_has_timers() {
    let duration = series("step.duration", Instrument::Histogram, "s", &[]);
    assert_eq!(line(PLAIN, &duration, 0.0123), "step.duration:12.3|ms");
    assert_eq!(line(INFLUX, &duration, 2.0), "step.duration:2000|ms");
    assert_eq!(line(DOG, &duration, 0.0123), "step.duration:0.0123|h");
    let distribution = Form { dog_histograms: DogHistograms::Distribution, ..DOG };
    assert_eq!(line(distribution, &duration, 0.0123), "step.duration:0.0123|d");
}

#[test]
fn other_histograms_keep_their_unit() {
    let score = series("score", Instrument::Histogram, "{score}", &[]);
    assert_eq!(line(PLAIN, &score, 0.75), "score:0.75|ms");
    assert_eq!(line(INFLUX, &score, 0.75), "score:0.75|h");
    assert_eq!(line(DOG, &score, 0.75), "score:0.75|h");
}

#[test]
fn the_rate_stands_before_the_tags_and_only_on_histograms() {
    let tenth = Form { histogram_rate: 0.1, ..DOG };
    let labels = [("k", "v")];
    let duration = series("d", Instrument::Histogram, "s", &labels);
    assert_eq!(line(tenth, &duration, 1.5), "d:1.5|h|@0.1|#k:v");
    assert_eq!(line(tenth, &series("c", Instrument::Counter, "", &labels), 1.0), "c:1|c|#k:v");
    let tiny = Form { histogram_rate: 1e-7, ..PLAIN };
    assert_eq!(line(tiny, &series("d", Instrument::Histogram, "s", &[]), 1.0), "d:1000|ms|@0.0000001");
}

#[test]
fn a_level_below_zero_is_set_and_not_subtracted() {
    for instrument in [Instrument::Gauge, Instrument::UpDownCounter] {
        let depth = series("depth", instrument, "{item}", &[("queue", "a")]);
        assert_eq!(line(DOG, &depth, -5.0), "depth:0|g|#queue:a\ndepth:-5|g|#queue:a");
        assert_eq!(line(DOG, &depth, 5.0), "depth:5|g|#queue:a");
        assert_eq!(line(DOG, &depth, -0.0), "depth:0|g|#queue:a");
    }
}

#[test]
fn numbers_have_no_exponent() {
    let cost = series("cost", Instrument::FloatCounter, "{USD}", &[]);
    assert_eq!(line(PLAIN, &cost, 0.000_000_25), "cost:0.00000025|c");
    assert_eq!(line(PLAIN, &cost, 1e21), "cost:1000000000000000000000|c");
    assert_eq!(line(PLAIN, &cost, 9_007_199_254_740_991.0), "cost:9007199254740991|c");
}

#[test]
fn a_series_that_is_not_kept_is_written_all_the_same() {
    let mut lines = Lines::new(DOG);
    for number in 0..=KEPT_SERIES {
        let text = number.to_string();
        let one = series("c", Instrument::Counter, "", &[("n", &text)]);
        let mut out = String::new();
        lines.write(&Measurement::new(one, 1.0), &mut out);
        assert_eq!(out, format!("c:1|c|#n:{text}"));
    }
    assert!(lines.frames.len() <= KEPT_SERIES);
}

/// What a server makes of a line: it knows the grammar, and nothing of how lines are written.
#[derive(Debug, PartialEq)]
struct Parsed<'line> {
    name: &'line str,
    tags: Vec<(&'line str, &'line str)>,
    value: f64,
    kind: &'line str,
    rate: Option<f64>,
}

fn parsed(line: &str) -> Option<Parsed<'_>> {
    let (head, rest) = line.split_once(':')?;
    let mut tags = Vec::new();
    let mut head = head.split(',');
    let name = head.next().filter(|name| !name.is_empty())?;
    for tag in head {
        tags.push(tag.split_once('=').filter(|(key, value)| !key.is_empty() && !value.is_empty())?);
    }
    let mut sections = rest.split('|');
    let value = sections.next()?.parse().ok()?;
    let kind = sections.next().filter(|kind| ["c", "g", "ms", "h", "d"].contains(kind))?;
    let mut rate = None;
    for section in sections {
        if let Some(text) = section.strip_prefix('@') {
            rate = Some(text.parse().ok()?);
        } else {
            for tag in section.strip_prefix('#')?.split(',') {
                let (key, value) = tag.split_once(':')?;
                if key.is_empty() || value.is_empty() || value.contains(':') {
                    return None;
                }
                tags.push((key, value));
            }
        }
    }
    Some(Parsed { name, tags, value, kind, rate })
}

fn wild() -> impl Strategy<Value = String> {
    prop_oneof![
        ".{0,40}",
        // What a line is made of, and what ends it.
        prop::collection::vec(
            prop::sample::select("|:@#,=\n\r\0 ;./\\[]{}_-ßé日a1".chars().collect::<Vec<_>>()),
            0..40
        )
        .prop_map(String::from_iter),
        Just("x|c\nother:1|c".to_owned()),
        (100_usize..400).prop_map(|length| "日|".repeat(length)),
    ]
}

fn forms() -> impl Strategy<Value = Form> {
    (
        prop::sample::select(Dialect::ALL.to_vec()),
        prop::sample::select(vec![PlainLabels::Fold, PlainLabels::Drop]),
        prop::sample::select(vec![DogHistograms::Histogram, DogHistograms::Distribution]),
        prop_oneof![Just(1.0), 1e-6..1.0],
    )
        .prop_map(|(dialect, plain_labels, dog_histograms, histogram_rate)| Form {
            dialect,
            plain_labels,
            dog_histograms,
            histogram_rate,
        })
}

proptest! {
    #[test]
    fn whatever_a_label_holds_a_line_is_one_metric_with_clean_tags(
        form in forms(),
        name in wild(),
        labels in prop::collection::vec((wild(), wild()), 0..6),
        instrument in prop::sample::select(vec![
            Instrument::Counter,
            Instrument::FloatCounter,
            Instrument::UpDownCounter,
            Instrument::Gauge,
            Instrument::Histogram,
        ]),
        unit in prop::sample::select(vec!["s", "By", ""]),
        value in prop_oneof![0.0..1e6, Just(0.0), 1e12..1e300],
    ) {
        let pairs: Vec<_> = labels.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        let series = series(&name, instrument, unit, &pairs);
        let line = line(form, &series, value);
        prop_assert!(line.chars().all(|c| !c.is_control() && !c.is_whitespace()), "{line:?}");
        let parsed = parsed(&line).expect(&line);

        let clean = |c: char| c.is_alphanumeric() || "_-./".contains(c);
        prop_assert!(parsed.name.chars().all(|c| c.is_ascii() && clean(c) && c != '/'), "{line:?}");
        for (key, value) in &parsed.tags {
            prop_assert!(key.chars().chain(value.chars()).all(clean), "{line:?}");
            prop_assert!(key.len() <= 67 && value.len() <= 128, "{line:?}");
        }
        match (form.dialect, form.plain_labels) {
            (Dialect::Plain, PlainLabels::Drop) => prop_assert!(parsed.tags.is_empty()),
            (Dialect::Plain, PlainLabels::Fold) => {
                // Two parts for each label, and none of them empty, so that they can be told apart.
                prop_assert!(parsed.tags.is_empty());
                let mut own = String::new();
                words::name(&mut own, &name);
                let parts = parsed.name.strip_prefix(&own).expect("the metric comes first");
                prop_assert_eq!(parts.split('.').skip(1).filter(|part| !part.is_empty()).count(), 2 * labels.len());
            }
            _ => prop_assert_eq!(parsed.tags.len(), labels.len()),
        }
        let is_histogram = instrument == Instrument::Histogram;
        let expected = if parsed.kind == "ms" && unit == "s" { value * 1e3 } else { value };
        prop_assert!((parsed.value - expected).abs() <= expected * 1e-12 + 1e-6, "{line:?}");
        prop_assert_eq!(parsed.rate, (is_histogram && form.histogram_rate < 1.0).then_some(form.histogram_rate));
    }

    #[test]
    fn a_level_is_what_both_kinds_of_server_read(value in -1e9..1e9) {
        let text = line(PLAIN, &series("g", Instrument::Gauge, "", &[]), value);
        let (mut changed, mut last) = (17.0, 17.0);
        for line in text.split('\n') {
            let parsed = parsed(line).expect(line);
            let is_change = line.contains(":-") || line.contains(":+");
            changed = if is_change { changed + parsed.value } else { parsed.value };
            last = parsed.value;
        }
        prop_assert_eq!((changed, last), (value, value));
    }
}
