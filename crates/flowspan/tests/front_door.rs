//! What a program gets from one builder call, in local mode.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use flowspan::{
    Environment, Reporter, event,
    model::{Event, EventSink, Kind, Moment},
    prelude::*,
};
use opentelemetry_sdk::{logs::InMemoryLogExporter, trace::InMemorySpanExporter};

const PATIENCE: Duration = Duration::from_secs(10);

type Outcome = Result<(), std::io::Error>;

fn free() -> Prometheus {
    Prometheus::on(([127, 0, 0, 1], 0))
}

fn local(service: &str) -> flowspan::Builder {
    Flowspan::builder(service)
        .environment(Environment::empty())
        .console(Console::off())
        .reporter(Reporter::silent())
}

fn get(address: SocketAddr, path: &str) -> String {
    let mut stream = TcpStream::connect(address).expect("it listens");
    write!(stream, "GET {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n").expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it answers");
    answer
}

fn sample(metrics: &str, series: &str) -> f64 {
    let line = metrics
        .lines()
        .find(|line| line.starts_with(series))
        .unwrap_or_else(|| panic!("no {series} in\n{metrics}"));
    line.rsplit(' ').next().expect("a value").parse().expect("a number")
}

async fn a_run() {
    Workflow::new("triage")
        .run(async {
            Step::shell("clone").run(async { Outcome::Ok(()) }).await?;
            event::retry(2, Duration::from_millis(5), "again");
            let call = Inference::chat("openai", "gpt-5-mini");
            call.run(async { Outcome::Ok(()) }).await?;
            call.usage(Usage::new().input(812).output(96).cache_read(640));
            Outcome::Ok(())
        })
        .await
        .expect("nothing fails");
}

