//! Numbers that make no sense.

use flowspan_api::{Usage, Workflow};
use flowspan_layer::{Accounting, Engine, Price, Prices, Refusal};
use flowspan_model::{Field, Kind, Value};
use tracing::{field::Empty, info_span};

use crate::{
    ask, bench, some,
    support::{Bench, attribute},
    with_both_engines, within,
};

fn refusals(accounting: &Accounting) -> [u64; 5] {
    Refusal::ALL.map(|reason| accounting.findings().refusals(reason))
}

fn numbers_that_no_call_can_have_are_refused_and_counted(engine: Engine) {
    let accounting = Accounting::default();
    let bench = bench(engine, accounting.clone());
    within(Workflow::new("w").span(), || {
        drop(info_span!(target: "flowspan", "inference", gen_ai.request.model = "m",
            gen_ai.usage.input_tokens = -5, gen_ai.usage.output_tokens = 7_u64));
        drop(info_span!(target: "flowspan", "inference", gen_ai.request.model = "m",
            gen_ai.usage.input_tokens = u64::MAX, gen_ai.usage.output_tokens = i64::MAX));
        drop(info_span!(target: "flowspan", "inference", gen_ai.request.model = "m",
            gen_ai.usage.input_tokens = "many", gen_ai.usage.output_tokens = f64::NAN));
        drop(info_span!(target: "flowspan", "inference", gen_ai.request.model = "m",
            gen_ai.usage.input_tokens = 2.5, gen_ai.usage.output_tokens = f64::INFINITY));
        // A whole number all the same.
        drop(info_span!(target: "flowspan", "inference", gen_ai.request.model = "m",
            gen_ai.usage.input_tokens = 4.0));
    });
    let workflow = bench.ended(Kind::Workflow);
    assert_eq!(workflow.fields.integer(Field::RollUpInputTokens), Some(4));
    assert_eq!(workflow.fields.integer(Field::RollUpOutputTokens), Some(7));
    assert_eq!(workflow.fields.integer(Field::RollUpInferenceCalls), Some(5), "a call is one all the same");
    assert_eq!(refusals(&accounting), [1, 3, 3, 0, 0]);
    let spans = bench.spans();
    let refused = spans.iter().find(|span| attribute(span, "gen_ai.usage.output_tokens") == Some(7.into()));
    assert_eq!(attribute(refused.expect("it is there"), "gen_ai.usage.input_tokens"), None);
    assert!(spans.iter().all(|span| span.attributes.iter().all(|kv| !kv.key.as_str().contains("internal"))));
}

fn a_part_that_is_larger_than_its_whole_becomes_the_whole(engine: Engine) {
    let accounting = Accounting::new(Prices::none().model("p/m", Price::new().input(1.0).output(1.0)));
    let bench = bench(engine, accounting.clone());
    ask(|call| call.usage(some().cache_read(8).cache_write(99).reasoning(4)));
    let usage = bench.ended(Kind::Inference).usage();
    assert_eq!(usage, some().cache_read(8).cache_write(2).reasoning(3));
    assert_eq!(refusals(&accounting), [0, 0, 0, 2, 0]);
    assert_eq!(attribute(&bench.span("chat m"), "gen_ai.usage.cache_write.input_tokens"), Some(2.into()));
}

fn a_part_whose_whole_nobody_knows_stays(engine: Engine) {
    let bench = Bench::new(engine);
    ask(|call| call.usage(Usage::new().cache_read(8)));
    assert_eq!(bench.ended(Kind::Inference).usage(), Usage::new().cache_read(8));
}

fn a_usage_that_shrinks_while_streaming_stays_where_it_was(engine: Engine) {
    let accounting = Accounting::default();
    let bench = bench(engine, accounting.clone());
    ask(|call| {
        call.usage(Usage::new().input(10).output(1));
        call.usage(Usage::new().output(40));
        call.usage(Usage::new().input(0).output(0));
    });
    assert_eq!(bench.ended(Kind::Inference).usage(), Usage::new().input(10).output(40));
    assert_eq!(refusals(&accounting), [0, 0, 0, 0, 2]);
    assert_eq!(attribute(&bench.span("chat m"), "gen_ai.usage.output_tokens"), Some(40.into()));
}

fn a_cost_that_is_no_amount_is_refused_and_computed_instead(engine: Engine) {
    let accounting = Accounting::new(Prices::none().model("p/m", Price::new().input(1.0).output(1.0)));
    let bench = bench(engine, accounting.clone());
    for bad in [f64::NAN, -1.0, f64::INFINITY] {
        ask(|call| {
            call.usage(some());
            call.cost(bad, "EUR");
        });
    }
    let events = bench.events();
    let costs: Vec<_> = events.iter().filter_map(|event| event.fields.get(Field::CostAmount)).collect();
    assert_eq!(costs, [&Value::Float(0.000_013); 3]);
    assert_eq!(bench.ended(Kind::Inference).fields.text(Field::CostCurrency), Some("USD"));
    assert_eq!(refusals(&accounting), [1, 1, 1, 0, 0]);
}

fn a_thousand_choices_and_a_name_of_ten_kibibytes_harm_nobody(engine: Engine) {
    let accounting = Accounting::new(Prices::builtin());
    let bench = bench(engine, accounting.clone());
    let (name, reasons) = ("é".repeat(5_120), vec!["stop"; 1_000].join(","));
    let span = info_span!(target: "flowspan", "inference",
        gen_ai.provider.name = &*name, gen_ai.request.model = &*name, gen_ai.response.id = &*name,
        gen_ai.usage.input_tokens = 3, gen_ai.response.finish_reasons = Empty);
    span.record("gen_ai.response.finish_reasons", &*reasons);
    drop(span);
    assert_eq!(bench.ended(Kind::Inference).usage().input, Some(3));
    let unpriced = accounting.findings().unpriced();
    assert_eq!((unpriced.len(), unpriced[0].model.len(), unpriced[0].calls), (1, 128, 1));
}

with_both_engines! {
    numbers_that_no_call_can_have_are_refused_and_counted;
    a_part_that_is_larger_than_its_whole_becomes_the_whole;
    a_part_whose_whole_nobody_knows_stays;
    a_usage_that_shrinks_while_streaming_stays_where_it_was;
    a_cost_that_is_no_amount_is_refused_and_computed_instead;
    a_thousand_choices_and_a_name_of_ten_kibibytes_harm_nobody;
}
