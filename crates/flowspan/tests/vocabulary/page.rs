//! The names that the catalog gives for Prometheus are those on the page.

use std::{
    collections::BTreeMap,
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
};

use flowspan::{
    Console, Environment, Flowspan, Prometheus, Reporter, Semconv,
    model::{
        Kind,
        catalog::{Instrument, METRICS},
    },
};

use crate::{by_handle::by_handle, support::is_added};

fn page(address: SocketAddr) -> String {
    let mut stream = TcpStream::connect(address).expect("it listens");
    write!(stream, "GET /metrics HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n").expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it answers");
    answer
}

const fn prometheus_type(instrument: Instrument) -> &'static str {
    match instrument {
        Instrument::Counter | Instrument::FloatCounter => "counter",
        Instrument::UpDownCounter | Instrument::Gauge => "gauge",
        Instrument::Histogram => "histogram",
    }
}

#[test]
fn every_metric_stands_on_the_page_under_its_name_and_no_other_does() {
    let telemetry = Flowspan::builder("test")
        .environment(Environment::empty())
        .console(Console::off())
        .reporter(Reporter::silent())
        .namespace("prodigy")
        .semconv(Semconv::Both)
        .prometheus(Prometheus::on(([127, 0, 0, 1], 0)))
        .build()
        .expect("it builds");
    {
        let _default = telemetry.set_default();
        Kind::ALL.iter().for_each(|kind| by_handle(*kind));
    }
    let page = page(telemetry.metrics_address().expect("it serves"));
    let types: BTreeMap<_, _> = page
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' '))
        .filter(|(name, _)| *name != "target_info")
        // Nothing is pushed in this test, so nothing is created, delivered, dropped or queued.
        .filter(|(name, _)| !name.starts_with("prodigy_telemetry_"))
        .filter(|(name, _)| !name.starts_with("gen_ai_invoke_agent_") || name.ends_with("_seconds"))
        .collect();
    let expected: BTreeMap<_, _> = METRICS
        .iter()
        .filter(|metric| !metric.name.starts_with("telemetry.") && !is_added(metric.name))
        .filter(|metric| cfg!(target_os = "linux") || !metric.name.starts_with("process."))
        .map(|metric| (metric.prometheus_name("prodigy"), prometheus_type(metric.instrument)))
        .collect();
    assert_eq!(types, expected.iter().map(|(name, kind)| (name.as_str(), *kind)).collect());
}
