//! Alerts and recording rules.

mod grafana;
mod prometheus;
mod recordings;
mod rules;

pub(crate) use self::{
    grafana::provisioned,
    prometheus::{alerting_rules, recording_rules},
};
pub use self::{recordings::RECORDINGS, rules::ALERTS};

/// When somebody must be told.
#[derive(Clone, Copy, Debug)]
pub struct Alert {
    /// Its name; the runbook has a section of this name.
    pub name: &'static str,
    /// Who must be told, and how soon.
    pub severity: Severity,
    /// What is watched, before [`expand`](crate::expand).
    pub query: &'static str,
    /// From where on it is too much, or too little.
    pub limit: Limit,
    /// How long it must be so.
    pub lasting: &'static str,
    /// What is the matter, in one line.
    pub summary: &'static str,
    /// What it means and what to look at first.
    pub description: &'static str,
}

/// How urgent an alert is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// Somebody must act now.
    Critical,
    /// Somebody must act today.
    Warning,
}

impl Severity {
    /// The value of the label.
    pub const fn as_str(self) -> &'static str {
        match self {
            Severity::Critical => "critical",
            Severity::Warning => "warning",
        }
    }
}

/// Which numbers are bad.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Limit {
    /// Those above this one.
    Above(f64),
    /// Those below this one.
    Below(f64),
}

/// A rule that keeps the answer of a heavy query, or of one that several alerts ask.
#[derive(Clone, Copy, Debug)]
pub struct Recording {
    /// What stands after the namespace: what is measured, and how.
    pub name: &'static str,
    /// What is asked, before [`expand`](crate::expand).
    pub query: &'static str,
    /// What it is for, for who reads the file.
    pub description: &'static str,
    /// When it is reckoned.
    pub every: Every,
}

/// How often a recording rule is reckoned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Every {
    /// As often as all rules.
    Evaluation,
    /// Every quarter of an hour: growth since the last time, to be added up over weeks.
    QuarterHour,
}

/// Where the runbook is, for links in alerts.
const RUNBOOK: &str = "https://github.com/flowspan/flowspan/blob/main/docs/runbook.md";

impl Alert {
    fn runbook(&self) -> String {
        format!("{RUNBOOK}#{}", self.name.to_lowercase())
    }
}
