//! YAML as far as rules need it: every text is in quotes, as JSON writes it, which YAML reads.

use serde_json::Value;

/// The value as a YAML document.
pub(crate) fn write(value: &Value) -> String {
    let mut text = String::new();
    block(value, 0, &mut text);
    text
}

/// A map or list on lines of its own.
fn block(value: &Value, depth: usize, text: &mut String) {
    let indent = "  ".repeat(depth);
    match value {
        Value::Object(map) => {
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_by_key(|(key, _)| (rank(key), *key));
            for (key, value) in entries {
                *text += &format!("{indent}{key}:");
                rest_of_line(value, depth + 1, text);
            }
        }
        Value::Array(items) => {
            for item in items {
                let mut inner = String::new();
                block(item, depth + 1, &mut inner);
                // The first line of an item stands behind its dash.
                *text += &format!("{indent}- {}", &inner[indent.len() + 2..]);
            }
        }
        scalar => *text += &format!("{indent}{scalar}\n"),
    }
}

fn rest_of_line(value: &Value, depth: usize, text: &mut String) {
    match value {
        Value::Object(map) if !map.is_empty() => {
            text.push('\n');
            block(value, depth, text);
        }
        Value::Array(items) if !items.is_empty() => {
            text.push('\n');
            block(value, depth, text);
        }
        scalar => *text += &format!(" {scalar}\n"),
    }
}

/// What names a thing comes first, then by the alphabet.
fn rank(key: &str) -> usize {
    const FIRST: [&str; 9] =
        ["apiVersion", "orgId", "name", "uid", "title", "alert", "record", "refId", "expr"];
    FIRST.iter().position(|first| *first == key).unwrap_or(FIRST.len())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn lists_of_maps_stand_behind_their_dashes() {
        let value = json!({"groups": [{"name": "a", "rules": [{"expr": "x > \"1\""}], "none": []}]});
        assert_eq!(
            write(&value),
            "groups:\n  - name: \"a\"\n    none: []\n    rules:\n      - expr: \"x > \\\"1\\\"\"\n"
        );
    }
}
