//! What stands on `/metrics`.

use std::{
    io::{Read, Write},
    net::TcpStream,
};

use flowspan::Telemetry;

pub(crate) fn page(telemetry: &Telemetry) -> String {
    get(telemetry, "/metrics")
}

pub(crate) fn get(telemetry: &Telemetry, path: &str) -> String {
    let address = telemetry.metrics_address().expect("it serves");
    let mut stream = TcpStream::connect(address).expect("it listens");
    write!(stream, "GET {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n").expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it answers");
    answer
}

pub(crate) fn sample(page: &str, series: &str) -> f64 {
    let line = page
        .lines()
        .find(|line| line.starts_with(series))
        .unwrap_or_else(|| panic!("no {series} in\n{page}"));
    line.rsplit(' ').next().expect("a value").parse().expect("a number")
}
