//! Runs other programs, saying which.

use std::{
    env,
    ffi::OsString,
    process::{Command, Stdio},
};

use crate::error::XtaskError;

/// The cargo that runs us, so that a chosen toolchain stays chosen.
pub(crate) fn cargo(arguments: &[&str]) -> Command {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    let mut command = Command::new(cargo);
    command.args(arguments);
    command
}

/// Runs a command with its output on the terminal; it must succeed.
pub(crate) fn run(command: &mut Command) -> Result<(), XtaskError> {
    let line = line(command);
    println!("$ {line}");
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(_) => Err(XtaskError::Failed { command: line }),
        Err(source) => Err(XtaskError::NotRun { command: line, source }),
    }
}

/// Runs a command that must succeed, and returns what it prints.
pub(crate) fn output(command: &mut Command) -> Result<Vec<u8>, XtaskError> {
    let line = line(command);
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .map_err(|source| XtaskError::NotRun { command: line.clone(), source })?;
    if output.status.success() { Ok(output.stdout) } else { Err(XtaskError::Failed { command: line }) }
}

fn line(command: &Command) -> String {
    let program = command.get_program().to_string_lossy();
    // `cargo`, not where it lies.
    let name = program.rsplit('/').next().unwrap_or(&program).to_owned();
    command
        .get_args()
        .map(|argument| argument.to_string_lossy())
        .fold(name, |line, argument| line + " " + &argument)
}
