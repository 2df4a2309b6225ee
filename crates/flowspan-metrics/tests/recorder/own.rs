//! Metrics of the program's own.

use flowspan_metrics::{Buckets, LabelPolicies, Names, Totals};
use flowspan_model::{LabelPolicy, OTHER};
use proptest::prelude::*;

use crate::support::Bench;

fn bench(policies: LabelPolicies) -> Bench {
    Bench::with(Names::new("test"), policies, |recorder| recorder)
}

#[test]
fn they_go_through_the_same_policies() {
    let policies = LabelPolicies::new()
        .policy("customer", LabelPolicy::First(3))
        .limit("customer", 2)
        .policy("region", LabelPolicy::allow(["eu"]));
    let bench = bench(policies);
    let orders =
        bench.recorder.counter("orders").labels(["customer", "region"]).build().expect("a good metric");
    orders.add(1, ["abc-1", "eu"]);
    orders.add(2, ["abc-2", "mars"]);
    orders.add(3, ["xyz", ""]);
    orders.series(["one too many", "eu"]).add(4);
    let sums = bench.sums("orders");
    assert_eq!(sums["customer=abc,region=eu"], 1.0);
    assert_eq!(sums["customer=abc,region=other"], 2.0);
    assert_eq!(sums["customer=xyz"], 3.0, "an empty value is no label");
    assert_eq!(sums["customer=other,region=eu"], 4.0);
    let collapsed: Vec<_> =
        bench.recorder.collapsed().into_iter().map(|c| (c.metric, c.label, c.measurements)).collect();
    let of = |label: &str| ("orders".to_owned(), label.to_owned(), 1);
    assert_eq!(collapsed, [of("customer"), of("region")]);
}

#[test]
fn every_kind_does_what_it_says() {
    let totals = Totals::new();
    let bench = Bench::with(Names::new("test"), LabelPolicies::new(), |recorder| {
        recorder.metric_sink("totals", std::sync::Arc::new(totals.clone()))
    });
    let counter =
        bench.recorder.counter("sold").unit("{order}").description("Orders.").build().expect("good");
    let stock = bench.recorder.up_down_counter("stock").build().expect("good");
    let heat = bench.recorder.gauge("heat").unit("Cel").labels(["room"]).build().expect("good");
    let size = bench.recorder.histogram("size").buckets(Buckets::explicit([1.0, 2.0])).build().expect("good");
    counter.add(3, []);
    counter.clone().add(4, []);
    stock.add(-2, []);
    heat.set(20.0, ["a"]);
    heat.series(["a"]).set(21.5);
    size.record(0.5, []);
    size.series([]).record(2.5);
    for (name, value) in [("sold", 7.0), ("stock", -2.0), ("size", 3.0)] {
        assert_eq!(bench.sums(name)[""], value, "{name}");
        assert_eq!(totals.snapshot().sum(name), value, "{name}");
    }
    assert_eq!(bench.sums("heat")["room=a"], 21.5);
    assert_eq!(totals.snapshot().sum("heat"), 21.5);
}

#[test]
fn numbers_without_sense_change_nothing_and_are_counted() {
    let bench = bench(LabelPolicies::new());
    let size = bench.recorder.histogram("size").build().expect("good");
    let heat = bench.recorder.gauge("heat").build().expect("good");
    size.record(1.0, []);
    heat.set(1.0, []);
    for senseless in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        size.record(senseless, []);
        heat.set(senseless, []);
    }
    size.record(f64::MAX, []);
    bench.recorder.counter("many").build().expect("good").add(u64::MAX, []);
    assert_eq!((bench.sums("size")[""], bench.sums("heat")[""]), (1.0, 1.0));
    assert_eq!(bench.recorder.refused(), 8);
}

#[test]
fn what_a_back_end_cannot_carry_is_refused_with_a_reason() {
    let bench = bench(LabelPolicies::new());
    let recorder = &bench.recorder;
    let long = "m".repeat(1 << 20);
    for name in ["", "9lives", "größe", "a b", "a\nb", long.as_str()] {
        let error = recorder.counter(name.to_owned()).build().expect_err(name).to_string();
        assert!(error.contains("letter") && error.len() < 500, "{error}");
    }
    for label in ["", "le", "quantile", "__name__", "9", "otel.scope.name", "otel_scope_x", "a-b", "größe"]
    {
        let error = recorder.histogram("h").labels([label]).build().expect_err(label).to_string();
        assert!(error.contains("label of h"), "{error}");
    }
    assert!(recorder.counter("c").labels(["a.b", "a_b"]).build().is_err(), "they are one for Prometheus");
    for unit in ["µs", "two words", long.as_str()] {
        assert!(recorder.counter("c").unit(unit.to_owned()).build().is_err());
    }
    for bounds in [vec![], vec![1.0, f64::NAN], vec![f64::INFINITY], vec![2.0, 1.0], vec![1.0, 1.0]] {
        assert!(recorder.histogram("h").buckets(Buckets::Explicit(bounds)).build().is_err());
    }
    let _first = recorder.counter("a.b").build().expect("it is the first");
    for name in ["a.b", "a_b", "a-b", "a/b", "a.b_total"] {
        let error = recorder.counter(name).build().expect_err(name).to_string();
        assert!(error.contains("a_b_total") && error.contains("rename"), "{error}");
    }
    let error = recorder.counter("test.step.retries").build().expect_err("the catalog has it").to_string();
    assert!(error.contains("test_step_retries_total"), "{error}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever a program puts into labels: bounded series with bounded values, exact totals.
    #[test]
    fn any_label_value_is_made_fit(values in prop::collection::vec(("\\PC*|.{0,300}|[\u{0}-\u{1f}]{0,5}", 0_u64..100), 1..200)) {
        let bench = bench(LabelPolicies::new().limit("l", 10));
        let counter = bench.recorder.counter("c").labels(["l"]).build().expect("good");
        for (value, amount) in &values {
            counter.add(*amount, [value]);
        }
        let sums = bench.sums("c");
        prop_assert_eq!(sums.values().sum::<f64>(), values.iter().map(|(_, amount)| *amount as f64).sum::<f64>());
        prop_assert!(sums.len() <= 12, "ten values, other, and none");
        prop_assert!(sums.keys().all(|labels| labels.len() <= "l=".len() + 128));
    }
}

#[test]
fn a_mebibyte_of_label_is_cut_and_not_kept() {
    let bench = bench(LabelPolicies::new().limit("l", 5));
    let counter = bench.recorder.counter("c").labels(["l"]).build().expect("good");
    for n in 0..10_u8 {
        counter.add(1, [&char::from(b'a' + n).to_string().repeat(1 << 20)]);
    }
    let sums = bench.sums("c");
    assert_eq!(sums.len(), 6);
    assert_eq!(sums[&format!("l={OTHER}")], 5.0);
    assert_eq!(sums[&format!("l={}", "a".repeat(128))], 1.0);
    assert_eq!(bench.recorder.collapsed()[0].measurements, 10, "what was cut is counted too");
}
