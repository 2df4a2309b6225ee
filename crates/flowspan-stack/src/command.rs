//! Programs that run once and end.

use std::{
    io::Write as _,
    path::Path,
    process::{Command, Output, Stdio},
};

use crate::StackError;

/// Runs `command`, which starts `program`, with `input`; returns what it prints.
///
/// The input is written before the output is read: it must be small, or the
/// program must read it whole before it says much, as all ours do.
pub(crate) fn run(program: &Path, command: &mut Command, input: &str) -> Result<String, StackError> {
    let spawn = |source| StackError::Spawn { program: program.to_path_buf(), source };
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().map_err(spawn)?;
    if let Some(mut stdin) = child.stdin.take() {
        // A program that stops reading has something to say; it is read below.
        let _ = stdin.write_all(input.as_bytes());
    }
    let Output { status, stdout, stderr } = child.wait_with_output().map_err(spawn)?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim_end().to_owned();
    if status.success() {
        return Ok(text(&stdout));
    }
    Err(StackError::Command {
        program: program.to_path_buf(),
        status,
        output: format!("{}\n{}", text(&stdout), text(&stderr)).trim().to_owned(),
    })
}
