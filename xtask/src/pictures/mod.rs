//! The pictures of the documentation, taken from the real thing: a run of the demo through a real
//! Collector, its output on the terminal, and its trace as Jaeger tells it.

mod waterfall;

use std::{fs, path::Path, process::Stdio, time::Duration};

use flowspan_stack::{Stack, wait_until};
use serde_json::Value;

use crate::{error::XtaskError, run::cargo};

/// Where the pictures lie.
const FOLDER: &str = "docs/pictures";
/// What is audited: small enough that its tree fits on a page.
const AUDITED: &str = "crates/flowspan-model";

/// Takes all pictures anew.
pub(crate) fn run() -> Result<(), XtaskError> {
    let stack = Stack::builder().start()?;
    let endpoint = stack.collector.otlp_grpc_endpoint();
    let mut demo =
        cargo(&["run", "--quiet", "--release", "--package", "flowspan-cli", "--", "demo", AUDITED]);
    demo.args([
        "--summary",
        "json",
        "--metrics-port",
        "0",
        "--otlp-protocol",
        "grpc",
        "--otlp-endpoint",
        &endpoint,
    ]);
    demo.env("CLICOLOR_FORCE", "1").stdin(Stdio::null());
    let command = format!("flowspan demo {AUDITED}");
    let output = demo.output().map_err(|source| XtaskError::NotRun { command: command.clone(), source })?;
    if !output.status.success() {
        return Err(XtaskError::Failed { command });
    }

    let screen = String::from_utf8_lossy(&output.stderr);
    let screen =
        screen.lines().filter(|line| !line.contains("metrics are served")).collect::<Vec<_>>().join("\n");
    let shown = format!("$ cargo run --release -- demo {AUDITED}\n{screen}\n");
    write("terminal.svg", &anstyle_svg::Term::new().render_svg(&shown))?;

    let summary: Value =
        serde_json::from_slice(&output.stdout).map_err(|source| XtaskError::Summary { source })?;
    let text = |pointer: &str| summary.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let expected = summary.pointer("/telemetry/spans/delivered").and_then(Value::as_u64).unwrap_or_default();
    let trace = wait_until(Duration::from_secs(30), || {
        stack.jaeger.trace(text("/trace_id")).ok()?.filter(|trace| trace.spans.len() as u64 == expected)
    });
    let trace = trace.ok_or(XtaskError::NoTrace)?;
    write("trace.svg", &waterfall::draw(&trace))
}

fn write(name: &str, picture: &str) -> Result<(), XtaskError> {
    let path = Path::new(FOLDER).join(name);
    fs::create_dir_all(FOLDER)
        .and_then(|()| fs::write(&path, picture))
        .map_err(|source| XtaskError::Unwritable { path: path.display().to_string(), source })?;
    println!("{}", path.display());
    Ok(())
}
