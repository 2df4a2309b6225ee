//! Dashboards and alerts on the real Prometheus and PostgreSQL: every query of every panel is asked after a
//! run of the demo and beside a busy program, the key panels show the run's own numbers, and alerts fire
//! and clear while a program runs.

mod alerts;
mod ask;
mod board;
mod panels;
mod workload;
