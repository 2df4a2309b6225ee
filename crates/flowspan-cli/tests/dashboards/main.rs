//! Dashboards and alerts on the real Prometheus and PostgreSQL: every query of every panel is asked after a
//! run of the demo and beside a busy program, the key panels show the run's own numbers, and alerts fire
//! and clear while a program runs.

mod alerts;
mod ask;
mod demo;
mod panels;
mod rules;
mod workload;

use std::{fs, path::Path};

/// A file of the repository.
fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
