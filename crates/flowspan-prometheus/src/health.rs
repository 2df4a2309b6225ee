//! What `/health` answers.

use std::{collections::BTreeMap, time::SystemTime};

use flowspan_runtime::{Account, BoundedLabel, ExporterState, ExporterStatus, Health, UnpricedModel};
use serde::Serialize;

use crate::Stats;

/// The accounts that `/health` shows, each under the name of its signal, such as `spans`.
pub type Accounts = Vec<(&'static str, Account)>;

#[derive(Debug, Serialize)]
pub(crate) struct Report {
    status: &'static str,
    exporters: Vec<Exporter>,
    telemetry: BTreeMap<&'static str, Numbers>,
    scrapes: Stats,
    /// Labels that had more values than they may have.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    bounded_labels: Vec<Bounded>,
    /// What else is counted, by what it is about.
    #[serde(flatten)]
    counts: BTreeMap<&'static str, BTreeMap<&'static str, u64>>,
    /// Models whose calls have no cost, because no price of them is known.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unpriced_models: Vec<Unpriced>,
}

#[derive(Debug, Serialize)]
struct Unpriced {
    provider: Option<String>,
    model: String,
    calls: u64,
}

#[derive(Debug, Serialize)]
struct Bounded {
    metric: String,
    label: String,
    measurements: u64,
}

#[derive(Debug, Serialize)]
struct Exporter {
    name: String,
    status: &'static str,
    #[serde(flatten)]
    failing: Option<Failing>,
}

#[derive(Debug, Serialize)]
struct Failing {
    /// Seconds since 1970.
    since: u64,
    failures: u64,
    last_error: String,
}

#[derive(Debug, Serialize)]
struct Numbers {
    created: u64,
    delivered: u64,
    queued: u64,
    dropped: BTreeMap<&'static str, u64>,
}

impl Report {
    pub(crate) fn of(health: &Health, accounts: Accounts, scrapes: Stats) -> Self {
        let exporters = health.exporters();
        let works = exporters.iter().all(ExporterState::works);
        Report {
            status: if works { "ok" } else { "degraded" },
            exporters: exporters.into_iter().map(Exporter::from).collect(),
            telemetry: accounts.into_iter().map(|(signal, account)| (signal, account.into())).collect(),
            scrapes,
            bounded_labels: health.bounded_labels().into_iter().map(Bounded::from).collect(),
            counts: health
                .counts()
                .into_iter()
                .map(|(about, counts)| (about, counts.into_iter().collect()))
                .collect(),
            unpriced_models: health.unpriced_models().into_iter().map(Unpriced::from).collect(),
        }
    }
}

impl From<BoundedLabel> for Bounded {
    fn from(BoundedLabel { metric, label, measurements }: BoundedLabel) -> Self {
        Bounded { metric, label, measurements }
    }
}

impl From<UnpricedModel> for Unpriced {
    fn from(UnpricedModel { provider, model, calls }: UnpricedModel) -> Self {
        Unpriced { provider, model, calls }
    }
}

impl From<ExporterState> for Exporter {
    fn from(state: ExporterState) -> Self {
        let (status, failing) = match state.status {
            ExporterStatus::Ok => ("ok", None),
            ExporterStatus::Failing { since, failures, last_error } => {
                let since = since.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
                ("failing", Some(Failing { since, failures, last_error }))
            }
            _ => ("idle", None),
        };
        Exporter { name: state.name, status, failing }
    }
}

impl From<Account> for Numbers {
    fn from(account: Account) -> Self {
        Numbers {
            created: account.created,
            delivered: account.delivered,
            queued: account.queued,
            dropped: account.dropped.into_iter().map(|(reason, items)| (reason.as_str(), items)).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use flowspan_runtime::{DropReason, Ledger, Reporter};
    use serde_json::json;

    use super::*;

    #[test]
    fn it_tells_which_exporter_fails_and_what_was_lost() {
        let health = Health::new(Reporter::silent());
        health.exporter("otlp.traces", "").failed("connection refused");
        health.exporter("otlp.metrics", "").succeeded();
        let mut ledger = Ledger::default();
        ledger.created(5);
        ledger.delivered(2);
        ledger.dropped(DropReason::ExportFailed, 3);

        let report = Report::of(&health, vec![("spans", ledger.account(0))], Stats::default());
        let mut report = serde_json::to_value(report).expect("it is plain data");
        assert!(report["exporters"][0]["since"].take().as_u64() > Some(1_700_000_000));
        assert_eq!(report["status"], "degraded");
        assert_eq!(
            report["exporters"],
            json!([
                { "name": "otlp.traces", "status": "failing", "since": null, "failures": 1,
                  "last_error": "connection refused" },
                { "name": "otlp.metrics", "status": "ok" },
            ])
        );
        assert_eq!(
            report["telemetry"]["spans"],
            json!({ "created": 5, "delivered": 2, "queued": 0, "dropped": { "export_failed": 3 } })
        );
    }

    #[test]
    fn it_shows_what_else_is_counted() {
        let health = Health::new(Reporter::silent());
        health.watch_counts("content", || vec![("cut", 2), ("too_deep", 1)]);
        let report = Report::of(&health, Vec::new(), Stats::default());
        let report = serde_json::to_value(report).expect("it is plain data");
        assert_eq!(report["content"], json!({ "cut": 2, "too_deep": 1 }));
    }

    #[test]
    fn models_without_a_price_are_listed_and_are_no_failure() {
        let health = Health::new(Reporter::silent());
        health.watch_prices(|| vec![UnpricedModel { provider: None, model: "m".to_owned(), calls: 2 }]);
        let report = Report::of(&health, Vec::new(), Stats::default());
        let report = serde_json::to_value(report).expect("it is plain data");
        assert_eq!(report["unpriced_models"], json!([{ "provider": null, "model": "m", "calls": 2 }]));
        assert_eq!(report["status"], "ok");
    }

    #[test]
    fn exporters_that_had_nothing_to_do_are_well() {
        let health = Health::new(Reporter::silent());
        let _exporter = health.exporter("otlp.logs", "");
        let report = Report::of(&health, Vec::new(), Stats::default());
        assert_eq!(report.status, "ok");
        assert_eq!(report.exporters[0].status, "idle");
    }
}
