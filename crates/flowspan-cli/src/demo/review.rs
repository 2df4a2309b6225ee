//! The review: another agent reads the audit, in a process of its own.

use std::io;
use std::process::{ExitStatus, Stdio};

use flowspan::agents::{Reader, Watched};
use flowspan::propagation::WithTraceContext;
use thiserror::Error;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

/// There is no review.
#[derive(Debug, Error)]
pub(super) enum ReviewError {
    /// There is no shell.
    #[error("cannot start a shell for the review")]
    Start(#[source] io::Error),
    /// The review cannot be read.
    #[error("cannot read what the review says")]
    Read(#[source] io::Error),
    /// The command failed.
    #[error("the command of the review ended with {0}")]
    Failed(ExitStatus),
}

/// Gives the audit to a command, which goes on in the trace of the current step. What it prints is
/// observed, if it is an agent that prints what it does.
pub(super) async fn review(command: &str, audit: &str) -> Result<(), ReviewError> {
    let mut child = Command::new("sh")
        .arg("-c")
        .arg(command)
        .with_trace_context()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(ReviewError::Start)?;
    let (input, output) = (child.stdin.take(), child.stdout.take());
    let give = async move {
        if let Some(mut input) = input {
            // Whoever does not want to read it does not have to.
            let _ = input.write_all(audit.as_bytes()).await;
        }
    };
    let read = async move {
        let Some(output) = output else { return Ok(()) };
        let mut output = Watched::new(Reader::claude(), output);
        let read = tokio::io::copy(&mut output, &mut tokio::io::sink()).await;
        let counts = output.counts();
        tracing::info!(understood = counts.understood, lines = counts.lines(), "the audit is reviewed");
        read.map(drop)
    };
    let ((), read) = tokio::join!(give, read);
    read.map_err(ReviewError::Read)?;
    let status = child.wait().await.map_err(ReviewError::Read)?;
    if status.success() { Ok(()) } else { Err(ReviewError::Failed(status)) }
}
