//! How each look is called in Grafana, and its options.

use serde_json::{Value, json};

use crate::{Colour, Column, Look, Namespace, Panel, QueryError, Unit, expand};

/// What a panel says that should have something to show, and has not.
pub(crate) const NOTHING_THERE: &str = "no data: is the namespace right, and is the program scraped?";

pub(super) const fn plugin(look: Look) -> &'static str {
    match look {
        Look::Stat => "stat",
        Look::Gauge => "gauge",
        Look::Bars => "bargauge",
        Look::Pie => "piechart",
        Look::Lines | Look::Areas | Look::Columns => "timeseries",
        Look::Heatmap => "heatmap",
        Look::Boxes => "candlestick",
        Look::Table(_) => "table",
    }
}

/// Whether one answer is enough: what it is now, or was in the whole of the chosen time.
pub(super) const fn is_instant(look: Look) -> bool {
    matches!(look, Look::Stat | Look::Gauge | Look::Bars | Look::Pie | Look::Table(_))
}

pub(super) const fn format(look: Look) -> &'static str {
    match look {
        Look::Table(_) => "table",
        Look::Heatmap => "heatmap",
        _ => "time_series",
    }
}

pub(super) fn options(look: Look) -> Value {
    let reduce = json!({"calcs": ["lastNotNull"], "fields": "", "values": false});
    let tooltip = json!({"mode": "multi", "sort": "desc"});
    let legend = json!({"calcs": [], "displayMode": "list", "placement": "bottom", "showLegend": true});
    match look {
        Look::Stat => json!({
            "reduceOptions": reduce,
            "colorMode": "value",
            "graphMode": "none",
            "justifyMode": "auto",
            "orientation": "auto",
            "percentChangeColorMode": "standard",
            "showPercentChange": false,
            "textMode": "auto",
            "wideLayout": true,
        }),
        Look::Gauge => json!({
            "reduceOptions": reduce,
            "minVizHeight": 75,
            "minVizWidth": 75,
            "orientation": "auto",
            "showThresholdLabels": false,
            "showThresholdMarkers": true,
            "sizing": "auto",
        }),
        Look::Bars => json!({
            "reduceOptions": reduce,
            "displayMode": "basic",
            "legend": {"calcs": [], "displayMode": "list", "placement": "bottom", "showLegend": false},
            "maxVizHeight": 300,
            "minVizHeight": 16,
            "minVizWidth": 8,
            "namePlacement": "auto",
            "orientation": "horizontal",
            "showUnfilled": true,
            "sizing": "auto",
            "valueMode": "color",
        }),
        Look::Pie => json!({
            "reduceOptions": reduce,
            "displayLabels": ["percent"],
            "legend": {
                "calcs": [], "displayMode": "table", "placement": "right", "showLegend": true,
                "values": ["value", "percent"],
            },
            "orientation": "auto",
            "pieType": "donut",
            "tooltip": {"mode": "single", "sort": "none"},
        }),
        Look::Lines | Look::Areas | Look::Columns => json!({"legend": legend, "tooltip": tooltip}),
        Look::Heatmap => json!({
            "calculate": false,
            "cellGap": 1,
            "color": {
                "exponent": 0.5, "fill": "dark-orange", "mode": "scheme", "reverse": false,
                "scale": "exponential", "scheme": "Oranges", "steps": 64,
            },
            "exemplars": {"color": "rgba(255,0,255,0.7)"},
            "filterValues": {"le": 1e-9},
            "legend": {"show": true},
            "rowsFrame": {"layout": "auto"},
            "showValue": "never",
            "tooltip": {"mode": "single", "showColorScale": false, "yHistogram": false},
            "yAxis": {"axisPlacement": "left", "reverse": false, "unit": "s"},
        }),
        Look::Boxes => json!({
            "mode": "candles",
            "candleStyle": "candles",
            "colorStrategy": "open-close",
            "colors": {"up": "blue", "down": "blue", "flat": "blue"},
            "fields": {"open": "p25", "close": "p75", "low": "p5", "high": "p95"},
            "includeAllFields": false,
            "legend": legend,
            "tooltip": tooltip,
        }),
        Look::Table(_) => json!({"cellHeight": "sm", "frameIndex": 0, "showHeader": true}),
    }
}

