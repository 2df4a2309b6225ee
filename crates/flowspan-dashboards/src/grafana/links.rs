//! Ways from numbers to the traces behind them.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use crate::{Look, Panel, Tag};

/// Everything but what needs no encoding anywhere.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'_').remove(b'.').remove(b'-');

/// A link to a search in Jaeger for the traces behind a number, in the time that is shown.
pub(super) fn traces(panel: &Panel) -> Value {
    json!({
        "title": "Traces of this",
        "type": "link",
        "url": explore(panel),
        "targetBlank": true,
        "icon": "",
        "tooltip": "",
        "tags": [],
        "asDropdown": false,
        "includeVars": false,
        "keepTime": false,
    })
}

fn explore(panel: &Panel) -> String {
    let tags: Vec<_> = panel.traces.iter().map(|tag| written(*tag, panel.look)).collect();
    let panes = json!({"a": {
        "datasource": "${traces}",
        "queries": [{"refId": "A", "queryType": "search", "service": "${service}", "tags": tags.join(" ")}],
        "range": {"from": "${__from}", "to": "${__to}"},
    }});
    format!("/explore?schemaVersion=1&panes={}", encoded(&panes.to_string()))
}

/// Encoded for an address, except for what Grafana fills in, `${…}`.
fn encoded(text: &str) -> String {
    let mut pieces = text.split("${");
    let encode = |text| utf8_percent_encode(text, ENCODED);
    let mut whole = pieces.next().map(encode).map(|first| first.to_string()).unwrap_or_default();
    for piece in pieces {
        let (variable, rest) = piece.split_once('}').unwrap_or((piece, ""));
        whole += &format!("${{{variable}}}{}", encode(rest));
    }
    whole
}

/// A tag of Jaeger's search.
fn written(tag: Tag, look: Look) -> String {
    match tag {
        Tag::Is(field, value) => format!(r#"{}="{value}""#, field.key()),
        Tag::Of(field, label) if matches!(look, Look::Table(_)) => {
            format!(r#"{}="${{__data.fields.{label}}}""#, field.key())
        }
        Tag::Of(field, label) => format!(r#"{}="${{__field.labels.{label}}}""#, field.key()),
    }
}

#[cfg(test)]
mod tests {
    use flowspan_model::Field;

    use super::*;
    use crate::panel::panel;

    #[test]
    fn what_grafana_fills_in_is_left_and_all_else_is_encoded() {
        const TAGS: &[Tag] =
            &[Tag::Of(Field::WorkflowName, "workflow_name"), Tag::Is(Field::Status, "failed")];
        let url = explore(&panel(Look::Lines, "a", "b").traces(TAGS));
        assert!(url.contains("${__field.labels.workflow_name}"), "{url}");
        let decoded = percent_encoding::percent_decode_str(&url).decode_utf8().expect("text");
        let panes = decoded.split_once("panes=").expect("panes").1;
        let panes: Value = serde_json::from_str(panes).expect("JSON");
        assert_eq!(
            panes.pointer("/a/queries/0/tags").and_then(Value::as_str),
            Some(r#"gen_ai.workflow.name="${__field.labels.workflow_name}" flowspan.status="failed""#)
        );
    }
}
