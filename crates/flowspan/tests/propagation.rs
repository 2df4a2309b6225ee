//! One trace across processes. Alone in its file, because the propagators and the caller are global.
#![cfg(all(feature = "http", feature = "tonic", feature = "tokio"))]

use std::{collections::HashMap, process::Command, sync::OnceLock, time::Duration};

use flowspan::{
    Engine, Environment,
    opentelemetry::{
        Context,
        baggage::BaggageExt,
        trace::{
            SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState, Tracer as _,
            TracerProvider as _,
        },
    },
    prelude::*,
    propagation,
};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest as Call, ExportTraceServiceResponse as Answer,
    trace_service_client::TraceServiceClient,
    trace_service_server::{TraceService, TraceServiceServer},
};
use opentelemetry_sdk::trace::{InMemorySpanExporter, SpanData};
use tonic::{
    Request, Response, Status,
    metadata::AsciiMetadataValue,
    transport::{Channel, Server, server::TcpIncoming},
};

const CALLER: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const CALLERS_TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const CALLERS_SPAN: &str = "b7ad6b7169203331";

fn environment() -> Environment {
    Environment::from_pairs([("TRACEPARENT", CALLER), ("TRACESTATE", "a=1"), ("BAGGAGE", "tenant=blue")])
}

/// The telemetry of this process, which a caller has started, and its spans.
fn installed() -> &'static (Telemetry, InMemorySpanExporter) {
    static INSTALLED: OnceLock<(Telemetry, InMemorySpanExporter)> = OnceLock::new();
    INSTALLED.get_or_init(|| {
        let spans = InMemorySpanExporter::default();
        let builder = Flowspan::builder("bot").environment(environment()).console(Console::off());
        let telemetry = builder.span_exporter("memory", spans.clone()).install().expect("the only one");
        (telemetry, spans)
    })
}

/// What a child finds in its environment.
fn found(output: &std::process::Output) -> HashMap<String, String> {
    let lines = String::from_utf8_lossy(&output.stdout).into_owned();
    let fields = ["TRACEPARENT", "TRACESTATE", "BAGGAGE"];
    let pairs = lines.lines().filter_map(|line| line.split_once('='));
    pairs
        .filter(|(name, _)| fields.contains(name))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

fn here() -> String {
    propagation::traceparent().expect("inside a trace")
}

/// The span that has asked is the parent of the one that has answered, in another process for all it knows.
async fn is_the_caller(asked: &str, answered: &str) {
    let (telemetry, spans) = installed();
    let [asked, answered] = [asked, answered].map(|here| here.split('-').collect::<Vec<_>>());
    assert_eq!(asked[1], answered[1], "one trace");
    telemetry.flush_async(Duration::from_secs(5)).await;
    let finished = spans.get_finished_spans().expect("alive");
    let answer = finished.iter().find(|span| span.span_context.span_id().to_string() == answered[2]);
    let answer = answer.expect("the work on the answer");
    assert_eq!(answer.parent_span_id.to_string(), asked[2]);
    assert!(answer.parent_span_is_remote);
}

#[test]
fn a_child_process_goes_on_in_the_trace_of_the_span_that_starts_it() {
    installed();
    let _step = Step::shell("list").enter();
    let child = found(&Command::new("env").with_trace_context().output().expect("a child"));
    assert_eq!(child["TRACEPARENT"], here());
    assert!(here().starts_with(&format!("00-{CALLERS_TRACE}-")) && here() != CALLER);
    assert_eq!([&child["TRACESTATE"], &child["BAGGAGE"]], ["a=1", "tenant=blue"]);
}

#[tokio::test]
async fn a_child_of_tokio_does_so_too() {
    installed();
    let (child, here) = Step::shell("list")
        .watch(async {
            let child = tokio::process::Command::new("env").with_trace_context().output().await;
            (child.expect("a child"), here())
        })
        .await;
    assert_eq!(found(&child)["TRACEPARENT"], here);
}

#[test]
fn outside_of_all_spans_a_child_gets_the_caller_and_nothing_stale() {
    installed();
    let mut command = Command::new("env");
    command.env("TRACEPARENT", "00-11111111111111111111111111111111-2222222222222222-01");
    assert_eq!(found(&command.with_trace_context().output().expect("a child"))["TRACEPARENT"], CALLER);

    let _step = tracing::info_span!(target: "flowspan", parent: None, "step").entered();
    command.env("TRACESTATE", "old=1");
    let child = found(&command.with_trace_context().output().expect("a child"));
    assert_eq!(child["TRACEPARENT"], here());
    assert!(!here().contains(CALLERS_TRACE), "it begins a trace of its own");
    assert!(!child.contains_key("TRACESTATE"), "{child:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_works_in_the_trace_of_whoever_asks_it() {
    installed();
    let _ = rustls::crypto::ring::default_provider().install_default();
    let answer = || Workflow::new("answer").watch(async { here() });
    let app = axum::Router::new().route("/", axum::routing::get(answer)).layer(propagation::Incoming);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}/", listener.local_addr().expect("bound"));
    tokio::spawn(async move { axum::serve(listener, app).await });

    let client = reqwest::Client::new();
    let ask = |headers| {
        let request = client.get(&url).headers(headers);
        async { request.send().await.expect("an answer").text().await.expect("a text") }
    };
    let (asked, answered) =
        Step::new("http", "ask").watch(async { (here(), ask(propagation::headers()).await) }).await;
    is_the_caller(&asked, &answered).await;

    let mut hostile = http::HeaderMap::new();
    hostile.insert("traceparent", http::HeaderValue::from_bytes(b"\xff00-1").expect("bytes"));
    hostile.insert("baggage", http::HeaderValue::from_str(&"x=%".repeat(5_000)).expect("a text"));
    assert!(ask(hostile).await.contains(CALLERS_TRACE), "as if nobody had sent anything");
}

#[test]
fn requests_of_http_and_grpc_take_the_trace_along_and_nothing_stale() {
    installed();
    let _step = Step::shell("call").enter();
    let request = http::Request::builder().header("traceparent", "stale").header("x-own", "kept");
    let request = request.body(()).expect("a request").with_trace_context();
    assert_eq!(request.headers()["traceparent"], here().as_str());
    assert_eq!(request.headers()["x-own"], "kept");

    let mut request = Request::new(());
    request.metadata_mut().insert("x-own", "kept".parse().expect("a value"));
    let request = propagation::interceptor(request).expect("it never fails");
    let value = |name| request.metadata().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    assert_eq!(value("traceparent"), Some(here()));
    assert_eq!(value("x-own").as_deref(), Some("kept"));
}

/// A service of gRPC that does some work on each call, and answers where in its trace that was.
struct Answers;

#[tonic::async_trait]
impl TraceService for Answers {
    async fn export(&self, _: Request<Call>) -> Result<Response<Answer>, Status> {
        let here = Workflow::new("answer").watch(async { here() }).await;
        let mut answer = Response::new(Answer::default());
        answer.metadata_mut().insert("x-here", here.parse().expect("a value"));
        Ok(answer)
    }
}

/// A channel to a server of that service.
async fn connected() -> Channel {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("bound"));
    let server = Server::builder().layer(propagation::Incoming).add_service(TraceServiceServer::new(Answers));
    tokio::spawn(server.serve_with_incoming(TcpIncoming::from(listener)));
    Channel::from_shared(url).expect("a URL").connect().await.expect("it listens")
}

