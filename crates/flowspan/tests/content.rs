//! No word of a prompt is in any output unless somebody asks for it, and no secret unless somebody asks for
//! secrets.
//!
//! The program is this binary once more, in a process of its own, with every output on that needs no
//! server; what it sends, serves, writes and prints is searched.

#![cfg(all(
    feature = "otlp",
    feature = "prometheus",
    feature = "console",
    feature = "jsonl",
    feature = "session",
    feature = "statsd"
))]

use std::{
    collections::BTreeMap,
    error::Error,
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream, UdpSocket},
    path::Path,
    process::Command,
    sync::{Arc, Mutex},
    time::Duration,
};

use flowspan::{
    Builder, Dialect, Engine, Environment, Jsonl, Report, Reporter, Retrieval, SessionFile, Signal, Statsd,
    content::{Carrier, Content, ContentPolicy, Message, Messages},
    model::Kind,
    opentelemetry::logs::AnyValue,
    prelude::*,
};
use flowspan_stack::{Collector, Part, Signal as Collected, require, wait_until};
use opentelemetry_sdk::{
    logs::{InMemoryLogExporter, SdkLogRecord},
    trace::{InMemorySpanExporter, SpanData},
};

/// What must not leave, and the secret beside it that must not leave even where text may.
const CANARY: &str = "canary-7c1e";
const SECRET: &str = "ada.canary@example.org";
/// The event that is told only if somebody asks for events.
const EVENT: &str = "gen_ai.client.inference.operation.details";
const PATIENCE: Duration = Duration::from_secs(20);

/// What the program of the other process is told.
const DIRECTORY: &str = "CONTENT_TEST_DIRECTORY";
const COLLECTOR: &str = "CONTENT_TEST_COLLECTOR";
const SERVER: &str = "CONTENT_TEST_SERVER";

/// The program, when this binary is started for it; nothing otherwise.
#[test]
fn the_program() {
    let Ok(directory) = std::env::var(DIRECTORY) else { return };
    let told = |name| std::env::var(name).expect("it was told");
    let telemetry = Flowspan::builder("bot")
        .environment(Environment::process())
        .console(Console::tree())
        .otlp(Otlp::to(told(COLLECTOR)).protocol(Protocol::HttpProtobuf))
        .prometheus(Prometheus::on(([127, 0, 0, 1], 0)))
        .events(Jsonl::to(Path::new(&directory).join("events.jsonl")))
        .session(SessionFile::to(Path::new(&directory).join("session.json")))
        .statsd(Statsd::to(told(SERVER)))
        .build()
        .expect("the environment is good");
    let default = telemetry.set_default();
    work();
    drop(default);
    for path in ["/metrics", "/metrics/json", "/health", "/session"] {
        println!("{}", get(telemetry.metrics_address().expect("it serves"), path));
    }
    telemetry.shutdown(PATIENCE).into_result().expect("everything arrived");
}

fn work() {
    let said = || format!("{CANARY}, from {SECRET}");
    let text = said();
    let workflow = Workflow::new("triage");
    workflow.input_messages(|| Messages::from([Message::user(said())]));
    workflow
        .in_scope(|| {
            let agent = Agent::new("researcher");
            agent.system_instructions(said);
            agent.in_scope(|| {
                let call = Inference::chat("openai", "m");
                call.input_messages(|| Messages::from([Message::user(said())]));
                call.output_messages(said);
                call.tool_definitions(said);
                call.usage(Usage::new().input(1).output(1));
                let tool = ToolCall::new("mail");
                tool.arguments(|| serde_json::json!({ "to": said() }));
                tool.result(said);
                let retrieval = Retrieval::new("handbook");
                retrieval.query_text(said);
                retrieval.documents(said);
                drop((call, tool, retrieval));
                foreign(&text);
                Ok::<_, std::io::Error>(())
            })
        })
        .expect("nothing fails");
}

