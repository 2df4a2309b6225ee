//! What of prompts, answers, tool arguments and results stands on spans, whoever says it.

use std::sync::Arc;

use flowspan_api::{Agent, Inference, Memory, Retrieval, ToolCall, Workflow};
use flowspan_content::{Content, ContentPolicy, FingerprintKey, Message, Messages, Refusal};
use flowspan_layer::{Accounting, Dialect, Engine};
use flowspan_model::Kind;
use opentelemetry::{
    KeyValue,
    trace::{Span, TraceContextExt, Tracer, TracerProvider},
};
use opentelemetry_sdk::trace::Sampler;
use tracing::{field::Empty, info, info_span};
use tracing_opentelemetry::OpenTelemetrySpanExt;

use crate::support::{Bench, attribute};

/// What must not leave, and the secret in it that must not leave even where text may.
const CANARY: &str = "canary-9f2d";
const SECRET: &str = "canary-9f2d@example.org";

/// A program that says something in every way that there is.
fn program(bench: &Bench) {
    let said = || format!("{CANARY} of {SECRET}");
    let workflow = Workflow::new("w");
    workflow.input_messages(|| Messages::from([Message::user(said())]));
    workflow.output_messages(said);
    let agent = Agent::new("a");
    agent.input_messages(said);
    agent.output_messages(said);
    agent.system_instructions(said);
    agent.tool_definitions(said);
    let call = Inference::chat("openai", "m");
    call.input_messages(|| Messages::from([Message::user(said())]));
    call.output_messages(said);
    call.system_instructions(said);
    call.tool_definitions(said);
    let tool = ToolCall::new("t");
    tool.arguments(|| serde_json::json!({ "to": said() }));
    tool.result(said);
    let retrieval = Retrieval::new("r");
    retrieval.query_text(said);
    retrieval.documents(said);
    let memory = Memory::search();
    memory.query_text(said);
    memory.contents(said);
    drop((workflow, agent, call, tool, retrieval, memory));

    let text = said();
    let rig = info_span!(
        target: "rig::completions", "chat", gen_ai.operation.name = "chat", gen_ai.provider.name = "openai",
        gen_ai.request.model = "m", gen_ai.system_instructions = text.as_str(), gen_ai.input.messages = Empty,
        gen_ai.output.messages = Empty, gen_ai.usage.input_tokens = Empty,
    );
    rig.record("gen_ai.input.messages", text.as_str());
    rig.record("gen_ai.output.messages", tracing::field::debug(&text));
    let genai = info_span!(
        target: "genai::otel::span", "genai.chat", otel.name = "chat m", otel.kind = "client",
        gen_ai.operation.name = "chat", gen_ai.provider.name = "openai", gen_ai.request.model = "m",
        gen_ai.input.messages = text, gen_ai.tool.definitions = text, gen_ai.prompt = text,
    );
    let acme = info_span!(target: "acme", "ask", acme.prompt = text, acme.count = 3);
    let plain = info_span!("plain", gen_ai.completion = text, input.value = %text, output.value = Empty);
    plain.record("output.value", text.as_str());
    let inference = info_span!("openinference", openinference.span.kind = "LLM", input.value = text);
    plain.in_scope(|| info!(gen_ai.content.prompt = text, gen_ai.completion = ?text, "something"));
    plain.in_scope(|| {
        let context = opentelemetry::Context::current();
        context.span().set_attribute(KeyValue::new("gen_ai.prompt", text.clone()));
        context.span().add_event("told", vec![KeyValue::new("gen_ai.prompt", text.clone())]);
    });
    plain.set_attribute("gen_ai.tool.call.result", text.clone());
    drop((rig, genai, acme, plain, inference));

    let mut span = bench.provider.tracer("program").start("api");
    span.set_attribute(KeyValue::new("gen_ai.operation.name", "chat"));
    span.set_attribute(KeyValue::new("gen_ai.input.messages", text.clone()));
    span.add_event("told", vec![KeyValue::new("gen_ai.completion", text.clone())]);
    span.end();
    let mut span = bench.provider.tracer("program").start("api, of nobody");
    span.set_attribute(KeyValue::new("gen_ai.input.messages", text));
    span.end();
}

