//! Runs the command and reads what it says.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use serde_json::Value;

/// Long, because a test machine may be busy with compilers.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// The command, without an environment that would change what it does, with a JSON summary. It goes on
/// serving its metrics when it is done.
pub(crate) fn flowspan(subcommand: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_flowspan"));
    for (variable, _) in std::env::vars_os() {
        let name = variable.to_string_lossy();
        if ["OTEL_", "FLOWSPAN_", "OPENAI_", "RUST_LOG"].iter().any(|beginning| name.starts_with(beginning)) {
            command.env_remove(&variable);
        }
    }
    command.arg(subcommand).args(["--summary", "json", "--keep-open", "10m", "--metrics-port", "0"]);
    command
}

/// A command that is done and serves its metrics until it is dropped.
pub(crate) struct Done {
    child: Child,
    pub(crate) summary: Value,
}

impl Done {
    pub(crate) fn run(command: &mut Command) -> Self {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the command starts");
        let errors = BufReader::new(child.stderr.take().expect("piped"));
        // Nobody shall wait for a pipe that nobody reads.
        let said =
            std::thread::spawn(move || errors.lines().map_while(Result::ok).take(40).collect::<Vec<_>>());
        let stdout = child.stdout.take().expect("piped");
        match serde_json::Deserializer::from_reader(stdout).into_iter().next() {
            Some(Ok(summary)) => Done { child, summary },
            other => {
                let _ = child.kill();
                panic!("no summary ({other:?}): {:#?}", said.join());
            }
        }
    }

    pub(crate) fn number(&self, path: &str) -> u64 {
        number(&self.summary, path)
    }

    /// A page that it serves.
    pub(crate) fn page(&self, path: &str) -> String {
        let url = self.summary["metrics_url"].as_str().expect("metrics are served");
        let url = url.replace("/metrics", path);
        ureq::get(&url).call().expect("an answer").body_mut().read_to_string().expect("text")
    }

    /// Nothing of any signal was lost on its way to any output.
    pub(crate) fn assert_nothing_is_lost(&self) {
        for signal in ["spans", "metrics", "events"] {
            let [created, delivered] =
                ["created", "delivered"].map(|what| self.number(&format!("/telemetry/{signal}/{what}")));
            assert!(created > 0 && created == delivered, "{signal}: {}", self.summary["telemetry"]);
        }
    }
}

impl Drop for Done {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn number(summary: &Value, path: &str) -> u64 {
    summary.pointer(path).and_then(Value::as_u64).unwrap_or_else(|| panic!("{path} in {summary}"))
}

/// So many small source files, and one that is no UTF-8.
pub(crate) fn sources(directory: &Path, files: usize) {
    for nth in 0..files {
        let text =
            format!("fn f{nth}() {{\n    // TODO: name it\n    g({nth}).unwrap();\n}}\n").repeat(nth + 1);
        fs::write(directory.join(format!("f{nth:02}.rs")), text).expect("written");
    }
    fs::write(directory.join("latin1.txt"), b"gr\xfc\xdfe\n").expect("written");
}