/// Where the work on a call was done.
async fn answered(call: impl Future<Output = Result<Response<Answer>, Status>>) -> String {
    let answer = call.await.expect("an answer");
    let here = answer.metadata().get("x-here").expect("it says so");
    here.to_str().expect("a text").to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_of_grpc_works_in_the_trace_of_whoever_calls_it() {
    use tower_layer::Layer;

    installed();
    let channel = connected().await;
    let mut intercepted = TraceServiceClient::with_interceptor(channel.clone(), propagation::interceptor);
    let call = async { (here(), answered(intercepted.export(Call::default())).await) };
    let (asked, answer) = Step::new("grpc", "ask").watch(call).await;
    is_the_caller(&asked, &answer).await;

    let mut layered = TraceServiceClient::new(propagation::Outgoing.layer(channel));
    let call = async { (here(), answered(layered.export(Call::default())).await) };
    let (asked, answer) = Step::new("grpc", "ask").watch(call).await;
    is_the_caller(&asked, &answer).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hostile_metadata_of_grpc_is_passed_over() {
    installed();
    let mut client = TraceServiceClient::new(connected().await);
    let other = CALLER.replace(CALLERS_TRACE, "11111111111111111111111111111111");
    let another = other.replace('1', "3");
    let baggage = "x=%".repeat(4_000);
    let cases: [&[(&'static str, &[u8])]; 8] = [
        &[("traceparent", b"")],
        &[("traceparent", b"00-1")],
        &[("traceparent", b"\xff\xfe00-1")],
        &[("traceparent", b"ff-11111111111111111111111111111111-2222222222222222-01")],
        &[("traceparent", b"00-00000000000000000000000000000000-2222222222222222-01")],
        &[("traceparent", b"00-11111111111111111111111111111111-0000000000000000-01")],
        &[("traceparent", other.as_bytes()), ("traceparent", another.as_bytes())],
        &[("baggage", baggage.as_bytes())],
    ];
    for case in cases {
        let mut request = Request::new(Call::default());
        for (name, value) in case {
            let value = AsciiMetadataValue::try_from(*value).expect("it can be sent");
            request.metadata_mut().append(*name, value);
        }
        let answer = answered(client.export(request)).await;
        assert!(answer.contains(CALLERS_TRACE), "as if nobody had sent anything: {case:?} gave {answer}");
    }
    let mut request = Request::new(Call::default());
    request.metadata_mut().insert("traceparent", other.parse().expect("a value"));
    assert!(answered(client.export(request)).await.contains(&other[3..35]), "what is good is followed");
}

/// The spans of a run in telemetry of its own.
fn run(builder: flowspan::Builder, engine: Engine) -> Vec<SpanData> {
    let spans = InMemorySpanExporter::default();
    let builder = builder.console(Console::off()).engine(engine);
    let telemetry = builder.span_exporter("memory", spans.clone()).build().expect("valid");
    {
        let _current = telemetry.set_default();
        let _workflow = Workflow::new("w").enter();
        // A thread of a runtime knows nothing of the thread on which telemetry was built.
        let dispatch = telemetry.dispatch().clone();
        let elsewhere = move || {
            tracing::dispatcher::with_default(&dispatch, || {
                let _step = Step::shell("elsewhere").enter();
                Context::current().baggage().get("tenant").map(ToString::to_string)
            })
        };
        let tenant = std::thread::spawn(elsewhere).join().expect("no panic");
        let callers = telemetry.caller().and_then(|caller| caller.baggage().get("tenant"));
        assert_eq!(tenant, callers.map(ToString::to_string), "the caller's baggage is there");
        let _inner = Step::shell("inner").enter();
    }
    telemetry.flush(Duration::from_secs(5));
    spans.get_finished_spans().expect("alive")
}

fn span<'spans>(spans: &'spans [SpanData], name: &str) -> &'spans SpanData {
    spans.iter().find(|span| span.name == name).unwrap_or_else(|| panic!("no {name} in {spans:?}"))
}

#[test]
fn every_span_without_a_parent_is_the_callers_with_both_engines() {
    for engine in [Engine::Native, Engine::TracingOpenTelemetry] {
        let spans = run(Flowspan::builder("bot").environment(environment()), engine);
        for root in ["invoke_workflow w", "step elsewhere"] {
            let root = span(&spans, root);
            assert_eq!(root.span_context.trace_id().to_string(), CALLERS_TRACE, "{engine:?}");
            assert_eq!(root.parent_span_id.to_string(), CALLERS_SPAN, "{engine:?}");
            assert!(root.parent_span_is_remote, "{engine:?}");
            assert_eq!(root.span_context.trace_state().header(), "a=1", "{engine:?}");
        }
        let workflow = span(&spans, "invoke_workflow w").span_context.span_id();
        assert_eq!(span(&spans, "step inner").parent_span_id, workflow, "{engine:?}");
    }
}

#[test]
fn what_the_program_says_wins_over_the_environment() {
    let named = SpanContext::new(
        TraceId::from_bytes([3; 16]),
        SpanId::from_bytes([4; 8]),
        TraceFlags::SAMPLED,
        true,
        TraceState::default(),
    );
    let named = Context::new().with_remote_span_context(named);
    for engine in [Engine::Native, Engine::TracingOpenTelemetry] {
        let builder = || Flowspan::builder("bot").environment(environment());
        let parent = |spans: &[SpanData]| span(spans, "invoke_workflow w").parent_span_id;
        assert_eq!(parent(&run(builder().without_caller(), engine)), SpanId::INVALID);
        assert_eq!(parent(&run(builder().caller(named.clone()), engine)), SpanId::from_bytes([4; 8]));
    }
}

#[test]
fn inside_the_trace_of_a_caller_that_does_not_keep_it_everything_is_in_it() {
    let caller = CALLER.replace("-01", "-00");
    let expected = (caller[3..35].to_owned(), false, Some("acme".to_owned()));
    let look = || {
        let context = Context::current();
        let around = context.span().span_context().clone();
        let tenant = context.baggage().get("tenant").map(ToString::to_string);
        (around.trace_id().to_string(), around.is_sampled(), tenant)
    };
    for engine in [Engine::Native, Engine::TracingOpenTelemetry] {
        let environment =
            Environment::from_pairs([("TRACEPARENT", caller.as_str()), ("BAGGAGE", "tenant=acme")]);
        let spans = InMemorySpanExporter::default();
        let builder =
            Flowspan::builder("bot").environment(environment).console(Console::off()).engine(engine);
        let telemetry = builder.span_exporter("memory", spans.clone()).build().expect("valid");
        {
            let _current = telemetry.set_default();
            let _workflow = Workflow::new("w").enter();
            assert_eq!(look(), expected, "{engine:?}");
            let tracer = telemetry.tracer_provider().expect("it is on").tracer("theirs");
            tracer.in_span("by hand", |_| {});
            let _step = Step::shell("s").enter();
            assert_eq!(look(), expected, "{engine:?}");
        }
        telemetry.flush(Duration::from_secs(5));
        assert_eq!(spans.get_finished_spans().expect("alive").len(), 0, "{engine:?}");
    }
}

#[test]
fn a_caller_that_does_not_keep_its_trace_is_followed_and_hostile_ones_are_not() {
    for engine in [Engine::Native, Engine::TracingOpenTelemetry] {
        let run = |caller: &str| {
            let environment = Environment::from_pairs([("TRACEPARENT", caller)]);
            run(Flowspan::builder("bot").environment(environment), engine)
        };
        assert!(run(&CALLER.replace("-01", "-00")).is_empty(), "{engine:?}");
        for hostile in ["", "00", "no trace", "\u{fffd}", &CALLER.repeat(1_000)] {
            let spans = run(hostile);
            assert_eq!(span(&spans, "invoke_workflow w").parent_span_id, SpanId::INVALID, "{engine:?}");
        }
    }
}