/// Units, thresholds, what to say when there is nothing, and how lines are drawn.
pub(super) fn fields(panel: &Panel, namespace: Namespace<'_>) -> Result<Value, QueryError> {
    let mut defaults = json!({
        "unit": unit(panel.unit),
        "mappings": [],
        "color": {"mode": colours(panel)},
        "thresholds": thresholds(panel),
        "custom": custom(panel.look),
        "noValue": panel.empty.unwrap_or(NOTHING_THERE),
    });
    if panel.unit == Unit::Share {
        (defaults["min"], defaults["max"]) = (0.into(), 1.into());
    }
    let mut overrides = Vec::new();
    if let Look::Table(columns) = panel.look {
        for column in columns {
            overrides.push(column_unit(column, namespace)?);
        }
    }
    Ok(json!({"defaults": defaults, "overrides": overrides}))
}

fn column_unit(column: &Column, namespace: Namespace<'_>) -> Result<Value, QueryError> {
    Ok(json!({
        "matcher": {"id": "byName", "options": expand(column.field, namespace)?},
        "properties": [
            {"id": "unit", "value": unit(column.unit)},
            {"id": "displayName", "value": column.title},
        ],
    }))
}

/// Columns of several queries side by side, in order, and without those that nobody asked for.
pub(super) fn transformations(columns: &[Column], namespace: Namespace<'_>) -> Result<Value, QueryError> {
    if columns.is_empty() {
        return Ok(json!([]));
    }
    let names =
        columns.iter().map(|column| expand(column.field, namespace)).collect::<Result<Vec<_>, _>>()?;
    Ok(json!([
        {"id": "merge", "options": {}},
        {"id": "filterFieldsByName", "options": {"include": {"names": names}}},
    ]))
}

fn custom(look: Look) -> Value {
    match look {
        Look::Lines => {
            json!({"drawStyle": "line", "lineWidth": 1, "fillOpacity": 0, "showPoints": "auto", "spanNulls": false})
        }
        Look::Areas => json!({
            "drawStyle": "line", "lineWidth": 1, "fillOpacity": 40, "showPoints": "never",
            "stacking": {"mode": "normal", "group": "A"},
        }),
        Look::Columns => json!({
            "drawStyle": "bars", "lineWidth": 0, "fillOpacity": 80, "showPoints": "never",
            "stacking": {"mode": "normal", "group": "A"},
        }),
        _ => json!({}),
    }
}

fn colours(panel: &Panel) -> &'static str {
    match panel.look {
        Look::Pie | Look::Lines | Look::Areas | Look::Columns | Look::Boxes | Look::Heatmap => {
            "palette-classic"
        }
        Look::Stat | Look::Gauge | Look::Bars | Look::Table(_) => "thresholds",
    }
}

fn thresholds(panel: &Panel) -> Value {
    let (base, steps) = panel.thresholds.unwrap_or((Colour::Blue, &[]));
    let mut all = vec![json!({"value": null, "color": colour(base)})];
    all.extend(steps.iter().map(|(value, above)| json!({"value": value, "color": colour(*above)})));
    json!({"mode": "absolute", "steps": all})
}

const fn colour(colour: Colour) -> &'static str {
    match colour {
        Colour::Green => "green",
        Colour::Yellow => "yellow",
        Colour::Red => "red",
        Colour::Blue => "blue",
    }
}

const fn unit(unit: Unit) -> &'static str {
    match unit {
        Unit::None => "none",
        Unit::Count => "short",
        Unit::Share => "percentunit",
        Unit::Seconds => "s",
        Unit::Milliseconds => "ms",
        Unit::Bytes => "bytes",
        Unit::Dollars => "currencyUSD",
        Unit::PerSecond => "cps",
    }
}
