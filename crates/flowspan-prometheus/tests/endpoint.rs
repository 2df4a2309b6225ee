//! The endpoint as a client sees it.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use flowspan_prometheus::{Accounts, Prometheus, PrometheusError, Server};
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
    let (endpoint, reader) =
        Prometheus::on(([127, 0, 0, 1], 0)).bind(&Environment::empty()).expect("a free port");
    let provider = SdkMeterProvider::builder().with_reader(reader).build();
    let server = endpoint.serve(&worker.handle(), &health, accounts).expect("it serves");
    Running { server, provider, health, _worker: worker }
}

struct Answer {
    head: String,
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
    let mut stream = connect(address);
    write!(stream, "{method} {path} HTTP/1.1\r\nHost: localhost\r\n\r\n").expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it answers in time");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
    Answer { head: head.to_owned(), body: body.to_owned() }
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
    for path in ["/metrics", "/health", "/"] {
        let (get, head) =
            (ask(running.server.address(), "GET", path), ask(running.server.address(), "HEAD", path));
        assert_eq!(head.status(), "200", "{path}");
        assert_eq!(head.body, "");
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
