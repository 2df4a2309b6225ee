//! The endpoint as a client sees it.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
        mpsc,
    },
    thread,
    time::Duration,
};

use flate2::read::GzDecoder;
use flowspan_prometheus::{Accounts, Endpoint, Prometheus, PrometheusError, Reader, Server, TEXT_FORMAT};
use flowspan_runtime::{Environment, Health, Reporter, Worker};
use opentelemetry::{KeyValue, metrics::MeterProvider as _};
use opentelemetry_sdk::metrics::SdkMeterProvider;

const PATIENCE: Duration = Duration::from_secs(20);

struct Running {
    server: Server,
    provider: SdkMeterProvider,
    health: Health,
    _worker: Worker,
}

fn run() -> Running {
    run_with(Vec::new)
}

fn run_with(accounts: impl Fn() -> Accounts + Send + Sync + 'static) -> Running {
    let worker = Worker::start().expect("a thread");
    let health = Health::new(Reporter::silent());
    let (endpoint, reader) = bind();
    let provider = SdkMeterProvider::builder().with_reader(reader).build();
    let server = endpoint.serve(&worker.handle(), &health, accounts).expect("it serves");
    Running { server, provider, health, _worker: worker }
}

fn bind() -> (Endpoint, Reader) {
    Prometheus::on(([127, 0, 0, 1], 0)).bind(&Environment::empty()).expect("a free port")
}

struct Answer {
    head: String,
    bytes: Vec<u8>,
    /// The bytes, if they are text.
    body: String,
}

impl Answer {
    fn status(&self) -> &str {
        self.head.split(' ').nth(1).expect("a status")
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.head
            .lines()
            .filter_map(|line| line.split_once(": "))
            .find(|(key, _)| *key == name)
            .map(|(_, value)| value)
    }
}

fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect_timeout(&address, PATIENCE).expect("it listens");
    stream.set_read_timeout(Some(PATIENCE)).expect("a socket");
    stream
}

fn ask(address: SocketAddr, method: &str, path: &str) -> Answer {
    ask_with(address, method, path, "")
}

fn ask_with(address: SocketAddr, method: &str, path: &str, headers: &str) -> Answer {
    let mut stream = connect(address);
    write!(stream, "{method} {path} HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n").expect("it reads");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("it answers in time");
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n").expect("a head");
    let bytes = answer.split_off(end + 4);
    let head = String::from_utf8(answer).expect("a head is text");
    Answer { head, body: String::from_utf8(bytes.clone()).unwrap_or_default(), bytes }
}

