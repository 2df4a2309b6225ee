//! A program under Valgrind, which has its own idea of what the kernel tells a process. It needs a process of
//! its own, so it stands alone.
#![cfg(target_os = "linux")]

use std::{env, process::Command, time::Duration};

use flowspan::{Environment, prelude::*};
use flowspan_stack::require_program;
use opentelemetry_sdk::metrics::{InMemoryMetricExporter, PeriodicReader};

/// Says to the child that it is the program.
const CHILD: &str = "FLOWSPAN_TEST_UNDER_VALGRIND";
const PATIENCE: Duration = Duration::from_secs(60);
const NAME: &str = "a_program_under_valgrind_is_measured_as_any_other";

#[test]
fn a_program_under_valgrind_is_measured_as_any_other() {
    if env::var_os(CHILD).is_some() {
        return measure();
    }
    let Some(()) = require_program("valgrind") else { return };
    let child = env::current_exe().expect("this binary");
    let mut valgrind = Command::new("valgrind");
    valgrind.args(["--quiet", "--tool=none"]).arg(child).args(["--exact", NAME]).env(CHILD, "");
    let output = valgrind.output().expect("it starts");
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && told.contains("1 passed"), "{output:?}");
}

/// Collects all metrics of a program once.
fn measure() {
    let metrics = InMemoryMetricExporter::default();
    let telemetry = Flowspan::builder("bot")
        .environment(Environment::empty())
        .metric_reader(PeriodicReader::builder(metrics.clone()).build())
        .build()
        .expect("nothing is wrong with it");
    telemetry.meter_provider().expect("it is on").force_flush().expect("they are collected");
    let metrics = metrics.get_finished_metrics().expect("it is alive");
    let told = format!("{metrics:?}");
    for name in ["process.memory.usage", "process.cpu.time"] {
        assert!(told.contains(name), "{told}");
    }
    telemetry.shutdown(PATIENCE).into_result().expect("nothing is lost");
}
