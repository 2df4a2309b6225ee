//! An observed model call with its usage.

use std::{convert::Infallible, hint::black_box};

use flowspan_api::{Inference, Usage, Workflow};
use opentelemetry::{
    KeyValue,
    metrics::Counter,
    trace::{SpanKind, TraceContextExt, Tracer},
};
use opentelemetry_sdk::trace::Sampler;
use tracing::{field::Empty, info, info_span};

use super::{
    Contender, Contenders, Work,
    stacks::{Ours, Sdk},
};

pub(super) const MODEL_CALL: Work =
    Work { name: "model call with usage", goal: "at most 900 ns", times: 400, is_counted: true, contenders };

fn contenders() -> Contenders {
    let on = Sampler::AlwaysOn;
    vec![
        ("flowspan", Ours::new(on.clone()).doing(ours)),
        ("flowspan, compatible engine", Ours::compatible(on.clone()).doing(ours)),
        (
            "tracing-opentelemetry + MetricsLayer",
            Sdk::new(on.clone()).listening(Sdk::default_layers, with_layers),
        ),
        (
            "tracing-opentelemetry lean + MetricsLayer",
            Sdk::new(on.clone()).listening(Sdk::lean_layers, with_layers),
        ),
        ("opentelemetry_sdk by hand", by_hand(Sdk::new(on))),
    ]
}

fn ours(times: u64) {
    let _workflow = Workflow::new("triage").enter();
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    for _ in 0..times {
        let call = Inference::chat("openai", "gpt-5-mini");
        let answer = std::pin::pin!(call.run(async { black_box(Ok::<_, Infallible>(())) }));
        let _ = answer.poll(&mut context);
        call.usage(Usage::new().input(812).output(96).cache_read(640));
    }
}

/// A label that differs, the type of the tokens, needs an event for each of its values; the call
/// itself is counted by a fourth. The events are outside every span.
fn with_layers(times: u64) {
    let _workflow = info_span!("invoke_workflow triage").entered();
    for _ in 0..times {
        let span = info_span!(
            "chat gpt-5-mini",
            otel.kind = "client",
            gen_ai.operation.name = "chat",
            gen_ai.provider.name = "openai",
            gen_ai.request.model = "gpt-5-mini",
            gen_ai.usage.input_tokens = Empty,
            gen_ai.usage.output_tokens = Empty,
            gen_ai.usage.cache_read.input_tokens = Empty,
            flowspan.status = Empty,
        )
        .entered();
        black_box(());
        // Recorded together: one pass of the visitor instead of four.
        tracing::record_all!(
            span,
            flowspan.status = "success",
            gen_ai.usage.input_tokens = 812_i64,
            gen_ai.usage.output_tokens = 96_i64,
            gen_ai.usage.cache_read.input_tokens = 640_i64,
        );
        drop(span);
        for (token_type, tokens) in [("input", 812_u64), ("output", 96), ("cache_read", 640)] {
            info!(parent: None, monotonic_counter.llm_tokens = tokens, token_type, provider = "openai", model = "gpt-5-mini");
        }
        info!(parent: None, monotonic_counter.llm_calls = 1_u64, provider = "openai", model = "gpt-5-mini", status = "success");
    }
}

/// As in the observed step: a builder with what is known before, `set_attributes` for what is known
/// after, unbound counters.
fn by_hand(sdk: Sdk) -> Box<dyn Contender> {
    let (tracer, meter) = (sdk.tracer(), sdk.meter());
    let tokens: Counter<u64> = meter.u64_counter("llm.tokens").build();
    let calls: Counter<u64> = meter.u64_counter("llm.calls").build();
    sdk.by_hand(move |times| {
        tracer.in_span("invoke_workflow triage", |_| {
            for _ in 0..times {
                let builder =
                    tracer.span_builder("chat gpt-5-mini").with_kind(SpanKind::Client).with_attributes(vec![
                        KeyValue::new("gen_ai.operation.name", "chat"),
                        KeyValue::new("gen_ai.provider.name", "openai"),
                        KeyValue::new("gen_ai.request.model", "gpt-5-mini"),
                    ]);
                tracer.in_span_with_builder(builder, |context| {
                    black_box(());
                    context.span().set_attributes([
                        KeyValue::new("gen_ai.usage.input_tokens", 812),
                        KeyValue::new("gen_ai.usage.output_tokens", 96),
                        KeyValue::new("gen_ai.usage.cache_read.input_tokens", 640),
                        KeyValue::new("flowspan.status", "success"),
                    ]);
                });
                let (provider, model) =
                    (KeyValue::new("provider", "openai"), KeyValue::new("model", "gpt-5-mini"));
                for (token_type, amount) in [("input", 812_u64), ("output", 96), ("cache_read", 640)] {
                    let token_type = KeyValue::new("token_type", token_type);
                    tokens.add(amount, &[token_type, provider.clone(), model.clone()]);
                }
                calls.add(1, &[provider, model, KeyValue::new("status", "success")]);
            }
        });
    })
}