/// As rig and genai say it, and as somebody says it in a log.
fn foreign(text: &str) {
    drop(tracing::info_span!(
        target: "rig::completions", "chat", gen_ai.operation.name = "chat", gen_ai.provider.name = "openai",
        gen_ai.request.model = "m", gen_ai.system_instructions = text, gen_ai.input.messages = text,
        gen_ai.output.messages = ?text, gen_ai.prompt = text, gen_ai.completion = text,
    ));
    drop(tracing::info_span!(
        target: "genai::otel::span", "genai.chat", otel.name = "chat m", gen_ai.operation.name = "chat",
        gen_ai.provider.name = "openai", gen_ai.request.model = "m", gen_ai.input.messages = text,
        gen_ai.tool.definitions = text, input.value = text, output.value = text,
    ));
    tracing::info!(gen_ai.content.prompt = text, "a log record with content");
}

/// What the program gives away.
struct Given {
    /// What it prints, and what is found elsewhere.
    all: String,
    /// What was sent to a collector, by path.
    sent: BTreeMap<String, Vec<u8>>,
}

impl Given {
    fn sent(&self, path: &str) -> String {
        text(&self.sent[path])
    }
}

/// What the program gives away at these settings.
fn given_away(settings: &[(&str, &str)]) -> Given {
    let directory = tempfile::tempdir().expect("a directory");
    let (collector, heard) = collector();
    let server = UdpSocket::bind("127.0.0.1:0").expect("a port");
    server.set_read_timeout(Some(Duration::from_millis(200))).expect("a timeout");
    let output = Command::new(std::env::current_exe().expect("this binary"))
        .args(["--exact", "the_program", "--nocapture"])
        .env_clear()
        .env("RUST_LOG", "off")
        .env(DIRECTORY, directory.path())
        .env(COLLECTOR, format!("http://{collector}"))
        .env(SERVER, server.local_addr().expect("it is bound").to_string())
        .envs(settings.iter().copied())
        .output()
        .expect("it runs");
    let printed = format!("{}{}", text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{printed}");
    let mut all = printed;
    let mut datagram = [0; 65_536];
    while let Ok(length) = server.recv(&mut datagram) {
        all += &text(&datagram[..length]);
    }
    let sent = heard.lock().expect("nobody panics").clone();
    sent.values().for_each(|bodies| all += &text(bodies));
    for file in ["events.jsonl", "session.json"] {
        all += &text(&std::fs::read(directory.path().join(file)).expect("it was written"));
    }
    // Every output has said something.
    for proof in [
        "flowspan_workflow_executions_total",
        "flowspan.workflow.executions",
        "invoke_workflow triage",
        "execute_tool mail",
    ] {
        assert!(all.contains(proof), "{proof} is missing in {all}");
    }
    Given { all, sent }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Every byte that was sent, by path.
type Book = Mutex<BTreeMap<String, Vec<u8>>>;

/// Somebody to whom OTLP can be sent, and what was.
fn collector() -> (SocketAddr, Arc<Book>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("it is bound");
    let heard = Arc::<Book>::default();
    let book = heard.clone();
    std::thread::spawn(move || {
        for connection in listener.incoming().flatten() {
            let book = book.clone();
            std::thread::spawn(move || take(connection, &book));
        }
    });
    (address, heard)
}

/// Takes requests of this connection, one after the other, and answers that all is well.
fn take(mut connection: TcpStream, book: &Book) -> Option<()> {
    loop {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            connection.read_exact(&mut byte).ok()?;
            head.push(byte[0]);
        }
        let head = text(&head).to_ascii_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length:"))?;
        let mut body = vec![0; length.trim().parse().ok()?];
        connection.read_exact(&mut body).ok()?;
        let path = head.split(' ').nth(1)?.to_owned();
        book.lock().expect("nobody panics").entry(path).or_default().extend(body);
        connection
            .write_all(
                b"HTTP/1.1 200 OK\r\ncontent-type: application/x-protobuf\r\ncontent-length: 0\r\n\r\n",
            )
            .ok()?;
    }
}

fn get(address: SocketAddr, path: &str) -> String {
    let mut stream = TcpStream::connect(address).expect("it listens");
    write!(stream, "GET {path} HTTP/1.0\r\nHost: test\r\n\r\n").expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it answers");
    answer
}

#[test]
fn by_default_no_word_of_it_is_in_any_output() {
    for settings in [
        &[][..],
        &[("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", "NO_CONTENT")],
        &[("FLOWSPAN_CONTENT", "sizes")],
    ] {
        let Given { all, .. } = given_away(settings);
        for word in [CANARY, SECRET, EVENT] {
            assert!(!all.contains(word), "{word} in {all}");
        }
        assert_eq!(all.contains("flowspan.content."), !settings.is_empty() && settings[0].1 == "sizes");
    }
}

#[test]
fn where_text_is_redacted_no_secret_is_in_any_output() {
    for settings in [
        [("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", "SPAN_ONLY")],
        [("FLOWSPAN_CONTENT", "redacted")],
    ] {
        let Given { all, .. } = given_away(&settings);
        assert!(!all.contains(SECRET) && !all.contains(EVENT), "{all}");
        assert!(all.contains(CANARY) && all.contains("[redacted:email]"), "{all}");
    }
}

#[test]
fn content_stands_where_the_standard_variable_says_and_without_secrets() {
    for (carrier, is_on_spans) in [("EVENT_ONLY", false), ("SPAN_AND_EVENT", true)] {
        let given = given_away(&[("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", carrier)]);
        assert!(!given.all.contains(SECRET), "{}", given.all);
        let (logs, traces) = (given.sent("/v1/logs"), given.sent("/v1/traces"));
        assert!(logs.contains(EVENT) && logs.contains(CANARY) && logs.contains("[redacted:email]"), "{logs}");
        assert_eq!(traces.contains(CANARY), is_on_spans, "{traces}");
        assert!(!traces.contains("flowspan.content."), "{traces}");
    }
}

#[test]
fn all_of_it_is_there_if_somebody_asks_for_it_by_name() {
    assert!(given_away(&[("FLOWSPAN_CONTENT", "full")]).all.contains(SECRET));
}

/// What a program of this engine exports, whose content stands on `carrier`.
fn exported(
    engine: Engine,
    carrier: Carrier,
    work: impl FnOnce(&Telemetry),
) -> (Vec<SpanData>, Vec<SdkLogRecord>) {
    let (spans, logs) = (InMemorySpanExporter::default(), InMemoryLogExporter::default());
    let telemetry = Flowspan::builder("bot")
        .environment(Environment::empty())
        .console(Console::off())
        .engine(engine)
        .dialect(Dialect::new("acme").span("acme.ask", Kind::Inference).content("acme.question"))
        .span_exporter("spans", spans.clone())
        .log_exporter("logs", logs.clone())
        .content(ContentPolicy::new(Content::Redacted).with_limit(1024))
        .content_carrier(carrier)
        .build()
        .expect("nothing is wrong with it");
    let default = telemetry.set_default();
    work(&telemetry);
    drop(default);
    // What these exporters hold they forget when they are shut down.
    telemetry.flush(PATIENCE);
    let logs = logs.get_emitted_logs().expect("it is alive").into_iter().map(|log| log.record);
    let exported = (spans.get_finished_spans().expect("it is alive"), logs.collect());
    telemetry.shutdown(PATIENCE).into_result().expect("nothing is lost");
    exported
}

const ENGINES: [Engine; 2] = [Engine::Native, Engine::TracingOpenTelemetry];

fn attribute<'record>(event: &'record SdkLogRecord, name: &str) -> Option<&'record AnyValue> {
    event.attributes_iter().find(|(key, _)| key.as_str() == name).map(|(_, value)| value)
}

