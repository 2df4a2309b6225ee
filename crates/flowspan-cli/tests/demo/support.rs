//! Runs the command and reads what it says.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use flowspan_cli::model_server::{Fault, FaultPlan, ModelServer, Pace, ServerConfig};
use serde_json::Value;
use tempfile::TempDir;

/// Variables that would change what a run does.
const VARIABLES: [&str; 14] = [
    "TRACEPARENT",
    "TRACESTATE",
    "BAGGAGE",
    "OPENAI_API_KEY",
    "RUST_LOG",
    "FLOWSPAN_EVENTS_FILE",
    "FLOWSPAN_METRICS_PORT",
    "FLOWSPAN_SESSION_FILE",
    "FLOWSPAN_POSTGRES_URL",
    "OTEL_SDK_DISABLED",
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
    "OTEL_TRACES_SAMPLER",
    "OTEL_EXPORTER_PROMETHEUS_PORT",
];

/// A directory with so many small source files.
pub(crate) fn sources(files: usize) -> TempDir {
    let directory = tempfile::tempdir().expect("a temporary directory");
    for nth in 0..files {
        let text =
            format!("fn f{nth}() {{\n    // TODO: name it\n    g({nth}).unwrap();\n}}\n").repeat(nth + 1);
        fs::write(directory.path().join(format!("f{nth:02}.rs")), text).expect("written");
    }
    directory
}

/// The command, on this path, with a JSON summary.
pub(crate) fn demo(path: &Path) -> Command {
    let mut command = bare(path);
    command.args(["--summary", "json"]);
    command
}

/// The command, on this path, with a free port and an environment of its own.
pub(crate) fn bare(path: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_flowspan"));
    for variable in VARIABLES {
        command.env_remove(variable);
    }
    command.arg("demo").arg(path).args(["--metrics-port", "0"]);
    command
}

/// Runs a command to its end.
pub(crate) fn output(command: &mut Command) -> Output {
    command.stdin(Stdio::null()).output().expect("the command starts")
}

/// Runs a command that shall succeed, and returns its summary.
pub(crate) fn summary(command: &mut Command) -> Value {
    let output = output(command);
    assert!(output.status.success(), "{}", text(&output.stderr));
    summary_of(&output)
}

/// The summary in an output: all of stdout.
pub(crate) fn summary_of(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| {
        panic!("stdout is no summary ({error}): {}\n{}", text(&output.stdout), text(&output.stderr))
    })
}

/// Starts a command that stays, and reads its summary.
pub(crate) fn start(command: &mut Command) -> (Child, Value) {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the command starts");
    let lines = BufReader::new(child.stdout.take().expect("piped")).lines();
    let mut json = String::new();
    for line in lines.map(|line| line.expect("text")) {
        json += &line;
        if line == "}" {
            break;
        }
    }
    let summary = serde_json::from_str(&json).expect("a summary");
    (child, summary)
}

/// A number in a summary.
pub(crate) fn number(summary: &Value, path: &str) -> u64 {
    summary.pointer(path).and_then(Value::as_u64).unwrap_or_else(|| panic!("{path} in {summary}"))
}

/// Bytes as text.
pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A model that meets each conversation with these faults first.
pub(crate) fn model(faults: &[Fault]) -> ModelServer {
    let config = ServerConfig { faults: FaultPlan::Script(faults.to_vec()), pace: Pace::IMMEDIATE };
    ModelServer::start(config).expect("loopback has a port")
}

/// Lets a command ask this model.
pub(crate) fn asking<'a>(command: &'a mut Command, model: &ModelServer) -> &'a mut Command {
    command.args(["--model", "test", "--model-url", &model.base_url()])
}
