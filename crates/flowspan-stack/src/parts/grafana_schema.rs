//! Grafana's published types as a check of dashboards.

use std::{fs, os::unix::fs::symlink, process::Command};

use crate::{Part, StackError, command, locate};

/// What the types say, and what a JSON file can say of it: enumerations by their texts.
const TYPES: &str = include_str!("grafana_schema.ts");

/// Checks dashboards by the types that Grafana publishes: known keys only, all that are needed, and for
/// each panel the options of its plugin. What the compiler does not know is an error.
///
/// # Errors
///
/// [`StackError::Command`] with what the compiler found.
pub fn check_dashboards(dashboards: &[&str]) -> Result<(), StackError> {
    let program = locate(Part::GrafanaSchema)?;
    let directory = tempfile::tempdir().map_err(StackError::file("create", "a temporary directory"))?;
    let path = directory.path().join("dashboards.ts");
    let constant = |(nth, json)| format!("export const checked{nth}: Checked = {json};\n");
    let text: String = dashboards.iter().enumerate().map(constant).collect();
    let text = format!("{TYPES}\n{text}");
    fs::write(&path, text).map_err(StackError::file("write", &path))?;
    let modules = program.with_file_name("node_modules");
    let link = directory.path().join("node_modules");
    symlink(&modules, &link).map_err(StackError::file("link", &link))?;
    let compiler = modules.join("typescript/bin/tsc");
    let mut command = Command::new("node");
    command
        .arg(&compiler)
        .args(["--noEmit", "--strict", "--skipLibCheck", "--target", "es2022"])
        .args(["--module", "nodenext", "--moduleResolution", "nodenext"])
        .arg(&path);
    command::run(&compiler, &mut command, "").map(drop)
}
