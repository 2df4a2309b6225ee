//! A whole dashboard.

use serde_json::{Map, Value, json};

use super::{panels, variables};
use crate::{Board, Namespace, Panel, QueryError};

/// The version of the model that Grafana 12 and 13 write; newer ones read it.
const SCHEMA_VERSION: u32 = 41;
const COLUMNS: u32 = 24;

/// The dashboard as Grafana imports it. With a namespace it can be chosen on the dashboard, too; without
/// one, names have nothing that could be chosen.
pub(crate) fn dashboard(board: &Board, namespace: &str) -> Result<Value, QueryError> {
    let names = if namespace.is_empty() { Namespace::Fixed("") } else { Namespace::Variable };
    let mut grid = Grid::new(names);
    grid.row("Is there anything?", &[], false)?;
    grid.place(&[panels::PROGRAMS, panels::HELP])?;
    for row in &board.rows {
        grid.row(row.title, row.panels, row.is_collapsed)?;
    }
    Ok(sorted(json!({
        "uid": board.uid,
        "title": board.title,
        "description": board.description,
        "tags": ["flowspan"],
        "editable": true,
        "graphTooltip": 1,
        "time": {"from": board.time, "to": "now"},
        "refresh": "30s",
        "schemaVersion": SCHEMA_VERSION,
        "templating": {"list": variables::of(names, namespace)?},
        "annotations": {"list": []},
        "links": [{
            "title": "flowspan",
            "type": "dashboards",
            "tags": ["flowspan"],
            "asDropdown": true,
            "includeVars": true,
            "keepTime": true,
            "targetBlank": false,
            "icon": "",
            "tooltip": "The other dashboards of flowspan",
            "url": "",
        }],
        "panels": grid.panels,
    })))
}

/// Puts panels side by side, and into the next line when it is full.
struct Grid<'a> {
    namespace: Namespace<'a>,
    panels: Vec<Value>,
    next: u32,
    x: u32,
    y: u32,
    /// Height of the line that is being filled.
    line: u32,
}

impl<'a> Grid<'a> {
    fn new(namespace: Namespace<'a>) -> Self {
        Self { namespace, panels: Vec::new(), next: 1, x: 0, y: 0, line: 0 }
    }

    fn row(&mut self, title: &str, panels: &[Panel], is_collapsed: bool) -> Result<(), QueryError> {
        self.break_line();
        let id = self.number();
        let mut row = json!({
            "type": "row",
            "id": id,
            "title": title,
            "collapsed": is_collapsed,
            "gridPos": {"h": 1, "w": COLUMNS, "x": 0, "y": self.y},
            "panels": [],
        });
        self.y += 1;
        let at = self.panels.len();
        self.place(panels)?;
        if is_collapsed {
            row["panels"] = self.panels.split_off(at).into();
        }
        self.panels.insert(at, row);
        Ok(())
    }

    fn place(&mut self, panels: &[Panel]) -> Result<(), QueryError> {
        for panel in panels {
            let (width, height) = (u32::from(panel.width), u32::from(panel.height));
            if self.x + width > COLUMNS {
                self.break_line();
            }
            let mut json = panels::panel(panel, self.namespace)?;
            json["id"] = self.number().into();
            json["gridPos"] = json!({"h": height, "w": width, "x": self.x, "y": self.y});
            self.panels.push(json);
            self.x += width;
            self.line = self.line.max(height);
        }
        Ok(())
    }

    fn break_line(&mut self) {
        self.y += self.line;
        (self.x, self.line) = (0, 0);
    }

    fn number(&mut self) -> u32 {
        let number = self.next;
        self.next += 1;
        number
    }
}

/// The same with the keys of all objects in order, whatever other crates make of `serde_json`'s maps.
fn sorted(value: Value) -> Value {
    match value {
        Value::Object(map) => {
            let mut entries: Vec<_> = map.into_iter().map(|(key, value)| (key, sorted(value))).collect();
            entries.sort_by(|(left, _), (right, _)| left.cmp(right));
            Value::Object(Map::from_iter(entries))
        }
        Value::Array(items) => items.into_iter().map(sorted).collect(),
        scalar => scalar,
    }
}
