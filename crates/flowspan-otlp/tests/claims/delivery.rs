//! What arrives, and how it is counted.

use flowspan_otlp::{Compression, Otlp, Protocol, Signal};

use crate::program::{BOTH, LONG, Program};
use crate::sink::{Manner, Sink};

#[test]
fn grpc_and_http_deliver_the_same() {
    let arrived = BOTH.map(|protocol| {
        let sink = Sink::start(protocol, Manner::Takes);
        let program = Program::start(Otlp::to(sink.url()).protocol(protocol));
        program.spans(1200);
        program.data_points(7);
        program.records(30);
        let end = program.pipelines.shutdown(LONG);
        assert!(end.is_clean(), "{end:?}");
        assert_eq!(
            end.traces.unwrap().account.to_string(),
            "created 1200, delivered 1200, queued 0, dropped 0"
        );
        assert_eq!(end.metrics.unwrap().account.to_string(), "created 7, delivered 7, queued 0, dropped 0");
        assert_eq!(end.logs.unwrap().account.to_string(), "created 30, delivered 30, queued 0, dropped 0");
        assert!(program.health.works() && program.reports().is_empty());
        let mut arrived = sink.arrived();
        // How many requests it takes depends on when the exporter looks.
        arrived.services.dedup();
        (arrived.spans, arrived.metrics, arrived.records, arrived.services)
    });
    let [over_grpc, over_http] = arrived;
    let expected: Vec<String> = (0..1200).map(|number| format!("span {number}")).collect();
    assert!(over_grpc.0 == expected, "each span once, in order");
    assert_eq!((over_grpc.1.as_slice(), over_grpc.2), (["items".to_owned()].as_slice(), 30));
    assert!(over_grpc.3.len() == 1 && over_grpc.3[0].contains("tested"), "{:?}", over_grpc.3);
    assert!(over_grpc == over_http);
}

#[test]
fn what_the_receiver_rejects_is_counted_and_its_words_hold_no_secret() {
    for protocol in BOTH {
        let sink = Sink::start(protocol, Manner::Rejects(2));
        let otlp = Otlp::to(sink.url()).protocol(protocol).header("authorization", "Bearer canary-4711");
        let program = Program::start(otlp);
        program.spans(10);
        program.data_points(3);
        program.records(5);
        let end = program.pipelines.shutdown(LONG);
        for (end, expected) in [
            (end.traces, "created 10, delivered 8, queued 0, dropped 2 (rejected 2)"),
            (end.metrics, "created 3, delivered 1, queued 0, dropped 2 (rejected 2)"),
            (end.logs, "created 5, delivered 3, queued 0, dropped 2 (rejected 2)"),
        ] {
            assert_eq!(end.unwrap().account.to_string(), expected, "{protocol:?}");
        }
        let said = program.reports().join("\n");
        assert!(
            said.contains("otlp.traces fails: the receiver rejected 2 items: not with [redacted]"),
            "{said}"
        );
        assert!(!said.contains("canary"), "{said}");
        assert_eq!(sink.arrived().headers["authorization"], "Bearer canary-4711");
    }
}

#[test]
fn a_refusal_loses_everything_and_says_so_once() {
    for protocol in BOTH {
        let sink = Sink::start(protocol, Manner::Refuses);
        let otlp = Otlp::to(sink.url()).protocol(protocol).header("authorization", "canary-4711");
        let program = Program::start(otlp.without_metrics().without_logs());
        program.spans(1100);
        let end = program.pipelines.shutdown(LONG).traces.unwrap();
        assert!(!end.is_clean());
        assert_eq!(
            end.account.to_string(),
            "created 1100, delivered 0, queued 0, dropped 1100 (export_failed 1100)"
        );
        let reports = program.reports();
        assert_eq!(reports.len(), 1, "{reports:?}");
        assert!(reports[0].contains("PermissionDenied") || reports[0].contains("403"), "{reports:?}");
        assert!(!reports[0].contains("canary"), "{reports:?}");
    }
}

#[test]
fn what_is_sent_can_be_compressed() {
    for protocol in BOTH {
        let sink = Sink::start(protocol, Manner::Takes);
        let program = Program::start(Otlp::to(sink.url()).protocol(protocol).compression(Compression::Gzip));
        program.spans(3);
        assert!(program.pipelines.shutdown(LONG).is_clean());
        let headers = sink.arrived().headers;
        let encoding = headers.get("grpc-encoding").or(headers.get("content-encoding"));
        assert_eq!(encoding.map(String::as_str), Some("gzip"));
    }
}

#[test]
fn a_signal_can_go_elsewhere_or_nowhere() {
    let common = Sink::start(Protocol::HttpProtobuf, Manner::Takes);
    let own = Sink::start(Protocol::HttpProtobuf, Manner::Takes);
    let otlp = Otlp::to(common.url())
        .protocol(Protocol::HttpProtobuf)
        .signal_endpoint(Signal::Logs, format!("{}/v1/logs", own.url()))
        .without_metrics();
    let program = Program::start(otlp);
    program.spans(1);
    program.records(2);
    assert!(program.pipelines.shutdown(LONG).is_clean());
    assert!(program.pipelines.metrics().is_none());
    assert_eq!((common.arrived().spans.len(), common.arrived().records), (1, 0));
    assert_eq!((own.arrived().spans.len(), own.arrived().records), (0, 2));
}

#[test]
fn a_flush_sends_everything_now() {
    let sink = Sink::start(Protocol::Grpc, Manner::Takes);
    let program = Program::start(Otlp::to(sink.url()).protocol(Protocol::Grpc));
    program.spans(1);
    program.data_points(1);
    program.records(1);
    assert!(program.pipelines.flush(LONG).is_clean());
    let arrived = sink.arrived();
    assert_eq!((arrived.spans.len(), arrived.metrics.len(), arrived.records), (1, 1, 1));
    program.tracer_provider.force_flush().unwrap();
    program.meter_provider.force_flush().unwrap();
    program.logger_provider.force_flush().unwrap();
    program.tracer_provider.shutdown().unwrap();
    program.meter_provider.shutdown().unwrap();
    program.logger_provider.shutdown().unwrap();
    assert!(program.pipelines.shutdown(LONG).is_clean(), "the providers had ended them already");
}
