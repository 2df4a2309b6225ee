//! One panel.

use serde_json::{Value, json};

use super::{links, looks};
use crate::{
    Colour, Look, Namespace, Panel, Query, QueryError, Store, Unit, expand,
    panel::{ask, panel as new},
};

/// Stands at the top of every dashboard, so that an empty one says why it is empty.
pub(super) const PROGRAMS: Panel = Panel {
    thresholds: Some((Colour::Red, &[(1.0, Colour::Green)])),
    width: 8,
    height: 4,
    ..new(
        Look::Stat,
        "Programs under this namespace",
        "How many programs report metrics under the chosen namespace. At zero every other panel is empty: the namespace is not that of the program, or nothing is scraped; see docs/troubleshooting.md.",
    )
    .asks(&[ask("count(<process.memory.peak>) or vector(0)", "programs")])
};

/// Beside it: which namespaces there are.
pub(super) const HELP: Panel = Panel {
    width: 16,
    height: 4,
    ..new(
        Look::Table(&[crate::panel::text("namespace", "namespace"), crate::panel::number("Value", "programs", Unit::Count)]),
        "Namespaces that there are",
        "Every namespace under which a program of flowspan reports. Type one of them at the top.",
    )
    .asks(&[ask(
        r#"count by (namespace) (label_replace({__name__=~".*process_memory_peak_bytes"}, "namespace", "$1", "__name__", "(.*?)_?process_memory_peak_bytes"))"#,
        "",
    )])
};

pub(super) fn panel(panel: &Panel, namespace: Namespace<'_>) -> Result<Value, QueryError> {
    let targets = panel
        .queries
        .iter()
        .zip("ABCDEFGH".chars())
        .map(|(query, id)| target(panel, query, id, namespace))
        .collect::<Result<Vec<_>, _>>()?;
    let mut json = json!({
        "type": looks::plugin(panel.look),
        "title": panel.title,
        "description": panel.description,
        "datasource": source(panel.store),
        "targets": targets,
        "options": looks::options(panel.look),
        "fieldConfig": looks::fields(panel, namespace)?,
        "interval": panel.interval,
    });
    if let Look::Table(columns) = panel.look {
        json["transformations"] = looks::transformations(columns, namespace)?;
    }
    if !panel.traces.is_empty() {
        json["fieldConfig"]["defaults"]["links"] = json!([links::traces(panel)]);
    }
    Ok(json)
}

fn source(store: Store) -> Value {
    match store {
        Store::Prometheus => json!({"type": "prometheus", "uid": "${metrics}"}),
        Store::Postgres => json!({"type": "grafana-postgresql-datasource", "uid": "${store}"}),
    }
}

fn target(panel: &Panel, query: &Query, id: char, namespace: Namespace<'_>) -> Result<Value, QueryError> {
    let (id, datasource) = (id.to_string(), source(panel.store));
    if panel.store == Store::Postgres {
        return Ok(json!({
            "refId": id,
            "datasource": datasource,
            "rawSql": query.text,
            "rawQuery": true,
            "editorMode": "code",
            "format": "table",
        }));
    }
    let is_instant = looks::is_instant(panel.look);
    Ok(json!({
        "refId": id,
        "datasource": datasource,
        "editorMode": "code",
        "expr": expand(query.text, namespace)?,
        "legendFormat": expand(query.legend, namespace)?,
        "format": looks::format(panel.look),
        "instant": is_instant,
        "range": !is_instant,
    }))
}
