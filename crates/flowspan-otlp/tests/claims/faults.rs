//! Collectors that are away, silent or hostile.

use std::time::{Duration, Instant};

use flowspan_otlp::{Otlp, Protocol};
use flowspan_runtime::DropReason;

use crate::program::{BOTH, LONG, Program};
use crate::sink::{Manner, Sink};

/// An address on which nobody listens: it was free a moment ago.
fn nobody() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

#[test]
fn with_nobody_listening_every_item_is_counted_and_it_is_said_once_why() {
    for protocol in BOTH {
        let program = Program::start(Otlp::to(nobody()).protocol(protocol));
        program.spans(600);
        program.data_points(2);
        program.records(3);
        let end = program.pipelines.shutdown(LONG);
        for (end, items) in [(end.traces, 600), (end.metrics, 2), (end.logs, 3)] {
            let end = end.unwrap();
            assert!(!end.timed_out && end.lost > 0, "{protocol:?} {end:?}");
            assert_eq!(end.account.dropped_for(DropReason::ExportFailed), items);
            assert!(end.account.is_balanced());
        }
        let reports = program.reports();
        assert_eq!(reports.len(), 3, "one per exporter: {reports:?}");
        assert!(
            reports.iter().all(|report| report.to_lowercase().contains("connection refused")),
            "{reports:?}"
        );
        assert!(!program.health.works());
    }
}

#[test]
fn a_shutdown_returns_at_its_deadline_with_the_truth() {
    for protocol in BOTH {
        let sink = Sink::start(protocol, Manner::Hangs);
        let program = Program::start(Otlp::to(sink.url()).protocol(protocol));
        program.spans(600);
        program.data_points(2);
        program.records(3);
        let start = Instant::now();
        let end = program.pipelines.shutdown(Duration::from_millis(300));
        assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
        for (end, items) in [(end.traces, 600), (end.metrics, 2), (end.logs, 3)] {
            let end = end.unwrap();
            assert!(end.timed_out && end.lost == items, "{protocol:?} {end:?}");
            assert_eq!(end.account.dropped_for(DropReason::Shutdown), items);
        }
        assert!(program.worker.stop(LONG));
    }
}

#[test]
fn a_black_hole_costs_each_export_its_timeout_and_no_more() {
    for protocol in BOTH {
        let sink = Sink::start(protocol, Manner::Hangs);
        let otlp = Otlp::to(sink.url()).protocol(protocol).timeout(Duration::from_millis(100));
        let program = Program::start(otlp);
        program.spans(3);
        program.data_points(1);
        program.records(1);
        let end = program.pipelines.shutdown(LONG);
        for end in [end.traces, end.metrics, end.logs] {
            let end = end.unwrap();
            assert!(!end.timed_out);
            assert_eq!(
                end.account.dropped_for(DropReason::ExportTimeout),
                end.account.created,
                "{protocol:?}"
            );
        }
        let reports = program.reports();
        assert!(reports.iter().all(|report| report.contains("no answer within 100ms")), "{reports:?}");
    }
}

#[test]
fn credentials_follow_no_redirect() {
    let elsewhere = Sink::start(Protocol::HttpProtobuf, Manner::Takes);
    let sink =
        Sink::start(Protocol::HttpProtobuf, Manner::Redirects(format!("{}/v1/traces", elsewhere.url())));
    let otlp = Otlp::to(sink.url()).protocol(Protocol::HttpProtobuf).header("authorization", "canary-4711");
    let program = Program::start(otlp.without_metrics().without_logs());
    program.spans(1);
    assert_eq!(program.pipelines.shutdown(LONG).traces.unwrap().lost, 1);
    assert_eq!(elsewhere.arrived().requests, 0);
}

#[test]
fn an_endless_answer_is_not_read() {
    let sink = Sink::start(Protocol::HttpProtobuf, Manner::Floods(64 * 1024 * 1024));
    let otlp = Otlp::to(sink.url()).protocol(Protocol::HttpProtobuf);
    let program = Program::start(otlp.without_metrics().without_logs());
    program.spans(1);
    let end = program.pipelines.shutdown(LONG).traces.unwrap();
    assert_eq!(end.account.dropped_for(DropReason::ExportFailed), 1);
    assert_eq!(sink.arrived().requests, 1, "it is not tried again");
}

#[test]
fn an_exporter_works_again_when_its_collector_is_back() {
    let address = nobody();
    let program = Program::start(
        Otlp::to(address.as_str()).protocol(Protocol::HttpProtobuf).without_metrics().without_logs(),
    );
    program.spans(1);
    assert!(!program.pipelines.flush(LONG).is_clean());
    let sink = Sink::start_at(address.trim_start_matches("http://"), Protocol::HttpProtobuf, Manner::Takes);
    program.spans(2);
    assert!(program.pipelines.flush(LONG).is_clean());
    assert_eq!(sink.arrived().spans.len(), 2);
    assert!(program.health.works());
    let reports = program.reports();
    assert_eq!(reports.len(), 2, "{reports:?}");
    assert!(reports[1].contains("works again"), "{reports:?}");
}