#[tokio::test]
async fn the_same_run_is_in_every_output() {
    #[derive(Clone, Default)]
    struct Ended(Arc<Mutex<Vec<Kind>>>);
    impl EventSink for Ended {
        fn event(&self, event: &Event) {
            if event.moment == Moment::Ended {
                self.0.lock().unwrap().push(event.kind);
            }
        }
    }
    let (spans, ended) = (InMemorySpanExporter::default(), Ended::default());
    let telemetry = local("bot")
        .span_exporter("memory", spans.clone())
        .event_sink(ended.clone())
        .prometheus(free())
        .namespace("prodigy")
        .build()
        .expect("it builds");
    let guard = telemetry.set_default();
    a_run().await;
    drop(guard);

    let accounts = telemetry.flush_async(PATIENCE).await;
    assert_eq!((accounts.spans.created, accounts.spans.delivered), (3, 3));
    assert_eq!(spans.get_finished_spans().expect("it is alive").len(), 3);
    assert_eq!(*ended.0.lock().unwrap(), [Kind::Step, Kind::Inference, Kind::Workflow]);

    let address = telemetry.metrics_address().expect("it serves");
    let metrics = tokio::task::spawn_blocking(move || get(address, "/metrics")).await.expect("it answers");
    let series = r#"prodigy_llm_tokens_total{model="gpt-5-mini",provider="openai",token_type="input"}"#;
    assert_eq!(sample(&metrics, series), 812.0);
    assert_eq!(
        sample(&metrics, r#"prodigy_workflow_executions_total{status="success",workflow_name="triage"}"#),
        1.0
    );
    assert_eq!(sample(&metrics, r#"prodigy_workflow_active{workflow_name="triage"}"#), 0.0);
    assert_eq!(sample(&metrics, r#"prodigy_telemetry_delivered_total{signal="spans"}"#), 3.0);
    let health = tokio::task::spawn_blocking(move || get(address, "/health")).await.expect("it answers");
    assert!(health.contains(r#""status":"ok""#), "{health}");

    let report = telemetry.shutdown_async(PATIENCE).await;
    report.into_result().expect("nothing was lost");
    let metrics =
        tokio::task::spawn_blocking(move || get(address, "/metrics")).await.expect("it still answers");
    assert_eq!(sample(&metrics, series), 812.0, "what is scraped stays until the telemetry is dropped");
    drop(telemetry);
}

#[tokio::test]
async fn a_collector_that_is_away_costs_its_spans_and_nothing_else() {
    let nobody = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address");
    let reports = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&reports);
    let telemetry = local("bot")
        .otlp(Otlp::to(format!("http://{nobody}")).protocol(Protocol::Grpc).without_metrics().without_logs())
        .reporter(Reporter::new(move |report| heard.lock().unwrap().push(report.to_string())))
        .build()
        .expect("a collector that is away is no error");
    let guard = telemetry.set_default();
    let began = Instant::now();
    a_run().await;
    assert!(began.elapsed() < Duration::from_secs(1), "the program does not wait");
    drop(guard);

    let lost = telemetry.shutdown_async(PATIENCE).await.into_result().expect_err("nobody took the spans");
    assert_eq!(lost.accounts().spans.lost(), 3);
    assert!(lost.accounts().spans.is_balanced());
    assert!(lost.to_string().contains("3 of 3 spans (export_failed)"), "{lost}");
    assert_eq!(reports.lock().unwrap().len(), 1, "it is said once: {reports:?}");
}

#[test]
fn a_log_filter_cannot_switch_telemetry_off() {
    for directives in ["off", "error", "flowspan=off", "my_program=trace"] {
        let telemetry = Flowspan::builder("bot")
            .environment(Environment::from_pairs([("RUST_LOG", directives)]))
            .console(Console::lines())
            .prometheus(free())
            .build()
            .expect("it builds");
        let guard = telemetry.set_default();
        // What a dependency asks must not swallow the next span (tokio-rs/tracing #2519).
        for _ in 0..3 {
            let _ = tracing::enabled!(tracing::Level::DEBUG);
            drop(Workflow::new("quiet").enter());
        }
        drop(guard);
        let metrics = get(telemetry.metrics_address().expect("it serves"), "/metrics");
        let series = r#"flowspan_workflow_executions_total{status="success",workflow_name="quiet"}"#;
        assert_eq!(sample(&metrics, series), 3.0, "RUST_LOG={directives}");
    }
}

#[test]
fn disabled_telemetry_hears_and_serves_nothing() {
    let by_code = local("bot").prometheus(free()).disabled();
    let by_variable = local("bot")
        .prometheus(free())
        .environment(Environment::from_pairs([("OTEL_SDK_DISABLED", "true")]))
        .console(Console::lines());
    for builder in [by_code, by_variable] {
        let telemetry = builder.build().expect("it builds");
        let _guard = telemetry.set_default();
        assert!(!telemetry.is_enabled());
        assert!(telemetry.metrics_address().is_none());
        assert!(Step::shell("s").span().is_disabled(), "a handle costs nothing");
        assert_eq!(telemetry.shutdown(PATIENCE).into_result().expect("nothing is lost").lost(), 0);
    }
}

#[test]
fn a_bad_setting_is_an_error_that_names_it() {
    let cases: [(&str, &str, &str); 6] = [
        ("OTEL_SDK_DISABLED", "yes", "`true` or `false`"),
        ("OTEL_TRACES_SAMPLER", "sometimes", "always_on"),
        ("OTEL_PROPAGATORS", "carrier-pigeon", "tracecontext"),
        ("OTEL_RESOURCE_ATTRIBUTES", "novalue", "key=value"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "::not a url::", "OTEL_EXPORTER_OTLP_ENDPOINT"),
        ("OTEL_METRICS_EXPORTER", "carrier-pigeon", "prometheus"),
    ];
    for (variable, value, accepted) in cases {
        let error = Flowspan::from_env("bot")
            .environment(Environment::from_pairs([(variable, value)]))
            .console(Console::off())
            .build()
            .expect_err(variable)
            .to_string();
        assert!(error.contains(variable) && error.contains(value) && error.contains(accepted), "{error}");
    }
    let error =
        local("bot").namespace("9 lives").build().expect_err("a namespace begins with a letter").to_string();
    assert!(error.contains("namespace") && error.contains("9 lives"), "{error}");
}

#[test]
fn a_port_that_is_taken_is_an_error_and_leaves_nothing_behind() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address");
    let error =
        local("bot").prometheus(Prometheus::on(address)).build().expect_err("the port is taken").to_string();
    assert!(error.contains(&address.to_string()) && error.contains("--metrics-port"), "{error}");
}

#[test]
fn explicit_settings_win_over_the_environment() {
    let telemetry = Flowspan::from_env("bot")
        .environment(Environment::from_pairs([
            ("OTEL_TRACES_EXPORTER", "none"),
            ("OTEL_LOGS_EXPORTER", "none"),
            ("OTEL_METRICS_EXPORTER", "prometheus"),
            ("OTEL_EXPORTER_PROMETHEUS_PORT", "0"),
            ("OTEL_TRACES_SAMPLER", "always_off"),
        ]))
        .sampler(opentelemetry_sdk::trace::Sampler::AlwaysOn)
        .span_exporter("memory", InMemorySpanExporter::default())
        .console(Console::off())
        .build()
        .expect("it builds");
    let guard = telemetry.set_default();
    drop(Workflow::new("w").enter());
    drop(guard);
    assert!(telemetry.metrics_address().is_some());
    assert_eq!(telemetry.flush(PATIENCE).spans.delivered, 1, "the explicit sampler decided");
}

#[test]
fn metrics_are_of_all_runs_even_if_none_is_sampled() {
    let telemetry = local("bot")
        .sampler(opentelemetry_sdk::trace::Sampler::AlwaysOff)
        .span_exporter("memory", InMemorySpanExporter::default())
        .prometheus(free())
        .build()
        .expect("it builds");
    let guard = telemetry.set_default();
    drop(Workflow::new("w").enter());
    drop(guard);
    let metrics = get(telemetry.metrics_address().expect("it serves"), "/metrics");
    let series = r#"flowspan_workflow_executions_total{status="success",workflow_name="w"}"#;
    assert_eq!(sample(&metrics, series), 1.0);
    assert_eq!(telemetry.flush(PATIENCE).spans.created, 0);
}

#[test]
fn log_records_carry_the_ids_of_the_span_around_them() {
    let (spans, logs) = (InMemorySpanExporter::default(), InMemoryLogExporter::default());
    let telemetry = local("bot")
        .span_exporter("spans", spans.clone())
        .log_exporter("logs", logs.clone())
        .build()
        .expect("it builds");
    let guard = telemetry.set_default();
    Workflow::new("w")
        .in_scope(|| {
            tracing::info!(items = 7_u64, "inside");
            Outcome::Ok(())
        })
        .expect("nothing fails");
    tracing::info!("outside");
    drop(guard);

    assert_eq!(telemetry.flush(PATIENCE).logs.delivered, 2, "what flowspan itself says is on the spans");
    let span = spans.get_finished_spans().expect("alive").remove(0).span_context;
    let ids: Vec<_> = logs
        .get_emitted_logs()
        .expect("alive")
        .iter()
        .map(|log| log.record.trace_context().map(|context| (context.trace_id, context.span_id)))
        .collect();
    assert_eq!(ids, [Some((span.trace_id(), span.span_id())), None]);
}

#[flowspan::workflow("by macro")]
async fn observed(fails: bool) -> Result<u32, String> {
    counted();
    if fails { Err("as told".to_owned()) } else { Ok(1) }
}

#[flowspan::step(type = "shell")]
fn counted() {}

#[tokio::test]
async fn the_macros_speak_to_this_crate() {
    let spans = InMemorySpanExporter::default();
    let telemetry = local("bot").span_exporter("memory", spans.clone()).build().expect("it builds");
    let guard = telemetry.set_default();
    observed(false).await.expect("it succeeds");
    observed(true).await.expect_err("it fails");
    drop(guard);
    telemetry.flush_async(PATIENCE).await;
    let names: Vec<_> =
        spans.get_finished_spans().expect("it is alive").iter().map(|span| span.name.to_string()).collect();
    let one = ["step counted", "invoke_workflow by macro"];
    assert_eq!(names, [one, one].concat());
}
