//! A session that is kept while the program runs.

#![cfg(all(feature = "session", feature = "prometheus", feature = "console"))]

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    path::Path,
    time::Duration,
};

use flowspan::{
    BuildError, Environment, Reporter, SessionCollector, SessionFile, SessionMetrics, Telemetry, event,
    prelude::*,
};

const PATIENCE: Duration = Duration::from_secs(20);

type Outcome = Result<(), std::io::Error>;

fn local() -> flowspan::Builder {
    Flowspan::builder("bot")
        .environment(Environment::empty())
        .console(Console::off())
        .reporter(Reporter::silent())
        .prometheus(Prometheus::on(([127, 0, 0, 1], 0)))
}

fn get(address: SocketAddr, path: &str) -> serde_json::Value {
    let mut stream = TcpStream::connect(address).expect("it listens");
    write!(stream, "GET {path} HTTP/1.0\r\nHost: test\r\n\r\n").expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it answers");
    let (_, body) = answer.split_once("\r\n\r\n").expect("a body");
    serde_json::from_str(body).unwrap_or_else(|error| panic!("{path}: {error} in {answer}"))
}

async fn a_run() {
    let work = async {
        ToolCall::new("rg").in_scope(|| Outcome::Ok(()))?;
        event::cache_hit("results");
        let call = Inference::chat("openai", "gpt-5-mini");
        call.run(async { Outcome::Ok(()) }).await?;
        call.usage(Usage::new().input(812).output(96).cache_read(640));
        Outcome::Ok(())
    };
    let agent = async { Agent::new("researcher").run(work).await };
    let phase = async { Phase::new("plan").run(agent).await };
    Workflow::new("triage").run(phase).await.expect("nothing fails");
}

fn observed(telemetry: &Telemetry) {
    let _mine = telemetry.set_default();
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(a_run());
}

fn kept(path: &Path) -> SessionMetrics {
    SessionMetrics::load(path).expect("the file is whole").expect("it is there")
}

#[test]
fn the_file_the_page_and_the_program_see_the_same_session() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().join("run.json");
    let collector = SessionCollector::new("run-1").file(&path);
    let telemetry = local().session(SessionFile::of(collector.clone())).build().expect("it builds");
    observed(&telemetry);
    observed(&telemetry);
    let accounts = telemetry.flush(PATIENCE);
    assert_eq!((accounts.events.queued, accounts.events.lost()), (0, 0));
    assert!(accounts.events.created > 0 && accounts.events.is_balanced());

    let session = kept(&path);
    assert_eq!(session, collector.snapshot());
    assert_eq!(session.session_id, "run-1");
    assert_eq!((session.requests.success, session.phases["plan"].transitions), (2, 2));
    assert_eq!(session.agents["researcher"].tools["rg"].success, 2);
    assert_eq!(session.model_calls.total().tokens.total, 2 * 908);
    let row = &session.model_calls.rows()[0];
    assert_eq!((row.phase.as_deref(), row.model.as_deref()), (Some("plan"), Some("gpt-5-mini")));
    assert_eq!(session.cache.hit_rate(), 1.0);
    assert!(!cfg!(target_os = "linux") || session.memory.peak_bytes >= session.memory.used_bytes);
    assert!(!cfg!(target_os = "linux") || session.memory.used_bytes > Some(100_000));

    let address = telemetry.metrics_address().expect("it is served");
    let file: serde_json::Value =
        serde_json::from_slice(&std::fs::read(&path).expect("it is there")).expect("JSON");
    assert_eq!(get(address, "/session"), file);
    assert_eq!(file["format"], "flowspan.session");
    let health = get(address, "/health");
    let exporters = health["exporters"].as_array().expect("a list");
    let session = exporters.iter().find(|exporter| exporter["name"] == "session").expect("it is there");
    assert_eq!(session["status"], "ok");
    assert_eq!(health["telemetry"]["events"]["queued"], 0);

    observed(&telemetry);
    let report = telemetry.shutdown(PATIENCE);
    assert_eq!(report.into_result().expect("nothing was lost").events.queued, 0);
    assert_eq!(kept(&path).requests.success, 3, "the shutdown saves");
    assert_eq!(kept(&path), collector.snapshot());
    observed(&telemetry);
    assert_eq!(kept(&path).requests.success, 3);
}

#[test]
fn it_is_saved_again_and_again_without_being_asked() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().join("run.json");
    let file = SessionFile::to(&path).interval(Duration::from_millis(20));
    let telemetry = local().session(file).build().expect("it builds");
    observed(&telemetry);
    let began = std::time::Instant::now();
    while SessionMetrics::load(&path).expect("whole").is_none_or(|session| session.requests.success == 0) {
        assert!(began.elapsed() < PATIENCE, "it is never saved");
        std::thread::yield_now();
    }
    assert_eq!(kept(&path).session_id, "run");
}

#[test]
fn the_environment_names_a_file_and_without_one_nothing_is_kept() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().join("run.json");
    let text = path.to_string_lossy();
    let named = local()
        .environment(Environment::from_pairs([("FLOWSPAN_SESSION_FILE", text.as_ref())]))
        .session(SessionFile::from_env());
    let telemetry = named.build().expect("it builds");
    observed(&telemetry);
    drop(telemetry);
    assert_eq!(kept(&path).requests.success, 1, "a telemetry that is dropped saves, too");

    let telemetry = local().session(SessionFile::from_env()).build().expect("it builds");
    observed(&telemetry);
    assert_eq!(telemetry.accounts().events.created, 0);
}

#[test]
fn a_file_that_is_something_else_is_an_error_of_the_build() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().join("notes.txt");
    std::fs::write(&path, "dear diary").expect("written");
    let error = local().session(SessionFile::to(&path)).build().expect_err("it would be lost");
    assert!(matches!(error, BuildError::Setting(_)), "{error:?}");
    assert!(error.to_string().contains("notes.txt"), "{error}");
}
