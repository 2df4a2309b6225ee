//! The same alerts for Grafana's own alerting, as a provisioning file.

use serde_json::{Value, json};

use super::{ALERTS, Alert, Limit};
use crate::{Namespace, QueryError, expand, yaml};

/// The data source that Grafana is provisioned with; variables do not exist in alerts.
const DATA_SOURCE: &str = "flowspan-prometheus";
/// How long each query looks back; the queries are instant ones, with ranges of their own.
const SECONDS_BACK: u32 = 600;

/// The provisioning file.
pub(crate) fn provisioned(namespace: Namespace<'_>) -> Result<String, QueryError> {
    let rules = ALERTS.iter().map(|alert| rule(alert, namespace)).collect::<Result<Vec<_>, _>>()?;
    Ok(yaml::write(&json!({
        "apiVersion": 1,
        "groups": [{
            "orgId": 1,
            "name": "flowspan",
            "folder": "flowspan",
            "interval": "1m",
            "rules": rules,
        }],
    })))
}

fn rule(alert: &Alert, namespace: Namespace<'_>) -> Result<Value, QueryError> {
    let (kind, limit) = match alert.limit {
        Limit::Above(limit) => ("gt", limit),
        Limit::Below(limit) => ("lt", limit),
    };
    let range = json!({"from": SECONDS_BACK, "to": 0});
    // Grafana says `$values.A.Value` where Prometheus says `$value`.
    let summary = expand(alert.summary, namespace)?.replace("$value", "$values.A.Value");
    Ok(json!({
        "uid": alert.name.to_lowercase(),
        "title": alert.name,
        "condition": "B",
        "for": alert.lasting,
        // No series is no trouble: a program that has nothing to say is well.
        "noDataState": "OK",
        "execErrState": "Error",
        "isPaused": false,
        "labels": {"severity": alert.severity.as_str()},
        "annotations": {
            "summary": summary,
            "description": alert.description,
            "runbook_url": alert.runbook(),
        },
        "data": [
            {
                "refId": "A",
                "relativeTimeRange": range,
                "datasourceUid": DATA_SOURCE,
                "model": {
                    "refId": "A",
                    "datasource": {"type": "prometheus", "uid": DATA_SOURCE},
                    "expr": expand(alert.query, namespace)?,
                    "instant": true,
                    "range": false,
                },
            },
            {
                "refId": "B",
                "relativeTimeRange": range,
                "datasourceUid": "__expr__",
                "model": {
                    "refId": "B",
                    "type": "threshold",
                    "expression": "A",
                    "datasource": {"type": "__expr__", "uid": "__expr__"},
                    "conditions": [{"evaluator": {"type": kind, "params": [limit]}}],
                },
            },
        ],
    }))
}
