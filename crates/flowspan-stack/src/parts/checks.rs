//! The parts' own checks of configurations, rules and metrics.

use std::{path::Path, process::Command};

use serde_json::Value;

use crate::{Part, StackError, command, http::decode, locate};

/// Runs `otelcol validate` over a Collector configuration, with environment
/// variables for it to use.
///
/// # Errors
///
/// [`StackError::Command`] with what the Collector found.
pub fn check_collector_config(file: &Path, environment: &[(&str, &str)]) -> Result<(), StackError> {
    validate(Part::Collector, file, environment)
}

/// Runs `jaeger validate` over a Jaeger configuration.
///
/// # Errors
///
/// [`StackError::Command`] with what Jaeger found.
pub fn check_jaeger_config(file: &Path) -> Result<(), StackError> {
    validate(Part::Jaeger, file, &[])
}

/// Reads a compose file as `docker compose config` does, with these profiles
/// and nothing of the present environment but the variables given, and returns
/// what it comes to.
///
/// # Errors
///
/// [`StackError::Command`] with what the reader found.
pub fn read_compose(
    file: &Path,
    profiles: &[&str],
    environment: &[(&str, &str)],
) -> Result<Value, StackError> {
    let program = locate(Part::Compose)?;
    let mut command = Command::new(&program);
    command.env_clear().envs(environment.iter().copied()).arg(file).args(profiles);
    decode(&file.display().to_string(), &command::run(&program, &mut command, "")?)
}

/// Runs `promtool check metrics`, with all its lint checks, over an exposition.
///
/// # Errors
///
/// [`StackError::Command`] with what promtool found.
pub fn check_metrics(exposition: &str) -> Result<(), StackError> {
    promtool(&["check", "metrics", "--lint=all"], exposition)
}

/// Runs `promtool check rules` over a rules file.
///
/// # Errors
///
/// [`StackError::Command`] with what promtool found.
pub fn check_rules(file: &Path) -> Result<(), StackError> {
    promtool(&["check", "rules", &file.to_string_lossy()], "")
}

/// Runs `promtool check config` over a configuration file.
///
/// # Errors
///
/// [`StackError::Command`] with what promtool found.
pub fn check_prometheus_config(file: &Path) -> Result<(), StackError> {
    promtool(&["check", "config", &file.to_string_lossy()], "")
}

/// Runs the unit tests of rules, `promtool test rules`.
///
/// # Errors
///
/// [`StackError::Command`] with what promtool found.
pub fn test_rules(file: &Path) -> Result<(), StackError> {
    promtool(&["test", "rules", &file.to_string_lossy()], "")
}

fn validate(part: Part, file: &Path, environment: &[(&str, &str)]) -> Result<(), StackError> {
    let program = locate(part)?;
    let mut command = Command::new(&program);
    command.args(["validate", "--config"]).arg(file).envs(environment.iter().copied());
    command::run(&program, &mut command, "").map(drop)
}

fn promtool(arguments: &[&str], input: &str) -> Result<(), StackError> {
    let program = locate(Part::Promtool)?;
    let mut command = Command::new(&program);
    command.args(arguments);
    command::run(&program, &mut command, input).map(drop)
}
