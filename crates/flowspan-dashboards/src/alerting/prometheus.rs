//! Rules for Prometheus.

use serde_json::{Value, json};

use super::{ALERTS, Every, Limit, RECORDINGS};
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
    let rules = rules.collect::<Result<Vec<_>, _>>()?;
    Ok(yaml::write(&json!({"groups": [{"name": "flowspan-alerts", "rules": rules}]})))
}

/// The file of the recording rules, in two groups.
pub(crate) fn recording_rules(namespace: Namespace<'_>) -> Result<String, QueryError> {
    let notes =
        RECORDINGS.iter().map(|recording| format!("# {}: {}\n", recording.name, recording.description));
    let rates = recorded(Every::Evaluation, namespace)?;
    let growth = recorded(Every::QuarterHour, namespace)?;
    let groups = json!({"groups": [
        {"name": "flowspan-rates", "rules": rates},
        {"name": "flowspan-history", "interval": "15m", "rules": growth},
    ]});
    Ok(notes.collect::<String>() + &yaml::write(&groups))
}

fn recorded(every: Every, namespace: Namespace<'_>) -> Result<Vec<Value>, QueryError> {
    let recordings = RECORDINGS.iter().filter(|recording| recording.every == every);
    let rules = recordings.map(|recording| {
        Ok(json!({
            "record": expand(&format!("<:{}>", recording.name), namespace)?,
            "expr": expand(recording.query, namespace)?,
        }))
    });
    rules.collect()
}
