//! A program that uses all handles of the convention, with success and with an error.

use std::{
    future::Future,
    io,
    pin::pin,
    task::{Context, Poll, Waker},
    time::Duration,
};

use flowspan::{
    Console, Embeddings, Engine, Environment, Flowspan, Memory, Plan, Reporter, Retrieval, Semconv,
    content::Carrier, prelude::*,
};
use futures_util::{StreamExt, stream};
use opentelemetry_sdk::{
    logs::{InMemoryLogExporter, SdkLogRecord},
    metrics::{InMemoryMetricExporter, PeriodicReader, data::ResourceMetrics},
    trace::{InMemorySpanExporter, SpanData},
};
use tracing::info_span;

/// The chunks of the one response that is streamed.
pub(crate) const CHUNKS: u64 = 4;
/// Tokens of texts that become vectors.
pub(crate) const EMBEDDED: f64 = 12.0;

/// What came out of it.
pub(crate) struct Exported {
    spans: Vec<SpanData>,
    pub(crate) metrics: Vec<ResourceMetrics>,
    pub(crate) logs: Vec<SdkLogRecord>,
}

impl Exported {
    /// The spans about which the convention has a say.
    pub(crate) fn gen_ai_spans(&self) -> impl Iterator<Item = &SpanData> {
        self.spans.iter().filter(|span| {
            span.attributes.iter().any(|attribute| attribute.key.as_str() == "gen_ai.operation.name")
        })
    }
}

/// Runs the program and gives what it exports.
pub(crate) fn run(semconv: Semconv, engine: Engine) -> Exported {
    let (spans, metrics) = (InMemorySpanExporter::default(), InMemoryMetricExporter::default());
    let logs = InMemoryLogExporter::default();
    let reader = PeriodicReader::builder(metrics.clone()).with_interval(Duration::from_secs(3600)).build();
    let telemetry = Flowspan::builder("convention")
        .environment(Environment::empty())
        .console(Console::off())
        .reporter(Reporter::silent())
        .engine(engine)
        .semconv(semconv)
        .span_exporter("memory", spans.clone())
        .log_exporter("logs", logs.clone())
        .content_carrier(Carrier::SpansAndEvents)
        .metric_reader(reader)
        .build()
        .expect("it builds");
    {
        let _default = telemetry.set_default();
        now(workflow());
    }
    telemetry.flush(Duration::from_secs(10));
    Exported {
        spans: spans.get_finished_spans().expect("it is alive"),
        metrics: metrics.get_finished_metrics().expect("it is alive"),
        logs: logs.get_emitted_logs().expect("it is alive").into_iter().map(|log| log.record).collect(),
    }
}

type Outcome = Result<(), io::Error>;

fn fine() -> Outcome {
    Ok(())
}

fn broken() -> Outcome {
    Err(io::Error::other("on purpose"))
}

async fn workflow() {
    let outer = Workflow::new("review").conversation_id("c-1");
    let _ = outer
        .run(async {
            agent().await;
            search();
            // As a bridge would say it, with what flowspan counts itself.
            drop(
                info_span!(
                    target: "flowspan", "agent", gen_ai.operation.name = "invoke_agent",
                    gen_ai.agent.name = "counted", flowspan.agent.inference_calls = 2,
                    flowspan.agent.tool_calls = 3,
                )
                .entered(),
            );
            let _ = Workflow::new("inner").run(async { broken() }).await;
            fine()
        })
        .await;
}

async fn agent() {
    let writer = Agent::new("writer").description("writes").conversation_id("c-1").data_source("handbook");
    let writer = writer.model("gpt-5-mini").output_type("text");
    let _ = writer
        .run(async {
            let _ = Plan::new().in_scope(fine);
            let _ = Plan::new().in_scope(broken);
            streamed().await;
            whole().await;
            let tool = ToolCall::new("search").call_id("t-1").description("searches").tool_type("extension");
            let _ = tool.conversation_id("c-1").in_scope(fine);
            let _ = ToolCall::new("search").in_scope(broken);
            broken()
        })
        .await;
}

fn asked() -> Inference {
    let call = Inference::chat("openai", "gpt-5-mini").server_address("api.openai.com", 443);
    let call = call.conversation_id("c-1").max_tokens(100).temperature(0.5).top_p(0.9).top_k(40);
    let call = call.frequency_penalty(0.1).presence_penalty(0.2).stop_sequences(["END", "\n,"]).seed(7);
    call.choice_count(2).reasoning_level("high").output_type("json")
}

/// A response in chunks, to its end.
async fn streamed() {
    let call = asked();
    let chunks = stream::iter((0..CHUNKS).map(|_| Ok::<_, io::Error>(())));
    call.stream(chunks, |()| 2).for_each(|_| std::future::ready(())).await;
    call.response_model("gpt-5-mini-2026-01-01");
    call.response_id("r-1");
    call.finish_reasons("stop,length");
    call.usage(Usage::new().input(100).output(20).cache_read(60).cache_write(10).reasoning(5));
}

/// Responses in one piece, and a call that fails.
async fn whole() {
    for call in [
        Inference::generate_content("gcp.gemini", "gemini-3"),
        Inference::text_completion("openai", "davinci"),
    ] {
        call.run(async { fine() }).await.expect("it works");
        call.usage(Usage::new().input(3).output(4));
    }
    let call = asked();
    let _ = call.run(async { broken() }).await;
    call.usage(Usage::new().input(9));
}

fn search() {
    let call = Embeddings::new("openai", "text-embedding-3-small").dimensions(64);
    let call = call.encoding_formats(["float"]).server_address("api.openai.com", 443);
    call.input_tokens(12);
    call.response_model("text-embedding-3-small-1");
    let _ = call.in_scope(fine);
    let _ = Embeddings::new("openai", "text-embedding-3-small").in_scope(broken);

    let search = || {
        let search = Retrieval::new("handbook").model("openai", "text-embedding-3-small").top_k(8);
        search.server_address("localhost", 6333)
    };
    let _ = search().in_scope(fine);
    let _ = search().in_scope(broken);

    for memory in [
        Memory::search(),
        Memory::create(),
        Memory::update(),
        Memory::upsert(),
        Memory::delete(),
        Memory::create_store(),
        Memory::delete_store(),
    ] {
        let memory = memory.provider("mem0").store("s").record_id("r").server_address("localhost", 6333);
        memory.records(2);
        let _ = memory.in_scope(fine);
    }
    let _ = Memory::search().in_scope(broken);
}

/// Runs a future that never waits.
fn now<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("nothing of this waits"),
    }
}
