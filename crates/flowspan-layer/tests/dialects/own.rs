//! A dialect of the program's own.

use flowspan_api::Usage;
use flowspan_layer::{Dialect, Engine};
use flowspan_model::{Field, Kind, Status};
use opentelemetry_sdk::trace::Sampler;
use tracing::info_span;

use crate::support::{Bench, attribute};

fn acme() -> Dialect {
    Dialect::new("acme")
        .target("acme_llm")
        .span("acme.ask", Kind::Inference)
        .always(Field::Provider, "acme")
        .field("acme.model", Field::RequestModel)
        .field("acme.in", Field::InputTokens)
        .attribute("acme.region", "cloud.region")
        .content("acme.question")
        .ignored("acme.sum")
        .error("acme.failure")
}

fn a_program_can_add_a_dialect(engine: Engine) {
    let bench = Bench::understanding(engine, Sampler::AlwaysOn, Some(acme()));
    let ask = |target_is_right: bool| {
        macro_rules! ask {
            ($target:literal) => {
                info_span!(
                    target: $target, "acme.ask", acme.model = "m", acme.in = 7_u64, acme.sum = 9_u64,
                    acme.region = "moon", acme.question = "canary", acme.failure = "too far"
                )
            };
        }
        if target_is_right { ask!("acme_llm::client") } else { ask!("acme_llmx") }
    };
    drop(ask(false));
    assert!(bench.events().is_empty());
    drop(ask(true));
    let call = bench.ended(Kind::Inference);
    assert_eq!(call.usage(), Usage::new().input(7));
    assert_eq!(call.status(), Some(Status::Failed));
    assert_eq!(call.fields.text(Field::Provider), Some("acme"));
    let span = bench.span("chat m");
    assert_eq!(attribute(&span, "cloud.region"), Some("moon".into()));
    assert_eq!(attribute(&span, "acme.question"), None);
    assert_eq!(attribute(&span, "acme.sum"), None);

    let other = Bench::new(engine);
    drop(ask(true));
    assert!(other.events().is_empty(), "who has not learned it does not understand it");
}

with_both_engines! {
    a_program_can_add_a_dialect;
}
