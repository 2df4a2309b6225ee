//! An observed model call with its usage, its cost, and the instruments of the GenAI convention.

use std::{convert::Infallible, hint::black_box, time::Instant};

use flowspan_api::{Inference, Usage, Workflow};
use opentelemetry::{
    KeyValue,
    metrics::{Counter, Histogram, Meter},
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
        // What it cost is computed from the table of prices.
        call.usage(Usage::new().input(812).output(96).cache_read(640));
    }
}

/// Dollars for a million tokens of a request, of a cached part of it, and of a response. A peer that does
/// not look the model up has it easier.
const PRICES: [f64; 3] = [0.25, 0.025, 2.0];

fn dollars(input: u64, cached: u64, output: u64) -> f64 {
    let parts = [(input - cached, PRICES[0]), (cached, PRICES[1]), (output, PRICES[2])];
    #[expect(clippy::cast_precision_loss, reason = "a call has fewer tokens than that")]
    parts.iter().map(|(tokens, price)| *tokens as f64 * price / 1e6).sum()
}

/// A label that differs, the type of the tokens, needs an event for each of its values; the call
/// itself, its cost and the six instruments of the convention are a fourth, the cheapest that
/// `MetricsLayer` offers: their labels are the union of all. The events are outside every span.
fn with_layers(times: u64) {
    let _workflow = info_span!("invoke_workflow triage").entered();
    for _ in 0..times {
        let start = Instant::now();
        let span = info_span!(
            "chat gpt-5-mini",
            otel.kind = "client",
            gen_ai.operation.name = "chat",
            gen_ai.provider.name = "openai",
            gen_ai.request.model = "gpt-5-mini",
            gen_ai.usage.input_tokens = Empty,
            gen_ai.usage.output_tokens = Empty,
            gen_ai.usage.cache_read.input_tokens = Empty,
            flowspan.cost.amount = Empty,
            flowspan.status = Empty,
        )
        .entered();
        black_box(());
        let cost = dollars(812, 640, 96);
        // Recorded together: one pass of the visitor instead of four.
        tracing::record_all!(
            span,
            flowspan.status = "success",
            gen_ai.usage.input_tokens = 812_i64,
            gen_ai.usage.output_tokens = 96_i64,
            gen_ai.usage.cache_read.input_tokens = 640_i64,
            flowspan.cost.amount = cost,
        );
        drop(span);
        for (token_type, tokens) in [("input", 812_u64), ("output", 96), ("cache_read", 640)] {
            info!(parent: None, monotonic_counter.llm_tokens = tokens, token_type, provider = "openai", model = "gpt-5-mini");
        }
        info!(
            parent: None,
            monotonic_counter.llm_calls = 1_u64,
            monotonic_counter.llm_cost = cost,
            histogram.gen_ai.client.inference.duration = start.elapsed().as_secs_f64(),
            monotonic_counter.gen_ai.client.inference.usage.input_tokens = 812_u64,
            monotonic_counter.gen_ai.client.inference.usage.output_tokens = 96_u64,
            monotonic_counter.gen_ai.client.inference.usage.cache_read.input_tokens = 640_u64,
            histogram.gen_ai.client.inference.operation.input_tokens = 812_u64,
            histogram.gen_ai.client.inference.operation.output_tokens = 96_u64,
            operation = "chat",
            provider = "openai",
            model = "gpt-5-mini",
            status = "success",
        );
    }
}

/// As in the observed step: a builder with what is known before, `set_attributes` for what is known
/// after, unbound counters.
fn by_hand(sdk: Sdk) -> Box<dyn Contender> {
    let (tracer, meter) = (sdk.tracer(), sdk.meter());
    let tokens: Counter<u64> = meter.u64_counter("llm.tokens").build();
    let calls: Counter<u64> = meter.u64_counter("llm.calls").build();
    let costs: Counter<f64> = meter.f64_counter("llm.cost.usd").build();
    let convention = Convention::new(&meter);
    sdk.by_hand(move |times| {
        tracer.in_span("invoke_workflow triage", |_| {
            for _ in 0..times {
                let start = Instant::now();
                let cost = dollars(812, 640, 96);
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
                        KeyValue::new("flowspan.cost.amount", cost),
                        KeyValue::new("flowspan.status", "success"),
                    ]);
                });
                let (provider, model) =
                    (KeyValue::new("provider", "openai"), KeyValue::new("model", "gpt-5-mini"));
                for (token_type, amount) in [("input", 812_u64), ("output", 96), ("cache_read", 640)] {
                    let token_type = KeyValue::new("token_type", token_type);
                    tokens.add(amount, &[token_type, provider.clone(), model.clone()]);
                }
                costs.add(cost, &[provider.clone(), model.clone()]);
                convention
                    .record(start, &[KeyValue::new("operation", "chat"), provider.clone(), model.clone()]);
                calls.add(1, &[provider, model, KeyValue::new("status", "success")]);
            }
        });
    })
}

/// The instruments of the GenAI convention that a call feeds.
struct Convention {
    duration: Histogram<f64>,
    counters: [(Counter<u64>, u64); 3],
    histograms: [(Histogram<u64>, u64); 2],
}

impl Convention {
    fn new(meter: &Meter) -> Self {
        let counter = |name, tokens| (meter.u64_counter(name).build(), tokens);
        let histogram = |name, tokens| (meter.u64_histogram(name).build(), tokens);
        Convention {
            duration: meter.f64_histogram("gen_ai.client.inference.duration").build(),
            counters: [
                counter("gen_ai.client.inference.usage.input_tokens", 812),
                counter("gen_ai.client.inference.usage.output_tokens", 96),
                counter("gen_ai.client.inference.usage.cache_read.input_tokens", 640),
            ],
            histograms: [
                histogram("gen_ai.client.inference.operation.input_tokens", 812),
                histogram("gen_ai.client.inference.operation.output_tokens", 96),
            ],
        }
    }

    fn record(&self, start: Instant, labels: &[KeyValue]) {
        self.duration.record(start.elapsed().as_secs_f64(), labels);
        self.counters.iter().for_each(|(counter, tokens)| counter.add(*tokens, labels));
        self.histograms.iter().for_each(|(histogram, tokens)| histogram.record(*tokens, labels));
    }
}
