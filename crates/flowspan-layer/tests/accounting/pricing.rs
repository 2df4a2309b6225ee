//! What calls cost.

use flowspan_api::{Agent, Embeddings, Inference, Usage, Workflow};
use flowspan_layer::{Accounting, Engine, Price, Prices};
use flowspan_model::{Event, Field, Kind, Value};

use crate::{ask, bench, some, support::attribute, with_both_engines, within};

/// Two dollars for a million tokens of a request, ten for one of a response.
fn priced() -> Accounting {
    let price = Price::new().input(2.0).output(10.0).cache_read(0.5);
    let large = price.clone().above(100, Price::new().input(4.0));
    Accounting::new(Prices::none().model("p/m", price).model("p/large", large))
}

fn cost(event: &Event) -> [Option<String>; 3] {
    [Field::CostAmount, Field::CostCurrency, Field::CostSource]
        .map(|field| event.fields.get(field).map(Value::to_string))
}

fn local(amount: &str) -> [Option<String>; 3] {
    [amount, "USD", "local"].map(|text| Some(text.to_owned()))
}

fn rolled_up(event: &Event) -> Option<f64> {
    event.fields.get(Field::RollUpCost).and_then(Value::as_number)
}

fn a_cost_that_nobody_said_is_computed_if_the_price_is_known(engine: Engine) {
    let bench = bench(engine, priced());
    within(Workflow::new("w").span(), || {
        within(Agent::new("a").span(), || ask(|call| call.usage(some().cache_read(4))));
        Inference::chat("p", "large").usage(Usage::new().input(101));
    });
    // Six at two dollars, four at half a dollar, three at ten.
    assert_eq!(cost(&bench.ended(Kind::Inference)), local("0.000044"));
    assert_eq!(rolled_up(&bench.ended(Kind::Agent)), Some(0.000_044));
    assert_eq!(rolled_up(&bench.ended(Kind::Workflow)), Some(0.000_044 + 0.000_404));
    let span = bench.span("chat m");
    assert_eq!(attribute(&span, "flowspan.cost.amount"), Some(opentelemetry::Value::F64(0.000_044)));
    assert_eq!(attribute(&span, "flowspan.cost.source"), Some("local".into()));
    assert_eq!(attribute(&bench.span("invoke_agent a"), "flowspan.cost.amount"), None);
}

fn a_cost_that_the_provider_reports_wins(engine: Engine) {
    let bench = bench(engine, priced());
    within(Workflow::new("w").span(), || {
        ask(|call| {
            call.usage(some());
            call.cost(0.25, "USD");
        });
    });
    let event = bench.ended(Kind::Inference);
    assert_eq!(cost(&event), ["0.25", "USD", "provider"].map(|text| Some(text.to_owned())));
    assert_eq!(rolled_up(&bench.ended(Kind::Workflow)), Some(0.25));
    assert_eq!(attribute(&bench.span("chat m"), "flowspan.cost.source"), Some("provider".into()));
}

fn a_model_without_a_price_has_no_cost_and_is_listed(engine: Engine) {
    let accounting = priced();
    let bench = bench(engine, accounting.clone());
    within(Workflow::new("w").span(), || {
        for _ in 0..3 {
            Inference::chat("p", "unheard-of").usage(some());
        }
        // Nothing was consumed, as far as anybody knows: there is nothing to price.
        drop(Inference::chat("p", "silent"));
        let long = "x".repeat(10_240);
        Inference::chat("p", &long).usage(some());
    });
    assert_eq!(cost(&bench.ended(Kind::Inference)), [None, None, None]);
    assert_eq!(rolled_up(&bench.ended(Kind::Workflow)), None, "never zero");
    let unpriced = accounting.findings().unpriced();
    let told: Vec<_> = unpriced.iter().map(|model| (model.model.len(), model.calls)).collect();
    assert_eq!(told, [(10, 3), (128, 1)]);
    assert_eq!(unpriced[0].provider.as_deref(), Some("p"));
}