/// A list or a map as JSON, for a look into it.
fn json(value: &AnyValue) -> serde_json::Value {
    match value {
        AnyValue::String(text) => text.as_str().into(),
        AnyValue::ListAny(elements) => elements.iter().map(json).collect(),
        AnyValue::Map(members) => members.iter().map(|(key, value)| (key.to_string(), json(value))).collect(),
        other => panic!("there is no {other:?} in messages"),
    }
}

#[test]
fn an_event_has_messages_with_their_structure_redacted_and_cut_as_on_spans() {
    for engine in ENGINES {
        let (spans, events) = exported(engine, Carrier::SpansAndEvents, |_| {
            let call = Inference::chat("openai", "m");
            call.system_instructions(|| flowspan::content::SystemInstructions::from("Be brief."));
            call.input_messages(|| {
                Messages::from([Message::user(format!("Ask {SECRET}. {}", "long ".repeat(999)))])
            });
            call.output_messages(|| "no JSON");
        });
        let [event] = events.as_slice() else { panic!("{events:?}") };
        let instructions = json(attribute(event, "gen_ai.system_instructions").expect("it is there"));
        assert_eq!(instructions, serde_json::json!([{ "type": "text", "content": "Be brief." }]));
        let input = json(attribute(event, "gen_ai.input.messages").expect("it is there"));
        assert_eq!(input[0]["role"], "user");
        let said = input[0]["parts"][0]["content"].as_str().expect("a text");
        assert!(said.starts_with("Ask [redacted:email].") && said.contains("…[cut "), "{said}");
        assert!(said.len() < 1024, "{said}");
        assert_eq!(attribute(event, "gen_ai.output.messages"), Some(&"no JSON".into()));
        let on_span =
            |name: &str| spans[0].attributes.iter().find(|attribute| attribute.key.as_str() == name);
        let cut = "flowspan.content.gen_ai.input.messages.cut";
        assert_eq!(
            attribute(event, cut).map(|cut| format!("{cut:?}")),
            on_span(cut).map(|cut| format!("Int({})", cut.value))
        );
        let text = on_span("gen_ai.input.messages").expect("it is there").value.as_str();
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).expect("JSON"), input);
    }
}

