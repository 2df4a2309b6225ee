//! The demo as a program of its own.

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, ChildStdout, Command, Stdio},
    thread,
};

use serde_json::Value;

/// A demo that serves its metrics until it is dropped, even when its run has ended.
pub(crate) struct Demo {
    /// Where it is scraped.
    pub(crate) target: String,
    child: Child,
    stdout: ChildStdout,
}

impl Demo {
    /// Starts an audit of these files, with more arguments.
    pub(crate) fn start(files: &Path, arguments: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_flowspan"))
            .arg("demo")
            .arg(files)
            .args(["--summary", "json", "--keep-open", "10m", "--metrics-port", "0"])
            .args(arguments)
            .env_remove("RUST_LOG")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the command starts");
        let stdout = child.stdout.take().expect("piped");
        let mut stderr = BufReader::new(child.stderr.take().expect("piped")).lines();
        let target = stderr
            .by_ref()
            .map(|line| line.expect("text"))
            .find_map(|line| {
                let address = line.strip_prefix("metrics are served at http://")?;
                Some(address.strip_suffix("/metrics")?.to_owned())
            })
            .expect("it says where its metrics are");
        // Somebody has to read on, or the demo waits for a reader.
        thread::spawn(move || stderr.for_each(drop));
        Self { target, child, stdout }
    }

    /// What the run says of itself; waits for its end.
    pub(crate) fn summary(&mut self) -> Summary {
        let summary = serde_json::Deserializer::from_reader(&mut self.stdout).into_iter().next();
        Summary(summary.expect("a summary").expect("JSON"))
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        // It serves until it is told to end; a test that is over has no further use for it.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The numbers of a run.
pub(crate) struct Summary(Value);

impl Summary {
    pub(crate) fn number(&self, pointer: &str) -> f64 {
        let number = self.0.pointer(pointer).and_then(Value::as_f64);
        number.unwrap_or_else(|| panic!("no {pointer} in {}", self.0))
    }
}
