//! `cargo xtask stack`: a real Collector, Jaeger and Prometheus to try things on.

use std::{
    path::PathBuf,
    sync::mpsc::{RecvTimeoutError, channel},
    time::Duration,
};

use clap::Subcommand;
use flowspan_stack::{Part, Stack, build, locate};

use crate::error::XtaskError;

#[derive(Debug, Subcommand)]
pub(crate) enum StackTask {
    /// Builds the parts that this machine does not have yet; needs Go.
    Build,
    /// Starts the parts on their usual ports, until Ctrl-C: what compose.yaml starts, Grafana excepted.
    Up,
    /// Says which parts this machine has.
    Status,
}

pub(crate) fn run(task: &StackTask) -> Result<(), XtaskError> {
    match task {
        StackTask::Build => make(),
        StackTask::Up => up(),
        StackTask::Status => {
            status();
            Ok(())
        }
    }
}

fn make() -> Result<(), XtaskError> {
    for part in Part::ALL {
        println!("{part}: {}", build(part)?.display());
    }
    Ok(())
}

fn status() {
    for part in Part::ALL {
        match locate(part) {
            Ok(path) => println!("{part}: {}", path.display()),
            Err(error) => println!("{part}: missing. {error}"),
        }
    }
}

fn up() -> Result<(), XtaskError> {
    // Before the first part starts: from here on Ctrl-C ends them in order.
    let (interrupt, interrupted) = channel();
    ctrlc::set_handler(move || {
        // The receiver is gone only when the end is near anyway.
        let _ = interrupt.send(());
    })
    .map_err(XtaskError::Interrupt)?;

    for part in [Part::Collector, Part::Jaeger, Part::Prometheus] {
        build(part)?;
    }
    let mut stack = Stack::builder().standard_ports().start()?;
    show(&stack);
    let pause = Duration::from_secs(1);
    while let Err(RecvTimeoutError::Timeout) = interrupted.recv_timeout(pause) {
        still_running(&mut stack)?;
    }
    println!("stopping");
    Ok(())
}

fn show(stack: &Stack) {
    let (collector, jaeger) = (&stack.collector, &stack.jaeger);
    println!(
        "OTLP gRPC    {}
OTLP HTTP    {}
Jaeger       {}
Prometheus   {}  (scrapes the Collector, and programs at 127.0.0.1:9464)
             Jaeger and Prometheus answer by their APIs; their pages and Grafana come with compose.yaml.
logs         {}
             {}
             {}
Ctrl-C stops all.",
        collector.otlp_grpc_endpoint(),
        collector.otlp_http_endpoint(),
        jaeger.query_url(),
        stack.prometheus.url(),
        collector.log_path().display(),
        jaeger.log_path().display(),
        stack.prometheus.log_path().display(),
    );
}

fn still_running(stack: &mut Stack) -> Result<(), XtaskError> {
    let ended = |part, log: PathBuf| XtaskError::PartEnded {
        part,
        log: std::fs::read_to_string(log).unwrap_or_default(),
    };
    if !stack.collector.is_running() {
        return Err(ended("the Collector", stack.collector.log_path()));
    }
    if !stack.jaeger.is_running() {
        return Err(ended("Jaeger", stack.jaeger.log_path()));
    }
    if !stack.prometheus.is_running() {
        return Err(ended("Prometheus", stack.prometheus.log_path()));
    }
    Ok(())
}