#[test]
fn metrics_are_served_in_the_text_format() {
    let running = run();
    let counter =
        running.provider.meter("test").u64_counter("llm.tokens").with_description("Tokens.").build();
    counter.add(42, &[KeyValue::new("token_type", "input")]);
    let answer = ask(running.server.address(), "GET", "/metrics");
    assert_eq!(answer.status(), "200");
    assert_eq!(answer.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    assert_eq!(answer.header("content-length"), Some(answer.body.len().to_string().as_str()));
    assert!(answer.body.contains("\nllm_tokens_total{token_type=\"input\"} 42\n"), "{}", answer.body);
    assert!(!answer.body.contains("otel_scope_"), "scope labels distinguish nothing");
    assert_eq!(running.server.stats().answered, 1);
}

#[test]
fn head_is_answered_like_get_without_the_body() {
    let running = run();
    for path in ["/metrics", "/metrics/json", "/health", "/"] {
        let (get, head) =
            (ask(running.server.address(), "GET", path), ask(running.server.address(), "HEAD", path));
        assert_eq!(head.status(), "200", "{path}");
        assert_eq!(head.body, "");
        assert_eq!(head.header("content-length"), get.header("content-length"));
        assert_eq!(head.header("content-type"), get.header("content-type"));
    }
}

#[test]
fn other_methods_and_paths_are_refused() {
    let running = run();
    for method in ["POST", "PUT", "DELETE", "OPTIONS", "BREW"] {
        let answer = ask(running.server.address(), method, "/metrics");
        assert_eq!(answer.status(), "405", "{method}");
        assert_eq!(answer.header("allow"), Some("GET,HEAD"));
    }
    assert_eq!(ask(running.server.address(), "GET", "/metrics/").status(), "404");
    assert_eq!(ask(running.server.address(), "GET", "/../etc/passwd").status(), "404");
}

/// Counts 42 tokens.
fn count(running: &Running) {
    running.provider.meter("test").u64_counter("llm.tokens").build().add(42, &[]);
}

#[test]
fn the_registry_is_served_as_json() {
    let running = run();
    count(&running);
    for (path, headers) in [
        ("/metrics/json", ""),
        ("/metrics/json", "Accept: text/plain\r\n"),
        ("/metrics?format=json", ""),
        ("/metrics?format=json", "Accept: text/plain\r\n"),
        ("/metrics", "Accept: application/json\r\n"),
        ("/metrics?other=1", "Accept: text/plain;q=0.5\r\nAccept: application/json\r\n"),
    ] {
        let answer = ask_with(running.server.address(), "GET", path, headers);
        assert_eq!((answer.status(), answer.header("content-type")), ("200", Some("application/json")));
        let json: serde_json::Value = serde_json::from_str(&answer.body).expect("it is JSON");
        assert_eq!(json["schema_version"], 1);
        assert_eq!(json["metrics"][0]["name"], "llm_tokens_total");
        assert_eq!(json["metrics"][0]["series"][0]["value"], 42);
    }
    assert_eq!(running.server.stats().answered, 6);
}

#[test]
fn text_is_served_to_everybody_else() {
    let running = run();
    count(&running);
    for (path, headers) in [
        ("/metrics?format=prometheus", "Accept: application/json\r\n"),
        ("/metrics", "Accept: text/html,application/xml;q=0.9,*/*;q=0.8\r\n"),
        ("/metrics", "Accept: application/openmetrics-text;version=1.0.0;q=0.6,*/*;q=0.2\r\n"),
    ] {
        let answer = ask_with(running.server.address(), "GET", path, headers);
        assert_eq!(answer.header("content-type"), Some(TEXT_FORMAT));
        assert!(answer.body.contains("\nllm_tokens_total 42\n"), "{}", answer.body);
    }
}

#[test]
fn what_is_not_there_is_refused_with_what_is() {
    let running = run();
    let refused = ask_with(running.server.address(), "GET", "/metrics", "Accept: image/png\r\n");
    assert_eq!((refused.status(), &*refused.body), ("406", "there are text/plain and application/json\n"));
    let refused = ask(running.server.address(), "GET", "/metrics?format=xml");
    assert_eq!((refused.status(), &*refused.body), ("400", "format must be prometheus or json\n"));
    let refused = ask(running.server.address(), "GET", "/session");
    assert_eq!(
        (refused.status(), &*refused.body),
        ("404", "not found; there are / /metrics /metrics/json /health\n")
    );
}

#[test]
fn who_asks_for_gzip_gets_it() {
    let running = run();
    count(&running);
    for path in ["/metrics", "/metrics/json"] {
        let plain = ask(running.server.address(), "GET", path);
        assert_eq!(plain.header("content-encoding"), None);
        let answer = ask_with(running.server.address(), "GET", path, "Accept-Encoding: gzip\r\n");
        assert_eq!(answer.header("content-encoding"), Some("gzip"));
        assert_eq!(answer.header("content-length"), Some(answer.bytes.len().to_string().as_str()));
        let mut text = String::new();
        GzDecoder::new(&*answer.bytes).read_to_string(&mut text).expect("it is gzip");
        assert_eq!(text, plain.body);
    }
}

#[test]
fn a_path_of_ones_own_is_answered_with_json() {
    let worker = Worker::start().expect("a thread");
    let (endpoint, _reader) = bind();
    let calls = AtomicU64::new(0);
    let endpoint = endpoint
        .route("/session", move || serde_json::json!({ "calls": calls.fetch_add(1, Ordering::Relaxed) }))
        .and_then(|endpoint| endpoint.route("/broken", || -> u64 { panic!("on purpose") }))
        .expect("the paths are free");
    let server =
        endpoint.serve(&worker.handle(), &Health::new(Reporter::silent()), Vec::new).expect("it serves");
    for calls in 0..2 {
        let answer = ask(server.address(), "GET", "/session");
        assert_eq!(answer.header("content-type"), Some("application/json"));
        assert_eq!(answer.body, format!("{{\"calls\":{calls}}}"));
    }
    assert_eq!(ask(server.address(), "POST", "/session").status(), "405");
    let broken = ask(server.address(), "GET", "/broken");
    assert_eq!((broken.status(), &*broken.body), ("500", "what makes this page panicked\n"));
    assert!(ask(server.address(), "GET", "/").body.contains("href=\"/session\""));
}

#[test]
fn a_path_that_is_taken_or_none_is_an_error() {
    for path in ["/metrics", "/metrics/json", "/health", "/", "session", "", "/a b", "/{a}", "/*"] {
        let (endpoint, _reader) = bind();
        let error = endpoint.route(path, || 1).expect_err("it cannot be served");
        assert!(matches!(&error, PrometheusError::Route { path: named } if named == path), "{error}");
    }
    let (endpoint, _reader) = bind();
    let endpoint = endpoint.route("/session", || 1).expect("it is free");
    assert!(endpoint.route("/session", || 2).is_err());
}

#[test]
fn without_a_provider_a_scrape_fails_and_says_why() {
    let worker = Worker::start().expect("a thread");
    let (endpoint, _reader) = bind();
    let server =
        endpoint.serve(&worker.handle(), &Health::new(Reporter::silent()), Vec::new).expect("it serves");
    let answer = ask(server.address(), "GET", "/metrics");
    assert_eq!(answer.status(), "500");
    assert!(answer.body.starts_with("no meter provider has the reader"), "{}", answer.body);
}

#[test]
fn the_index_links_to_the_pages() {
    let running = run();
    let answer = ask(running.server.address(), "GET", "/");
    assert_eq!(answer.header("content-type"), Some("text/html; charset=utf-8"));
    assert!(answer.body.contains("href=\"/metrics\"") && answer.body.contains("href=\"/health\""));
}

#[test]
fn a_collector_that_is_down_degrades_the_health_and_nothing_else() {
    let running = run();
    let traces = running.health.exporter("otlp.traces", "");
    let healthy = ask(running.server.address(), "GET", "/health");
    assert_eq!(healthy.header("content-type"), Some("application/json"));
    assert!(healthy.body.starts_with(r#"{"status":"ok","exporters":[{"name":"prometheus","status":"idle"}"#));

    traces.failed("connection refused");
    let degraded = ask(running.server.address(), "GET", "/health");
    assert_eq!(degraded.status(), "200");
    assert!(degraded.body.starts_with(r#"{"status":"degraded""#));
    assert!(degraded.body.contains("connection refused"));
    assert_eq!(ask(running.server.address(), "GET", "/metrics").status(), "200");
}

#[test]
fn health_is_answered_even_if_its_numbers_cannot_be_had() {
    let running = run_with(|| panic!("on purpose"));
    let answer = ask(running.server.address(), "GET", "/health");
    assert_eq!(answer.status(), "200");
    assert_eq!(answer.body, r#"{"exporters":[],"status":"degraded"}"#);
}

#[test]
fn a_panicking_callback_is_an_error_and_never_an_empty_page() {
    let running = run();
    let meter = running.provider.meter("test");
    let _gauge = meter.u64_observable_gauge("broken").with_callback(|_| panic!("on purpose")).build();
    for _ in 0..3 {
        let answer = ask(running.server.address(), "GET", "/metrics");
        assert_eq!(answer.status(), "500");
        assert!(answer.body.contains("callback panicked"), "{}", answer.body);
    }
    assert_eq!(running.server.stats().failed, 3);
    assert!(ask(running.server.address(), "GET", "/health").body.starts_with(r#"{"status":"degraded""#));
}

#[test]
fn stalled_connections_do_not_keep_a_scrape_waiting() {
    let running = run();
    let stalled: Vec<_> = (0..200)
        .map(|_| {
            let mut stream = connect(running.server.address());
            // The server may have closed it already, to make room for the next one.
            let _ = stream.write_all(b"GET /metrics HTTP/1.1\r\nX-Slow: ");
            stream
        })
        .collect();
    assert_eq!(ask(running.server.address(), "GET", "/metrics").status(), "200");
    assert!(running.server.stats().evicted >= 200 - 64);
    drop(stalled);
}

#[test]
fn a_head_beyond_all_bounds_is_refused() {
    let running = run();
    let mut stream = connect(running.server.address());
    write!(stream, "GET /metrics HTTP/1.1\r\nX-Long: {}", "x".repeat(8 * 1024)).expect("it reads");
    let mut start = [0; 12];
    stream.read_exact(&mut start).expect("it answers");
    assert_eq!(&start, b"HTTP/1.1 431");
}

#[test]
fn after_a_stop_nobody_is_served_and_the_port_is_free() {
    let running = run();
    let address = running.server.address();
    let _silent = connect(address);
    assert!(running.server.stop(PATIENCE), "connections without a request do not delay it");
    assert!(running.server.stop(Duration::ZERO), "a second stop is harmless");
    let (again, _reader) = Prometheus::on(address).bind(&Environment::empty()).expect("the port is free");
    assert_eq!(again.address(), address);
}

#[test]
fn two_endpoints_do_not_mix_their_metrics() {
    let (first, second) = (run(), run());
    first.provider.meter("test").u64_counter("first").build().add(1, &[]);
    second.provider.meter("test").u64_counter("second").build().add(1, &[]);
    assert!(ask(first.server.address(), "GET", "/metrics").body.contains("first_total 1"));
    let answer = ask(second.server.address(), "GET", "/metrics");
    assert!(answer.body.contains("second_total 1") && !answer.body.contains("first_total"));
}

#[test]
fn a_second_endpoint_on_the_address_is_an_error() {
    let running = run();
    let error = Prometheus::on(running.server.address()).bind(&Environment::empty()).expect_err("taken");
    assert!(matches!(error, PrometheusError::AddressTaken { .. }));
}

#[test]
fn a_callback_that_hangs_does_not_hold_up_the_end_of_its_provider() {
    let reader = Reader::new();
    let provider = SdkMeterProvider::builder().with_reader(reader.clone()).build();
    let (begin, begun) = mpsc::channel();
    let (let_go, stuck) = mpsc::channel::<()>();
    let stuck = Mutex::new(stuck);
    let _gauge = provider
        .meter("test")
        .u64_observable_gauge("g")
        .with_callback(move |_| {
            let _ = begin.send(());
            let _ = stuck.lock().expect("nobody has panicked").recv();
        })
        .build();
    let scraped = reader.clone();
    let scrape = thread::spawn(move || drop(scraped.write_text(&mut Vec::new())));
    begun.recv_timeout(PATIENCE).expect("it is asked");
    let (end, ended) = mpsc::channel();
    thread::spawn(move || end.send(provider.shutdown()));
    let result = ended.recv_timeout(PATIENCE).expect("it does not wait for the callback");
    assert!(result.is_ok(), "{result:?}");
    drop(let_go);
    scrape.join().expect("it has not panicked");
    assert!(reader.write_text(&mut Vec::new()).is_err(), "nothing is collected any more");
}
