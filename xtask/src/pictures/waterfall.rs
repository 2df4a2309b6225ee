//! A trace as bars over time.

use std::{fmt::Write, time::Duration};

use flowspan_stack::{Span, Trace};

/// How many bars are drawn; the trace of the demo has more of the same.
const BARS: usize = 34;
const ROW: usize = 20;
const NAMES: usize = 360;
const TIME: usize = 640;

/// Draws the trace, the parents above their children, in the order of time.
pub(super) fn draw(trace: &Trace) -> String {
    let Some(root) = trace.spans.iter().find(|span| span.parent_id.is_none()) else { return String::new() };
    let mut rows = Vec::new();
    descend(trace, root, 0, &mut rows);
    let shown = &rows[..rows.len().min(BARS)];
    let height = (shown.len() + 3) * ROW;
    let width = NAMES + TIME + 100;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" font-family=\"monospace\" \
         font-size=\"12\">\n<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n"
    );
    let title = format!("trace {} of service {}: {} spans", trace.trace_id, root.service, trace.spans.len());
    text(&mut svg, 8, ROW, "#444444", &title);
    for (index, (depth, span)) in shown.iter().enumerate() {
        let y = (index + 2) * ROW;
        text(&mut svg, 8 + depth * 12, y + 14, "#222222", &span.name);
        let left = NAMES + scaled(span.start.saturating_sub(root.start), root.duration);
        let length = scaled(span.duration, root.duration).max(2);
        let _ = writeln!(
            svg,
            "<rect x=\"{left}\" y=\"{}\" width=\"{length}\" height=\"{}\" rx=\"2\" fill=\"{}\"/>",
            y + 3,
            ROW - 6,
            colour(span)
        );
        text(&mut svg, left + length + 4, y + 14, "#777777", &seconds(span.duration));
    }
    if rows.len() > shown.len() {
        let rest = format!("… and {} spans more", rows.len() - shown.len());
        text(&mut svg, 8, (shown.len() + 2) * ROW + 14, "#777777", &rest);
    }
    svg.push_str("</svg>\n");
    svg
}

fn descend<'trace>(
    trace: &'trace Trace,
    span: &'trace Span,
    depth: usize,
    rows: &mut Vec<(usize, &'trace Span)>,
) {
    rows.push((depth, span));
    let mut children: Vec<&Span> = trace.children(span).collect();
    children.sort_by_key(|child| child.start);
    for child in children {
        descend(trace, child, depth + 1, rows);
    }
}

/// A duration as a number of pixels.
fn scaled(part: Duration, whole: Duration) -> usize {
    let share = part.as_secs_f64() / whole.as_secs_f64().max(f64::EPSILON);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a share of the width, clamped"
    )]
    let pixels = (share.clamp(0.0, 1.0) * TIME as f64) as usize;
    pixels
}

fn colour(span: &Span) -> &'static str {
    let failed = span.tags.get("error").is_some_and(|error| error == true);
    match span.name.split(' ').next().unwrap_or_default() {
        _ if failed => "#d64545",
        "chat" => "#7b61c4",
        "execute_tool" => "#3f9c6d",
        "invoke_agent" => "#4a86d8",
        _ => "#9db2c7",
    }
}

fn seconds(duration: Duration) -> String {
    if duration < Duration::from_millis(1) {
        format!("{} µs", duration.as_micros())
    } else if duration < Duration::from_secs(1) {
        format!("{} ms", duration.as_millis())
    } else {
        format!("{:.2} s", duration.as_secs_f64())
    }
}

fn text(svg: &mut String, x: usize, y: usize, colour: &str, words: &str) {
    let words = words.replace('&', "&amp;").replace('<', "&lt;");
    let _ = writeln!(svg, "<text x=\"{x}\" y=\"{y}\" fill=\"{colour}\">{words}</text>");
}
