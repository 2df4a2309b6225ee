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
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream, UdpSocket},
    path::Path,
    process::Command,
    sync::{Arc, Mutex},
    time::Duration,
};

use flowspan::{
    Environment, Jsonl, Retrieval, SessionFile, Statsd,
    content::{Content, ContentPolicy, Message, Messages},
    prelude::*,
};

/// What must not leave, and the secret beside it that must not leave even where text may.
const CANARY: &str = "canary-7c1e";
const SECRET: &str = "ada.canary@example.org";
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

/// What the program gives away at these settings: what it prints, and what is found elsewhere.
fn given_away(settings: &[(&str, &str)]) -> String {
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
    all += &text(&heard.lock().expect("nobody panics"));
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
    all
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Somebody to whom OTLP can be sent, and every byte that was.
fn collector() -> (SocketAddr, Arc<Mutex<Vec<u8>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("it is bound");
    let heard = Arc::new(Mutex::new(Vec::new()));
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
fn take(mut connection: TcpStream, book: &Mutex<Vec<u8>>) -> Option<()> {
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
        book.lock().expect("nobody panics").extend(body);
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
        let all = given_away(settings);
        for word in [CANARY, SECRET] {
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
        let all = given_away(&settings);
        assert!(!all.contains(SECRET), "{all}");
        assert!(all.contains(CANARY) && all.contains("[redacted:email]"), "{all}");
    }
}

#[test]
fn all_of_it_is_there_if_somebody_asks_for_it_by_name() {
    assert!(given_away(&[("FLOWSPAN_CONTENT", "full")]).contains(SECRET));
}

#[test]
fn a_redactor_that_fails_is_told_once_and_counted() {
    let reports = Arc::new(Mutex::new(Vec::new()));
    let told = reports.clone();
    let telemetry = Flowspan::builder("bot")
        .environment(Environment::empty())
        .console(Console::off())
        .reporter(flowspan::Reporter::new(move |report| told.lock().unwrap().push(report.to_string())))
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
