//! What a program gets from `Builder::statsd`, in local mode.
#![cfg(feature = "statsd")]

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream, UdpSocket},
    time::Duration,
};

use flowspan::{
    Builder, DropReason, Environment, Reporter,
    prelude::*,
    statsd::{Dialect, Statsd},
};

const PATIENCE: Duration = Duration::from_secs(10);

fn local(builder: Builder) -> Builder {
    builder.console(Console::off()).reporter(Reporter::silent())
}

fn server() -> (UdpSocket, String) {
    let server = UdpSocket::bind("127.0.0.1:0").expect("a free port");
    server.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    let address = server.local_addr().expect("it is bound").to_string();
    (server, address)
}

/// As many lines as are expected.
fn lines(server: &UdpSocket, count: usize) -> Vec<String> {
    let mut lines = Vec::new();
    while lines.len() < count {
        let mut datagram = [0; 65_536];
        let length = server.recv(&mut datagram).expect("another datagram");
        let text = String::from_utf8_lossy(&datagram[..length]).into_owned();
        lines.extend(text.lines().map(str::to_owned));
    }
    lines
}

fn a_run(telemetry: &Telemetry) {
    let _guard = telemetry.set_default();
    Workflow::new("triage")
        .in_scope(|| Step::shell("clone|x").in_scope(|| Ok::<_, std::io::Error>(())))
        .expect("nothing fails");
}

fn get(address: SocketAddr, path: &str) -> String {
    let mut stream = TcpStream::connect(address).expect("it listens");
    write!(stream, "GET {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n").expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it answers");
    answer
}

#[test]
fn every_measurement_is_a_line_and_is_accounted_for() {
    let (server, address) = server();
    let telemetry = local(Flowspan::builder("bot"))
        .environment(Environment::empty())
        .namespace("crew")
        .statsd(Statsd::to(address).dialect(Dialect::DogStatsD))
        .prometheus(Prometheus::on(([127, 0, 0, 1], 0)))
        .build()
        .expect("it builds");
    a_run(&telemetry);
    let metrics = telemetry.flush(PATIENCE).metrics;
    assert_eq!((metrics.created, metrics.queued, metrics.lost()), (metrics.delivered, 0, 0));
    let lines = lines(&server, usize::try_from(metrics.delivered).expect("few"));
    for expected in [
        "crew.workflow.executions:1|c|#status:success,workflow_name:triage",
        "crew.workflow.active:1|g|#workflow_name:triage",
        "crew.workflow.active:0|g|#workflow_name:triage",
        "crew.step.executions:1|c|#status:success,step_name:clone_x,step_type:shell,workflow_name:triage",
    ] {
        assert!(lines.iter().any(|line| line == expected), "{expected} in {lines:#?}");
    }
    let duration = lines.iter().find(|line| line.starts_with("crew.step.duration:")).expect("a duration");
    assert!(duration.contains("|h|#"), "{duration}");

    let health = get(telemetry.metrics_address().expect("it serves"), "/health");
    assert!(health.contains(r#""name":"statsd""#) && health.contains(r#""status":"ok""#), "{health}");
    telemetry.shutdown(PATIENCE).into_result().expect("nothing was lost");
}

#[test]
fn a_server_that_is_away_is_in_the_health_and_in_the_report_of_the_shutdown() {
    let (gone, address) = server();
    drop(gone);
    let telemetry = local(Flowspan::builder("bot"))
        .environment(Environment::empty())
        .statsd(Statsd::to(address))
        .build()
        .expect("a server that is away is no error");
    a_run(&telemetry);
    let report = telemetry.shutdown(PATIENCE);
    let metrics = report.accounts.metrics.clone();
    assert!(metrics.is_balanced());
    assert_eq!(metrics.dropped_for(DropReason::ExportFailed), metrics.created, "{metrics}");
    assert!(!telemetry.health().works());
    let lost = report.into_result().expect_err("nobody took the lines").to_string();
    assert!(lost.contains("metrics (export_failed)"), "{lost}");
}

#[test]
fn the_environment_names_a_server() {
    let (server, address) = server();
    let variables = [
        ("OTEL_TRACES_EXPORTER", "none"),
        ("OTEL_METRICS_EXPORTER", "none"),
        ("OTEL_LOGS_EXPORTER", "none"),
        ("FLOWSPAN_STATSD", &address),
        ("FLOWSPAN_STATSD_DIALECT", "influx"),
    ];
    let telemetry = local(Flowspan::from_env("bot"))
        .environment(Environment::from_pairs(variables))
        .build()
        .expect("it builds");
    a_run(&telemetry);
    let metrics = telemetry.shutdown(PATIENCE).into_result().expect("nothing was lost").metrics;
    let lines = lines(&server, usize::try_from(metrics.delivered).expect("few"));
    let expected = "flowspan.workflow.executions,status=success,workflow_name=triage:1|c";
    assert!(lines.iter().any(|line| line == expected), "{lines:#?}");
}

#[test]
fn a_bad_server_is_an_error_that_names_it() {
    for (variable, value) in [("FLOWSPAN_STATSD", "nowhere"), ("FLOWSPAN_STATSD_DIALECT", "welsh")] {
        let error = local(Flowspan::builder("bot"))
            .environment(Environment::from_pairs([(variable, value)]))
            .statsd(Statsd::from_env())
            .build()
            .expect_err("it cannot be used")
            .to_string();
        assert!(error.contains(variable) && error.contains(value), "{error}");
    }
}
