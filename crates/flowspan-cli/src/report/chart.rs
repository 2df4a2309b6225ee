//! Charts of the page: bars in a drawing that is a part of it.

use maud::{Markup, html};

/// How many bars a chart has at most; the longest are kept.
const MOST: usize = 15;
const WIDTH: f64 = 860.0;
/// Where the bars begin, and how much room the numbers behind them have.
const LEFT: f64 = 220.0;
const RIGHT: f64 = 130.0;
const ROW: f64 = 26.0;
/// The longest name beside a bar, in characters.
const NAME: usize = 30;

/// A chart of bars.
pub(super) struct Chart {
    pub(super) title: &'static str,
    /// What the parts of a bar are, each with its colour.
    pub(super) legend: &'static [(&'static str, &'static str)],
    pub(super) bars: Vec<Bar>,
}

/// One bar of several parts, as many as the legend has.
pub(super) struct Bar {
    pub(super) name: String,
    pub(super) parts: Vec<f64>,
    /// What stands behind it.
    pub(super) text: String,
}

impl Bar {
    fn length(&self) -> f64 {
        self.parts.iter().sum()
    }
}

impl Chart {
    /// The chart; nothing if no bar has a length.
    pub(super) fn draw(mut self) -> Markup {
        self.bars.retain(|bar| bar.length() > 0.0);
        self.bars.sort_by(|left, right| right.length().total_cmp(&left.length()));
        self.bars.truncate(MOST);
        let Some(longest) = self.bars.first().map(Bar::length) else { return html! {} };
        let scale = (WIDTH - LEFT - RIGHT) / longest;
        let height = self.bars.len() as f64 * ROW + 6.0;
        html! {
            figure {
                figcaption {
                    (self.title)
                    @for (name, colour) in self.legend {
                        " " span.key { span.colour style=(format!("background:{colour}")) {} (name) }
                    }
                }
                svg viewBox=(format!("0 0 {WIDTH} {height}")) role="img" aria-label=(self.title) {
                    @for (row, bar) in self.bars.iter().enumerate() {
                        (self.bar(bar, row as f64 * ROW + 3.0, scale))
                    }
                }
            }
        }
    }

    fn bar(&self, bar: &Bar, top: f64, scale: f64) -> Markup {
        let middle = top + ROW / 2.0;
        let mut left = LEFT;
        let parts: Vec<_> = bar
            .parts
            .iter()
            .zip(self.legend)
            .map(|(part, (_, colour))| {
                let x = left;
                left += part * scale;
                (x, part * scale, *colour)
            })
            .collect();
        html! {
            g {
                title { (bar.name) ": " (bar.text) }
                text x=(LEFT - 8.0) y=(middle) text-anchor="end" { (short(&bar.name)) }
                @for (x, width, colour) in parts {
                    rect x=(format!("{x:.1}")) y=(top + 4.0) width=(format!("{width:.1}")) height=(ROW - 8.0) fill=(colour) {}
                }
                text.value x=(format!("{:.1}", left + 6.0)) y=(middle) { (bar.text) }
            }
        }
    }
}

fn short(name: &str) -> String {
    match name.char_indices().nth(NAME) {
        None => name.to_owned(),
        Some(_) => name.chars().take(NAME - 1).chain(['…']).collect(),
    }
}
