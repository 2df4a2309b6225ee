//! The environment of the process is global state: these tests run themselves again in another one.

#![expect(clippy::unwrap_used, reason = "in a test, a panic is the message")]

#[path = "claims/program.rs"]
#[expect(dead_code, reason = "shared with the other tests")]
mod program;
#[path = "claims/sink.rs"]
#[expect(dead_code, reason = "shared with the other tests")]
mod sink;

use std::process::Command;

use flowspan_otlp::Otlp;
use program::{BOTH, LONG, Program};
use sink::{Manner, Sink};

const HEADERS: &str = "OTEL_EXPORTER_OTLP_HEADERS";

#[test]
fn settings_that_were_not_resolved_do_not_count() {
    if std::env::var_os(HEADERS).is_none() {
        let again = Command::new(std::env::current_exe().expect("a path"))
            .arg("settings_that_were_not_resolved_do_not_count")
            .env(HEADERS, "x-stray=1,x-own=stray")
            .env("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://127.0.0.1:1/nowhere")
            .env("OTEL_EXPORTER_OTLP_TIMEOUT", "1")
            .output()
            .expect("it runs");
        assert!(again.status.success(), "{}", String::from_utf8_lossy(&again.stdout));
        return;
    }
    for protocol in BOTH {
        let sink = Sink::start(protocol, Manner::Takes);
        let program = Program::start(Otlp::to(sink.url()).protocol(protocol).header("x-own", "mine"));
        program.spans(1);
        program.data_points(1);
        program.records(1);
        assert!(program.pipelines.shutdown(LONG).is_clean());
        let headers = sink.arrived().headers;
        assert_eq!(headers.get("x-own").map(String::as_str), Some("mine"));
        assert_eq!(headers.get("x-stray"), None);
    }
}