fn showing(engine: Engine, policy: Arc<ContentPolicy>) -> Bench {
    let dialect = Dialect::new("acme").target("acme").span("ask", Kind::Inference).content("acme.prompt");
    Bench::made(engine, Sampler::AlwaysOn, Some(dialect), Accounting::default(), policy)
}

fn shown(bench: &Bench) -> String {
    format!("{:?}{:?}", bench.spans(), bench.events())
}

fn nothing_is_said_by_default(engine: Engine) {
    let bench = showing(engine, Arc::new(ContentPolicy::new(Content::Off)));
    program(&bench);
    let shown = shown(&bench);
    assert!(!shown.contains(CANARY) && !shown.contains("flowspan.content"), "{shown}");
    assert!(shown.contains("acme.count"));
}

fn sizes_are_no_text(engine: Engine) {
    let key = FingerprintKey::new(b"key");
    let policy = ContentPolicy::new(Content::Sizes).with_fingerprint_key(key.clone());
    let bench = showing(engine, Arc::new(policy));
    program(&bench);
    let all = shown(&bench);
    assert!(!all.contains(CANARY), "{all}");
    let tool = bench.span("execute_tool t");
    let result = format!("{CANARY} of {SECRET}");
    let about = |what: &str| attribute(&tool, &format!("flowspan.content.gen_ai.tool.call.result.{what}"));
    assert_eq!(about("size"), Some(i64::try_from(result.len()).expect("short").into()));
    assert_eq!(about("hash"), Some(key.of(result.as_bytes()).to_string().into()));
    assert_eq!(attribute(&tool, "gen_ai.tool.call.result"), None);
}

fn no_secret_is_said_where_text_is_redacted(engine: Engine) {
    let policy = Arc::new(ContentPolicy::new(Content::Redacted).with_deadline(std::time::Duration::MAX));
    let bench = showing(engine, policy.clone());
    program(&bench);
    let shown = shown(&bench);
    assert!(!shown.contains(SECRET), "{shown}");
    assert_eq!(policy.counts().all_refused(), 0);
    everything_is_said(&bench, "canary-9f2d of [redacted:email]");
}

fn all_of_it_is_said_if_somebody_asks_for_it(engine: Engine) {
    let policy = Arc::new(ContentPolicy::new(Content::Full));
    let bench = showing(engine, policy.clone());
    program(&bench);
    everything_is_said(&bench, &format!("{CANARY} of {SECRET}"));
}

