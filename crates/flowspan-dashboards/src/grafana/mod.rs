//! Rows of data as Grafana's dashboard model.

mod dashboard;
mod links;
mod looks;
mod panels;
mod variables;

pub(crate) use self::{dashboard::dashboard, looks::NOTHING_THERE};
