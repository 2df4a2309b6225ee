//! The tools of the agents: small commands that every system has, run as subprocesses.

use std::ffi::OsStr;
use std::io;
use std::path::Path;
use std::process::{Output, Stdio};
use std::time::Duration;

use thiserror::Error;
use tokio::process::Command;

/// How long a tool may take.
pub const TIME_LIMIT: Duration = Duration::from_secs(10);

/// Marks that people leave where work remains to be done.
const OPEN_TASKS: &str = "TODO|FIXME|XXX|HACK";

/// Why a tool gave no result.
#[derive(Debug, Error)]
pub enum ToolError {
    /// The command is not there.
    #[error("the command `{tool}` is not installed; install it or go on without what it finds")]
    NotInstalled {
        /// The command.
        tool: &'static str,
    },
    /// The command did not start.
    #[error("the command `{tool}` could not be started")]
    Start {
        /// The command.
        tool: &'static str,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// The command reported a failure.
    #[error("the command `{tool}` failed ({status}): {message}")]
    Failed {
        /// The command.
        tool: &'static str,
        /// How it ended.
        status: std::process::ExitStatus,
        /// The first line of what it says.
        message: String,
    },
    /// The command took too long and was ended.
    #[error("the command `{tool}` was ended after {} s; the file may lie on a slow disk", limit.as_secs())]
    Timeout {
        /// The command.
        tool: &'static str,
        /// The time that it had.
        limit: Duration,
    },
    /// The command printed something unexpected.
    #[error("the command `{tool}` printed no number but {printed:?}")]
    Unexpected {
        /// The command.
        tool: &'static str,
        /// The beginning of what it printed.
        printed: String,
    },
}

/// Number of lines of a file, from `wc`.
///
/// # Errors
/// When the tool is missing, fails, hangs, or prints no number.
pub async fn count_lines(file: &Path) -> Result<u64, ToolError> {
    let output = run("wc", [OsStr::new("-l"), file.as_os_str()], TIME_LIMIT).await?;
    if !output.status.success() {
        return Err(failed("wc", &output));
    }
    number("wc", &output)
}

/// Number of lines of a file that note open tasks, from `grep`.
///
/// # Errors
/// When the tool is missing, fails, hangs, or prints no number.
pub async fn count_open_tasks(file: &Path) -> Result<u64, ToolError> {
    let arguments = ["-c", "-E", "-e", OPEN_TASKS].map(OsStr::new).into_iter().chain([file.as_os_str()]);
    let output = run("grep", arguments, TIME_LIMIT).await?;
    // Status 1 is how grep says that there was no match, which is a result.
    if !matches!(output.status.code(), Some(0 | 1)) {
        return Err(failed("grep", &output));
    }
    number("grep", &output)
}

async fn run<'a>(
    tool: &'static str,
    arguments: impl IntoIterator<Item = &'a OsStr>,
    limit: Duration,
) -> Result<Output, ToolError> {
    let child = Command::new(tool)
        .args(arguments)
        // Bytes are bytes: no locale shall make a tool stumble over a file.
        .env("LC_ALL", "C")
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    match tokio::time::timeout(limit, child).await {
        Ok(Ok(output)) => Ok(output),
        Ok(Err(error)) if error.kind() == io::ErrorKind::NotFound => Err(ToolError::NotInstalled { tool }),
        Ok(Err(source)) => Err(ToolError::Start { tool, source }),
        Err(_) => Err(ToolError::Timeout { tool, limit }),
    }
}

fn failed(tool: &'static str, output: &Output) -> ToolError {
    let said = String::from_utf8_lossy(&output.stderr);
    let message = said.lines().next().unwrap_or("no reason given").to_owned();
    ToolError::Failed { tool, status: output.status, message }
}

fn number(tool: &'static str, output: &Output) -> Result<u64, ToolError> {
    let printed = String::from_utf8_lossy(&output.stdout);
    let first = printed.split_whitespace().next().and_then(|word| word.parse().ok());
    first.ok_or_else(|| ToolError::Unexpected { tool, printed: printed.chars().take(80).collect() })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn file(content: &[u8]) -> (tempfile::TempDir, std::path::PathBuf) {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let path = directory.path().join("-c odd name");
        fs::write(&path, content).expect("written");
        (directory, path)
    }

    #[tokio::test]
    async fn lines_and_open_tasks_are_counted_by_real_commands() {
        let (_directory, path) = file(b"// TODO one\nfn a() {}\n// FIXME two\n\xff\n");
        assert_eq!(count_lines(&path).await.expect("wc"), 4);
        assert_eq!(count_open_tasks(&path).await.expect("grep"), 2);
    }

    #[tokio::test]
    async fn a_file_without_open_tasks_counts_none() {
        let (_directory, path) = file(b"fn a() {}\n");
        assert_eq!(count_open_tasks(&path).await.expect("grep"), 0);
    }

    #[tokio::test]
    async fn a_missing_file_is_a_failure_with_the_words_of_the_command() {
        let error = count_lines(Path::new("/no/such/file")).await.expect_err("missing");
        assert!(
            matches!(&error, ToolError::Failed { message, .. } if message.contains("/no/such/file")),
            "{error}"
        );
    }

    #[tokio::test]
    async fn a_command_that_is_not_installed_is_named() {
        let error = run("flowspan-no-such-command", [], TIME_LIMIT).await.expect_err("not installed");
        assert!(error.to_string().contains("flowspan-no-such-command"), "{error}");
    }

    #[tokio::test]
    async fn a_command_that_hangs_is_ended() {
        let error = run("sleep", [OsStr::new("1000")], Duration::from_millis(20)).await.expect_err("hangs");
        assert!(matches!(error, ToolError::Timeout { .. }), "{error}");
    }
}
