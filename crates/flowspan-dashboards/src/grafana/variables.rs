//! What can be chosen at the top of a dashboard.

use serde_json::{Value, json};

use crate::{Namespace, QueryError, expand};

/// Data source variables: name, what is shown, the plugin, the one that is provisioned.
const SOURCES: [(&str, &str, &str, &str); 3] = [
    ("metrics", "Metrics", "prometheus", "flowspan-prometheus"),
    ("traces", "Traces", "jaeger", "flowspan-jaeger"),
    ("store", "Event store", "grafana-postgresql-datasource", "flowspan-postgres"),
];

pub(super) fn of(names: Namespace<'_>, namespace: &str) -> Result<Vec<Value>, QueryError> {
    let mut variables: Vec<_> = SOURCES.iter().map(source).collect();
    if names == Namespace::Variable {
        variables.push(chosen_namespace(namespace));
    }
    variables.extend([
        choice(
            "service",
            "Service",
            r#"label_values(target_info{telemetry_distro_name="flowspan"}, service_name)"#,
            Several::No,
        ),
        choice(
            "workflow",
            "Workflow",
            &expand("label_values(<workflow.executions>, workflow_name)", names)?,
            Several::Yes,
        ),
        choice("model", "Model", &expand("label_values(<llm.calls>, model)", names)?, Several::Yes),
    ]);
    Ok(variables)
}

fn source((name, label, plugin, provisioned): &(&str, &str, &str, &str)) -> Value {
    json!({
        "type": "datasource",
        "name": name,
        "label": label,
        "query": plugin,
        "current": {"text": provisioned, "value": provisioned},
        "hide": 0,
        "includeAll": false,
        "multi": false,
        "options": [],
        "refresh": 1,
        "regex": "",
    })
}

/// A text that anybody can type: what no program uses finds no data, and the first panel says so.
fn chosen_namespace(namespace: &str) -> Value {
    let namespace = namespace.replace('.', "_");
    json!({
        "type": "textbox",
        "name": "namespace",
        "label": "Namespace",
        "description": "What the names of the program's metrics begin with, dots as underscores.",
        "query": namespace,
        "current": {"text": namespace, "value": namespace},
        "options": [{"selected": true, "text": namespace, "value": namespace}],
        "hide": 0,
    })
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Several {
    No,
    Yes,
}

/// A choice from what Prometheus knows; of several, all at first.
fn choice(name: &str, label: &str, query: &str, several: Several) -> Value {
    let mut variable = json!({
        "type": "query",
        "name": name,
        "label": label,
        "datasource": {"type": "prometheus", "uid": "${metrics}"},
        "definition": query,
        "query": {"query": query, "refId": "variable"},
        "refresh": 2,
        "sort": 1,
        "hide": 0,
        "regex": "",
        "options": [],
        "includeAll": several == Several::Yes,
        "multi": several == Several::Yes,
    });
    if several == Several::Yes {
        // Not the list of all values: what has no such label is in it, too.
        variable["allValue"] = ".*".into();
        variable["current"] = json!({"selected": true, "text": ["All"], "value": ["$__all"]});
    }
    variable
}
