//! What a program gets from a configuration file.
#![cfg(all(
    feature = "console",
    feature = "jsonl",
    feature = "otlp",
    feature = "postgres",
    feature = "prometheus",
    feature = "session",
    feature = "statsd"
))]

use std::{
    collections::BTreeSet,
    fs,
    io::{Read, Write},
    net::{SocketAddr, TcpStream, UdpSocket},
    path::{Path, PathBuf},
    time::Duration,
};

use flowspan::{
    BuildError, Builder, Environment, Jsonl, Price, Prices, Reporter, Semconv, Statsd, prelude::*,
};
use tempfile::TempDir;

const PATIENCE: Duration = Duration::from_secs(10);

/// A directory with a configuration in it, and the variables that name it.
struct Place {
    directory: TempDir,
}

impl Place {
    fn new(config: &str) -> Self {
        let place = Place { directory: tempfile::tempdir().expect("a directory") };
        fs::write(place.config(), place.filled(config)).expect("written");
        place
    }

    fn config(&self) -> PathBuf {
        self.at("flowspan.toml")
    }

    fn at(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// With the paths of this directory where `DIR` stands.
    fn filled(&self, config: &str) -> String {
        config.replace("DIR", &self.directory.path().display().to_string())
    }

    fn environment(&self, variables: &[(&str, &str)]) -> Environment {
        let config = self.config().display().to_string();
        let all = variables.iter().copied().chain([("FLOWSPAN_CONFIG", config.as_str())]);
        Environment::from_pairs(all)
    }

    fn builder(&self, variables: &[(&str, &str)]) -> Builder {
        Flowspan::builder("bot")
            .environment(self.environment(variables))
            .console(Console::off())
            .reporter(Reporter::silent())
    }

    fn refused(&self) -> String {
        chain(self.builder(&[]).build().expect_err("it is of no use"))
    }
}

/// What a person sees of an error, with its causes.
fn chain(error: BuildError) -> String {
    let mut text = format!("{error} {error:?}");
    let mut source = std::error::Error::source(&error);
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    text
}

fn exporters(telemetry: &Telemetry) -> BTreeSet<String> {
    telemetry.health().exporters().into_iter().map(|exporter| exporter.name).collect()
}

fn run(telemetry: &Telemetry) {
    let _guard = telemetry.set_default();
    Workflow::new("triage").in_scope(|| Ok::<_, std::io::Error>(())).expect("nothing fails");
}

fn get(address: SocketAddr, path: &str) -> String {
    let mut stream = TcpStream::connect(address).expect("it listens");
    write!(stream, "GET {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n").expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it answers");
    answer
}

const EVERYTHING: &str = r#"
namespace = "bot"
[labels]
team = "payments"
[metrics]
port = 0
[metrics.postgres]
connection_string = "postgres://bot:canary@127.0.0.1:1/observed"
migrate = false
[otlp]
endpoint = "http://127.0.0.1:1"
timeout_ms = 100
[statsd]
server = "127.0.0.1:1"
[session]
file = "DIR/session.json"
[events]
file = "DIR/events.jsonl"
"#;

#[test]
fn every_section_is_a_way_out() {
    let place = Place::new(EVERYTHING);
    let telemetry = place.builder(&[]).build().expect("it builds");
    let expected =
        ["events", "otlp.logs", "otlp.metrics", "otlp.traces", "postgres", "prometheus", "session", "statsd"];
    assert_eq!(exporters(&telemetry), expected.map(str::to_owned).into());
    run(&telemetry);
    let page = get(telemetry.metrics_address().expect("it serves"), "/metrics");
    let series =
        r#"bot_workflow_executions_total{status="success",team="payments",workflow_name="triage"} 1"#;
    assert!(page.contains(series), "{page}");
    let report = telemetry.shutdown(Duration::from_millis(500));
    // A session takes what has ended.
    assert_eq!(report.accounts.events.created, 5, "two events to the file and the store, one to the session");
    assert_eq!(fs::read_to_string(place.at("events.jsonl")).expect("written").lines().count(), 2);
    assert!(place.at("session.json").exists());
}

#[test]
fn a_section_that_is_off_adds_nothing() {
    let off = EVERYTHING
        .replace("port = 0", "enabled = false\nport = 0")
        .replace("server", "enabled = false\nserver");
    let telemetry = Place::new(&off).builder(&[]).build().expect("it builds");
    assert!(telemetry.metrics_address().is_none());
    let there = exporters(&telemetry);
    assert!(!there.contains("statsd") && there.contains("postgres"), "{there:?}");
}

#[test]
fn what_the_program_has_already_is_there_once_and_takes_the_rest_from_the_file() {
    let server = UdpSocket::bind("127.0.0.1:0").expect("a port");
    server.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    let config =
        "[events]\nfile = \"DIR/theirs.jsonl\"\n[statsd]\nserver = \"127.0.0.1:1\"\ndialect = \"dogstatsd\"";
    let place = Place::new(config);
    let telemetry = place
        .builder(&[])
        .events(Jsonl::to(place.at("ours.jsonl")))
        .statsd(Statsd::to(server.local_addr().expect("bound").to_string()))
        .build()
        .expect("it builds");
    run(&telemetry);
    let report = telemetry.shutdown(PATIENCE).into_result().expect("nothing was lost");
    assert_eq!(report.events.delivered, 2, "one file");
    assert!(place.at("ours.jsonl").exists() && !place.at("theirs.jsonl").exists());
    let mut datagram = [0; 2048];
    let length = server.recv(&mut datagram).expect("lines");
    let lines = String::from_utf8_lossy(&datagram[..length]).into_owned();
    assert!(lines.contains("|#workflow_name:triage"), "the dialect of the file: {lines}");
}

#[test]
fn variables_win_over_the_file_and_code_over_both() {
    let config = "namespace = \"theirs\"\n[metrics]\nport = 70000\n[events]\nfile = \"DIR/file.jsonl\"";
    let place = Place::new(config);
    let of_variable = place.at("variable.jsonl").display().to_string();
    let variables = [
        ("OTEL_EXPORTER_PROMETHEUS_PORT", "0"),
        ("FLOWSPAN_EVENTS_FILE", of_variable.as_str()),
        ("FLOWSPAN_NAMESPACE", "variable"),
    ];
    let telemetry =
        place.builder(&variables).namespace("ours").build().expect("the port is that of the variable");
    run(&telemetry);
    let page = get(telemetry.metrics_address().expect("it serves"), "/metrics");
    assert!(page.contains("\nours_workflow_executions_total"), "{page}");
    telemetry.shutdown(PATIENCE).into_result().expect("nothing was lost");
    assert!(place.at("variable.jsonl").exists() && !place.at("file.jsonl").exists());

    let off = place.builder(&[("FLOWSPAN_METRICS_ENABLED", "false"), ("FLOWSPAN_EVENTS_ENABLED", "false")]);
    assert!(exporters(&off.build().expect("the bad port is not needed")).is_empty());
}

#[test]
fn a_file_that_the_program_names_wins_over_the_variable() {
    let (ours, theirs) = (Place::new("[metrics]\nport = 0"), Place::new("no TOML"));
    let telemetry = theirs.builder(&[]).config_file(ours.config()).build().expect("the other is not read");
    assert!(telemetry.metrics_address().is_some());
}

/// What a call of a million tokens cost, and by which names it was measured.
fn cost_and_instruments(builder: Builder) -> (Option<String>, [bool; 2]) {
    let telemetry = builder.build().expect("it builds");
    let default = telemetry.set_default();
    let call = Inference::chat("acme", "large");
    call.usage(Usage::new().input(1_000_000));
    drop((call, default));
    let page = get(telemetry.metrics_address().expect("it serves"), "/metrics");
    let cost = page.lines().find(|line| line.starts_with("flowspan_llm_cost_usd_total"));
    let cost = cost.and_then(|line| line.rsplit(' ').next()).map(str::to_owned);
    let instruments = ["gen_ai_client_inference_duration", "gen_ai_client_token_usage"];
    (cost, instruments.map(|name| page.contains(name)))
}

#[test]
fn the_file_says_prices_and_the_convention_unless_a_variable_or_the_program_does() {
    let place = Place::new("semconv = [\"gen_ai/1.41\"]\nprices = \"DIR/file.toml\"\n[metrics]\nport = 0");
    for (name, price) in [("file.toml", 2), ("variable.toml", 3)] {
        let prices = format!("[models.acme]\nlarge = {{ input = {price}, output = 0 }}");
        fs::write(place.at(name), prices).expect("written");
    }
    let said = |cost: &str, instruments| (Some(cost.to_owned()), instruments);
    assert_eq!(cost_and_instruments(place.builder(&[])), said("2", [false, true]));

    let of_variable = place.at("variable.toml").display().to_string();
    let variables = [("FLOWSPAN_PRICES", &*of_variable), ("OTEL_SEMCONV_STABILITY_OPT_IN", "gen_ai/dup")];
    assert_eq!(cost_and_instruments(place.builder(&variables)), said("3", [true, true]));

    let ours = Prices::builtin().model("acme/large", Price::new().input(4.0).output(0.0));
    let builder = place.builder(&variables).prices(ours).semconv(Semconv::Latest);
    assert_eq!(cost_and_instruments(builder), said("4", [true, false]));
}

#[test]
fn a_bad_value_names_the_key_the_file_the_line_and_the_accepted_form() {
    let cases = [
        (
            "[metrics]\nport = \"many\"",
            "metrics.port (DIR/flowspan.toml:2) is \"many\", but must be a port number",
        ),
        (
            "[metrics.postgres]\nbatch_size = 5",
            "metrics.postgres.connection_string in DIR/flowspan.toml (or FLOWSPAN_POSTGRES_URL) is not set",
        ),
        (
            "[metrics.postgres]\nconnection_string = \"postgres://h\"\nbatch_size = 0",
            "metrics.postgres.batch_size (DIR/flowspan.toml:3) is \"0\", but must be a whole number",
        ),
        (
            "[statsd]\nserver = \"nowhere\"",
            "statsd.server (DIR/flowspan.toml:2) is \"nowhere\", but must be host:port",
        ),
        ("[statsd]\nsample_histograms = 2", "statsd.sample_histograms (DIR/flowspan.toml:2) is \"2\""),
        (
            "[session]\nenabled = true",
            "session.file in DIR/flowspan.toml (or FLOWSPAN_SESSION_FILE) is not set",
        ),
        (
            "[session]\nfile = \"x.json\"\ninterval_ms = 1.5",
            "session.interval_ms (DIR/flowspan.toml:3) is \"1.5\"",
        ),
        (
            "[events]\nfile = \"x.jsonl\"\nkeep_files = -1",
            "events.keep_files (DIR/flowspan.toml:3) is \"-1\"",
        ),
        ("[otlp]\nendpoint = \"collector\"", "otlp.endpoint (DIR/flowspan.toml:2) is \"collector\""),
        ("[otlp]\nprotocol = \"pigeon\"", "otlp.protocol (DIR/flowspan.toml:2) is \"pigeon\""),
        ("sampler = \"sometimes\"", "sampler (DIR/flowspan.toml:1) is \"sometimes\", but must be always_on"),
        ("propagators = [\"b3\"]", "propagators (DIR/flowspan.toml:1) is \"b3\""),
        ("namespace = \"9 lives\"", "namespace (DIR/flowspan.toml:1) is \"9 lives\""),
        ("names = \"welsh\"", "names (DIR/flowspan.toml:1) is \"welsh\", but must be prodigy"),
        ("disabled = \"yes\"", "disabled (DIR/flowspan.toml:1) is \"yes\", but must be `true` or `false`"),
        ("semconv = [\"gen_ai/2\"]", "semconv (DIR/flowspan.toml:1) is \"gen_ai/2\", but must be a list"),
        (
            "prices = \"DIR/none.toml\"",
            "prices (DIR/flowspan.toml:1) is \"DIR/none.toml\", but must be the path of a file of prices",
        ),
        ("[span_limits]\nevents = \"all\"", "span_limits.events (DIR/flowspan.toml:2) is \"all\""),
        (
            "[metrics]\nprot = 1",
            "DIR/flowspan.toml:2: `metrics.prot` is no setting; the nearest one is `metrics.port`",
        ),
    ];
    for (config, expected) in cases {
        let place = Place::new(config);
        let (said, expected) = (place.refused(), place.filled(expected));
        assert!(said.starts_with(&expected), "{said}\ninstead of\n{expected}");
    }
}

#[test]
fn no_error_and_no_debug_output_shows_a_secret() {
    let cases = [
        "[metrics.postgres]\nconnection_string = \"bot:canary@host\"",
        "[metrics.postgres]\nconnection_string = \"postgres://bot:canary@host:port/db\"",
        "[metrics.postgres]\nconnection_string = \"postgres://bot:canary@host",
        "[metrics.postgres]\nconnection_string = [\"postgres://bot:canary@host\"]",
        "\"postgres://bot:canary@host\" = 1",
        "[otlp]\nheaders = { authorization = \"canary\\n\" }",
        "[otlp]\nheaders = \"authorization=canary\"",
        "[otlp]\nendpoint = \"ftp://bot:canary@host\"",
    ];
    for config in cases {
        let said = Place::new(config).refused();
        assert!(!said.contains("canary"), "{config}: {said}");
    }
    let place = Place::new(EVERYTHING);
    let builder = place.builder(&[]);
    let telemetry = place.builder(&[]).build().expect("it builds");
    run(&telemetry);
    let _ = telemetry.flush(Duration::from_millis(200));
    let shown = format!("{builder:?} {:?} {:?}", place.environment(&[]), telemetry.health());
    assert!(!shown.contains("canary"), "{shown}");
}

#[test]
fn a_file_that_is_not_there_is_an_error() {
    let named = |path: &Path| {
        let builder = Flowspan::builder("bot").environment(Environment::empty()).config_file(path);
        chain(builder.build().expect_err("there is none"))
    };
    let directory = tempfile::tempdir().expect("a directory");
    let said = named(&directory.path().join("none.toml"));
    assert!(said.contains("cannot read the configuration") && said.contains("none.toml"), "{said}");
    assert!(named(directory.path()).contains("is no regular file"));
}