fn without_prices_nothing_is_missing(engine: Engine) {
    let accounting = Accounting::default();
    let bench = bench(engine, accounting.clone());
    ask(|call| call.usage(some()));
    assert_eq!(cost(&bench.ended(Kind::Inference)), [None, None, None]);
    assert_eq!(accounting.findings().unpriced(), []);
}

fn the_model_that_answered_is_priced_and_else_the_one_that_was_asked_for(engine: Engine) {
    let prices =
        Prices::none().model("p/m", Price::new().input(1.0)).model("p/mini", Price::new().input(3.0));
    let bench = bench(engine, Accounting::new(prices));
    for answered in ["mini", "mini-2026-01-31", "nobody-knows"] {
        ask(|call| {
            call.response_model(answered);
            call.usage(Usage::new().input(1));
        });
    }
    let amounts: Vec<_> = bench
        .events()
        .into_iter()
        .filter_map(|event| event.fields.get(Field::CostAmount).and_then(Value::as_number))
        .collect();
    assert_eq!(amounts, [0.000_003, 0.000_003, 0.000_001]);
}

fn costs_in_another_currency_stay_on_their_calls(engine: Engine) {
    let prices = Prices::none().model("p/m", Price::new().input(1.0).output(1.0).currency("credits"));
    let bench = bench(engine, Accounting::new(prices));
    within(Workflow::new("w").span(), || ask(|call| call.usage(some())));
    let [amount, currency, source] = cost(&bench.ended(Kind::Inference)).map(Option::unwrap_or_default);
    assert_eq!((&*amount, &*currency, &*source), ("0.000013", "credits", "local"));
    assert_eq!(rolled_up(&bench.ended(Kind::Workflow)), None);
}

fn a_call_that_is_counted_elsewhere_costs_nothing_again(engine: Engine) {
    let accounting = priced();
    let bench = bench(engine, accounting.clone());
    within(Workflow::new("w").span(), || {
        ask(|around| {
            ask(|inner| inner.usage(some()));
            around.usage(some());
            around.cost(0.5, "USD");
        });
        // Here the one around alone knows what it cost.
        ask(|around| {
            Inference::chat("p", "unheard-of").usage(some());
            around.cost(0.25, "USD");
        });
        for _ in 0..2 {
            ask(|call| {
                call.response_id("r-1");
                call.usage(some());
            });
        }
        ask(|call| {
            call.response_id("r-1");
            call.cost(0.125, "USD");
        });
    });
    assert_eq!(rolled_up(&bench.ended(Kind::Workflow)), Some(0.000_05 + 0.25 + 0.000_05));
    assert_eq!(accounting.findings().unpriced().len(), 1);
}

fn embeddings_have_a_price_too(engine: Engine) {
    let bench = bench(engine, priced());
    Embeddings::new("p", "m").input_tokens(1_000);
    assert_eq!(cost(&bench.ended(Kind::Embeddings)), local("0.002"));
}

fn a_thousand_calls_roll_up_to_the_last_part(engine: Engine) {
    let prices = Prices::none().model("p/m", Price::new().input(0.037).output(0.000_001));
    let bench = bench(engine, Accounting::new(prices));
    within(Workflow::new("w").span(), || {
        for _ in 0..1_000 {
            ask(|call| call.usage(Usage::new().input(1).output(1)));
        }
    });
    assert_eq!(rolled_up(&bench.ended(Kind::Workflow)), Some(0.000_037_001));
}

with_both_engines! {
    a_cost_that_nobody_said_is_computed_if_the_price_is_known;
    a_cost_that_the_provider_reports_wins;
    a_model_without_a_price_has_no_cost_and_is_listed;
    without_prices_nothing_is_missing;
    the_model_that_answered_is_priced_and_else_the_one_that_was_asked_for;
    costs_in_another_currency_stay_on_their_calls;
    a_call_that_is_counted_elsewhere_costs_nothing_again;
    embeddings_have_a_price_too;
    a_thousand_calls_roll_up_to_the_last_part;
}