/// Every value that the program says is there, in this form.
fn everything_is_said(bench: &Bench, said: &str) {
    let messages = format!(r#"[{{"role":"user","parts":[{{"type":"text","content":"{said}"}}]}}]"#);
    let message = |text: &str| {
        let shown: serde_json::Value = serde_json::from_str(text).expect("it is JSON");
        assert_eq!(shown, serde_json::from_str::<serde_json::Value>(&messages).expect("it is JSON"));
    };
    for (span, keys) in [
        ("invoke_workflow w", &["gen_ai.output.messages"][..]),
        (
            "invoke_agent a",
            &[
                "gen_ai.input.messages",
                "gen_ai.output.messages",
                "gen_ai.system_instructions",
                "gen_ai.tool.definitions",
            ],
        ),
        ("execute_tool t", &["gen_ai.tool.call.result"]),
        ("retrieval r", &["gen_ai.retrieval.query.text", "gen_ai.retrieval.documents"]),
        ("search_memory", &["gen_ai.memory.query.text", "gen_ai.memory.records"]),
        ("ask", &["acme.prompt"]),
        (
            "plain",
            &["gen_ai.completion", "input.value", "output.value", "gen_ai.prompt", "gen_ai.tool.call.result"],
        ),
        ("api, of nobody", &["gen_ai.input.messages"]),
    ] {
        let found = bench
            .spans()
            .into_iter()
            .find(|found| found.name == span || (span == "ask" && found.name == "chat"));
        let found = found.unwrap_or_else(|| panic!("{span} is there"));
        for key in keys {
            let value = attribute(&found, key).unwrap_or_else(|| panic!("{key} of {span}"));
            assert_eq!(value.as_str(), said, "{key} of {span}");
        }
    }
    let workflow = bench.span("invoke_workflow w");
    message(&attribute(&workflow, "gen_ai.input.messages").expect("it is there").as_str());
    let plain = bench.span("plain");
    let event = plain.events.iter().find(|event| event.name == "something").expect("it happened");
    let attributes: Vec<_> =
        event.attributes.iter().filter(|said| said.key.as_str().starts_with("gen_ai")).collect();
    assert_eq!(attributes.len(), 2, "{attributes:?}");
    let calls: Vec<_> = bench.spans().into_iter().filter(|span| span.name == "chat m").collect();
    assert_eq!(calls.len(), 3, "of our own, rig and genai");
    for call in calls {
        assert!(
            attribute(&call, "gen_ai.input.messages").is_some_and(|text| text.as_str().contains(said)),
            "{call:?}"
        );
    }
}

fn what_nobody_asks_for_is_not_made(engine: Engine) {
    let _bench = Bench::new(engine);
    ToolCall::new("t").arguments(|| -> &str { panic!("it was made") });
}

fn what_cannot_be_made_is_refused_and_the_program_goes_on(engine: Engine) {
    let policy = Arc::new(ContentPolicy::new(Content::Full));
    let bench = showing(engine, policy.clone());
    let tool = ToolCall::new("t");
    tool.arguments(|| -> &str { panic!("a bug that shows when content is on") });
    tool.result(|| "[".repeat(100_000));
    drop(tool);
    let span = bench.span("execute_tool t");
    let refused = |key: &str| attribute(&span, &format!("flowspan.content.{key}.refused"));
    assert_eq!(refused("gen_ai.tool.call.arguments"), Some("unwritable".into()));
    assert_eq!(refused("gen_ai.tool.call.result"), Some("too_deep".into()));
    assert_eq!(attribute(&span, "gen_ai.tool.call.arguments"), None);
    let counts = policy.counts();
    assert_eq!((counts.refused(Refusal::Unwritable), counts.refused(Refusal::TooDeep)), (1, 1));
    assert_eq!(counts.shown, 0);
}

fn each_value_is_counted_once(engine: Engine) {
    let policy = Arc::new(ContentPolicy::new(Content::Full).with_limit(2_000));
    let bench = showing(engine, policy.clone());
    let call = Inference::chat("openai", "m");
    call.input_messages(|| "x".repeat(3_000));
    call.output_messages(|| "short");
    drop(call);
    info_span!(target: "acme", "ask", acme.prompt = "p").in_scope(|| ());
    let counts = policy.counts();
    assert_eq!((counts.shown, counts.cut), (3, 1));
    let span = bench.span("chat m");
    assert!(attribute(&span, "flowspan.content.gen_ai.input.messages.cut").is_some());
}

macro_rules! claims {
    ($($claim:ident),+ $(,)?) => {
        mod native {
            $(#[test] fn $claim() { super::$claim(super::Engine::Native); })+
        }
        mod compatible {
            $(#[test] fn $claim() { super::$claim(super::Engine::TracingOpenTelemetry); })+
        }
    };
}

claims! {
    nothing_is_said_by_default,
    sizes_are_no_text,
    no_secret_is_said_where_text_is_redacted,
    all_of_it_is_said_if_somebody_asks_for_it,
    what_nobody_asks_for_is_not_made,
    what_cannot_be_made_is_refused_and_the_program_goes_on,
    each_value_is_counted_once,
}