#[test]
fn a_collector_gets_the_event_with_its_name_its_span_and_its_structure() -> Result<(), Box<dyn Error>> {
    let Some(()) = require(&[Part::Collector]) else { return Ok(()) };
    let collector = Collector::builder().into_files().start()?;
    let telemetry = Flowspan::builder("bot")
        .environment(Environment::empty())
        .console(Console::off())
        .otlp(Otlp::to(collector.otlp_grpc_endpoint()).protocol(Protocol::Grpc))
        .content(Content::Redacted)
        .content_carrier(Carrier::Events)
        .build()?;
    let default = telemetry.set_default();
    let call = Inference::chat("openai", "m");
    call.input_messages(|| Messages::from([Message::user(format!("{CANARY}, from {SECRET}"))]));
    call.usage(Usage::new().input(7));
    drop((call, default));
    telemetry.shutdown(PATIENCE).into_result()?;
    let received = |signal| {
        let read = || std::fs::read_to_string(collector.received(signal)).ok();
        wait_until(PATIENCE, || serde_json::from_str::<serde_json::Value>(&read()?).ok())
    };
    let logs = received(Collected::Logs).ok_or("there are log records")?;
    let traces = received(Collected::Traces).ok_or("there are spans")?;
    let event = &logs["resourceLogs"][0]["scopeLogs"][0]["logRecords"][0];
    let span = &traces["resourceSpans"][0]["scopeSpans"][0]["spans"][0];
    assert_eq!(event["eventName"], EVENT);
    assert_eq!(event["severityNumber"], 5);
    assert_eq!([&event["traceId"], &event["spanId"]], [&span["traceId"], &span["spanId"]]);
    let attributes = event["attributes"].as_array().ok_or("it has attributes")?;
    let attribute = |key| attributes.iter().find(|known| known["key"] == key).map(|known| &known["value"]);
    assert_eq!(attribute("gen_ai.usage.input_tokens"), Some(&serde_json::json!({ "intValue": "7" })));
    let messages = attribute("gen_ai.input.messages").ok_or("it has messages")?;
    let message = messages["arrayValue"]["values"][0]["kvlistValue"]["values"].to_string();
    assert!(message.contains(CANARY) && message.contains("[redacted:email]"), "{messages}");
    assert!(!span.to_string().contains(CANARY) && !logs.to_string().contains(SECRET), "{span} {logs}");
    Ok(())
}

