//! Rules for Prometheus.

use serde_json::{Value, json};

use super::{ALERTS, Limit, RECORDINGS};
use crate::{Namespace, QueryError, expand, yaml};

/// The file of the alerts.
pub(crate) fn alerting_rules(namespace: Namespace<'_>) -> Result<String, QueryError> {
    let rules = ALERTS.iter().map(|alert| {
        let (sign, limit) = match alert.limit {
            Limit::Above(limit) => ('>', limit),
            Limit::Below(limit) => ('<', limit),
        };
        Ok(json!({
            "alert": alert.name,
            "expr": format!("({}) {sign} {limit}", expand(alert.query, namespace)?),
            "for": alert.lasting,
            "labels": {"severity": alert.severity.as_str()},
            "annotations": {
                "summary": expand(alert.summary, namespace)?,
                "description": alert.description,
                "runbook_url": alert.runbook(),
            },
        }))
    });
    file("flowspan-alerts", rules.collect::<Result<_, _>>()?)
}

/// The file of the recording rules.
pub(crate) fn recording_rules(namespace: Namespace<'_>) -> Result<String, QueryError> {
    let rules = RECORDINGS.iter().map(|recording| {
        Ok(json!({
            "record": expand(&format!("<:{}>", recording.name), namespace)?,
            "expr": expand(recording.query, namespace)?,
        }))
    });
    let notes =
        RECORDINGS.iter().map(|recording| format!("# {}: {}\n", recording.name, recording.description));
    Ok(notes.collect::<String>() + &file("flowspan-recordings", rules.collect::<Result<_, _>>()?)?)
}

fn file(group: &str, rules: Vec<Value>) -> Result<String, QueryError> {
    Ok(yaml::write(&json!({"groups": [{"name": group, "rules": rules}]})))
}
