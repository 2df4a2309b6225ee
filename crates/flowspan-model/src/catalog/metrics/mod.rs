//! The rows of the catalog, by what they are about.

mod agent;
mod gen_ai;
mod map_reduce;
mod model;
pub mod process;
mod row;
mod support;
pub mod telemetry;
mod workflow;

use super::Metric;

/// The parts of the catalog, in the order of the documentation.
const PARTS: [&[Metric]; 8] = [
    workflow::ROWS,
    map_reduce::ROWS,
    agent::ROWS,
    model::ROWS,
    gen_ai::ROWS,
    support::ROWS,
    process::ROWS,
    telemetry::ROWS,
];

/// Every metric, in the order of the documentation.
pub static METRICS: &[Metric] = &joined::<{ count() }>();

const fn count() -> usize {
    let (mut count, mut part) = (0, 0);
    while part < PARTS.len() {
        count += PARTS[part].len();
        part += 1;
    }
    count
}

const fn joined<const COUNT: usize>() -> [Metric; COUNT] {
    let mut rows = [PARTS[0][0]; COUNT];
    let (mut next, mut part) = (0, 0);
    while part < PARTS.len() {
        let mut row = 0;
        while row < PARTS[part].len() {
            rows[next] = PARTS[part][row];
            next += 1;
            row += 1;
        }
        part += 1;
    }
    rows
}