#[test]
fn content_that_shall_stand_on_events_alone_is_on_no_span() {
    for engine in ENGINES {
        let (spans, events) = exported(engine, Carrier::Events, |_| {
            work();
            let text = CANARY;
            drop(tracing::info_span!("acme.ask", acme.question = text));
            tracing::info_span!("work")
                .in_scope(|| tracing::info!(gen_ai.prompt = text, "on a span of nobody"));
        });
        let told = format!("{events:?}");
        assert!(told.contains("acme.question") && told.contains(CANARY) && !told.contains(SECRET), "{told}");
        let shown = format!("{spans:?}");
        assert!(shown.contains("on a span of nobody"), "{shown}");
        assert!(!shown.contains(CANARY) && !shown.contains("flowspan.content."), "{shown}");
    }
}

#[test]
fn events_are_log_records_that_can_be_switched_off_while_the_program_runs() {
    for engine in ENGINES {
        let (spans, events) = exported(engine, Carrier::SpansAndEvents, |telemetry| {
            telemetry.disable(Signal::Logs);
            drop(Inference::chat("openai", "unheard"));
            telemetry.enable(Signal::Logs);
            drop(Inference::chat("openai", "heard"));
        });
        assert_eq!((spans.len(), events.len()), (2, 1));
        assert_eq!(attribute(&events[0], "gen_ai.request.model"), Some(&"heard".into()));
    }
}

type Reports = Arc<Mutex<Vec<String>>>;

/// A builder that exports spans, and what its reporter has heard.
fn listening() -> (Builder, Reports) {
    let reports = Reports::default();
    let told = reports.clone();
    let report = move |report: &Report| told.lock().expect("nobody has panicked").push(report.to_string());
    let builder = Flowspan::builder("bot")
        .environment(Environment::empty())
        .console(Console::off())
        .reporter(Reporter::new(report))
        .span_exporter("spans", InMemorySpanExporter::default());
    (builder, reports)
}

#[test]
fn content_that_goes_nowhere_is_told_when_telemetry_starts() {
    let (builder, reports) = listening();
    let telemetry = builder
        .content(Content::Redacted)
        .content_carrier(Carrier::Events)
        .build()
        .expect("nothing is wrong with it");
    let report = wait_until(PATIENCE, || reports.lock().unwrap().first().cloned()).expect("it is told");
    assert!(report.contains("content is wanted on log records, and no output takes log records"), "{report}");
    telemetry.shutdown(PATIENCE).into_result().expect("nothing is lost");
}

#[test]
fn a_redactor_that_fails_is_told_once_and_counted() {
    let (builder, reports) = listening();
    let telemetry = builder
        .prometheus(Prometheus::on(([127, 0, 0, 1], 0)))
        .content(ContentPolicy::new(Content::Redacted).with_deadline(PATIENCE))
        .redactor(|text| if text.contains("bad") { panic!("a bug") } else { text.to_owned() })
        .build()
        .expect("nothing is wrong with it");
    let default = telemetry.set_default();
    for said in ["bad", "bad", "good"] {
        ToolCall::new("t").result(|| said);
    }
    drop(default);
    let address = telemetry.metrics_address().expect("it serves");
    let metrics = get(address, "/metrics");
    let line = "flowspan_telemetry_content_refused_total{reason=\"redactor_panicked\"";
    let refused =
        metrics.lines().find(|found| found.starts_with(line)).unwrap_or_else(|| panic!("{metrics}"));
    assert!(refused.ends_with(" 2"), "{refused}");
    let health = get(address, "/health");
    let (_, body) = health.split_once("\r\n\r\n").expect("a body");
    let health: serde_json::Value = serde_json::from_str(body).expect("it is JSON");
    assert_eq!(health["content"]["redactor_panicked"], 2);
    assert_eq!(health["content"]["shown"], 1);
    telemetry.shutdown(PATIENCE).into_result().expect("nothing is lost");
    let reports = reports.lock().unwrap();
    assert_eq!(reports.len(), 2, "{reports:?}");
    assert!(reports[0].contains("content.redactor fails: redactor_panicked"), "{reports:?}");
    assert!(reports[1].contains("content.redactor works again after 2"), "{reports:?}");
}
