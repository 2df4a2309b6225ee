//! The dashboards, one module each.

mod agents;
mod gen_ai;
mod health;
mod history;
mod map_reduce;
mod models;
mod steps;
mod workflows;

use crate::{Panel, Semconv};

/// A dashboard.
#[derive(Clone, Debug)]
pub struct Board {
    /// Its identifier, and the name of its file.
    pub uid: &'static str,
    /// Its title.
    pub title: &'static str,
    /// What it is for.
    pub description: &'static str,
    /// When its time begins until somebody chooses another one.
    pub time: &'static str,
    /// Its rows.
    pub rows: Vec<Row>,
}

/// A row of panels under a heading.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// The heading.
    pub title: &'static str,
    /// The panels, from left to right.
    pub panels: &'static [Panel],
    /// Whether somebody must open it first: rows that need the event store, which not everybody has.
    pub is_collapsed: bool,
}

/// A row that is open.
const fn row(title: &'static str, panels: &'static [Panel]) -> Row {
    Row { title, panels, is_collapsed: false }
}

/// A row that asks the event store.
const fn details(panels: &'static [Panel]) -> Row {
    Row { title: "Details, from PostgreSQL", panels, is_collapsed: true }
}

/// All dashboards.
pub fn boards(semconv: Semconv) -> Vec<Board> {
    vec![
        workflows::board(),
        map_reduce::board(),
        steps::board(),
        models::board(semconv),
        agents::board(),
        health::board(),
        history::board(),
    ]
}
