//! The report as one page that needs nothing but itself: no script, no request, no font.

use flowspan_session::{SessionMetrics, Work};
use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::{
    chart::{Bar, Chart},
    show,
    tables::{Table, head, tables},
};

const GREEN: &str = "#2f9e44";
const RED: &str = "#e03131";
const ORANGE: &str = "#f08c00";
const GREY: &str = "#adb5bd";
const BLUE: &str = "#1971c2";
const LIGHT_BLUE: &str = "#74c0fc";
const VIOLET: &str = "#7048e8";

const OUTCOMES: &[(&str, &str)] =
    &[("success", GREEN), ("failed", RED), ("timeout", ORANGE), ("cancelled", GREY)];
const TOKENS: &[(&str, &str)] =
    &[("prompt, cached", LIGHT_BLUE), ("prompt", BLUE), ("completion", VIOLET), ("not told apart", GREY)];
const TIME: &[(&str, &str)] = &[("time", BLUE)];

/// Nothing may be loaded, whatever the texts hold: the browser is told so as well.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'";

const STYLE: &str = "
:root{color-scheme:light dark}
body{font:15px/1.45 system-ui,sans-serif;margin:2rem auto;max-width:72rem;padding:0 1.5rem}
h1{font-size:1.5rem;overflow-wrap:anywhere}h2{font-size:1.1rem;margin:2rem 0 .5rem}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.15rem 1.25rem}dt{opacity:.65}dd{margin:0;overflow-wrap:anywhere}
.wide{overflow-x:auto}table{border-collapse:collapse;font-variant-numeric:tabular-nums;width:100%}
th,td{padding:.3rem .6rem;text-align:right;border-bottom:1px solid #8884;white-space:nowrap}
th{font-weight:600;opacity:.75}.name{text-align:left;white-space:normal;overflow-wrap:anywhere;min-width:8rem}
figure{margin:1.5rem 0}figcaption{font-weight:600;margin-bottom:.4rem}
.key{font-weight:400;margin-left:.8rem;font-size:.85rem}.colour{display:inline-block;width:.7rem;height:.7rem;margin-right:.3rem}
svg{width:100%;max-width:60rem;font-size:13px}svg text{fill:currentColor;dominant-baseline:central}
footer{margin:2.5rem 0 1rem;opacity:.6;font-size:.85rem}
";

/// The page.
pub(super) fn page(session: &SessionMetrics, files: usize) -> String {
    let name = show::name(&session.session_id);
    let title = if name.is_empty() { "Session".to_owned() } else { format!("Session {name}") };
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="viewport" content="width=device-width,initial-scale=1";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                h1 { (title) }
                dl {
                    @for (name, text) in head(session, files) { dt { (name) } dd { (text) } }
                }
                @for chart in charts(session) { (chart.draw()) }
                @for of in tables(session) { (table(&of)) }
                footer { "Made by flowspan. Durations are of work that came to an end; a dash is what nobody said." }
            }
        }
    };
    page.into_string()
}

fn table(table: &Table) -> Markup {
    let class = |column: usize| if column < table.names { "name" } else { "" };
    html! {
        h2 { (table.title) }
        div.wide {
            table {
                thead { tr {
                    @for (column, name) in table.head.iter().enumerate() { th.(class(column)) scope="col" { (name) } }
                } }
                tbody {
                    @for row in &table.rows { tr {
                        @for (column, cell) in row.iter().enumerate() { td.(class(column)) { (cell) } }
                    } }
                }
            }
        }
    }
}

fn charts(session: &SessionMetrics) -> Vec<Chart> {
    let works = |title, works: Vec<(&String, &Work)>| Chart {
        title,
        legend: OUTCOMES,
        bars: works.into_iter().map(|(name, work)| outcomes(name, work)).collect(),
    };
    vec![
        Chart { title: "Time of phases", legend: TIME, bars: times(session) },
        Chart { title: "Tokens of models", legend: TOKENS, bars: tokens(session) },
        works("Agents", session.agents.iter().map(|(name, agent)| (name, &agent.work)).collect()),
        works("Tools", session.tools.iter().collect()),
    ]
}

#[expect(clippy::cast_precision_loss, reason = "a bar is as long as its pixels")]
fn outcomes(name: &str, work: &Work) -> Bar {
    let parts = [work.success, work.failed, work.timeout, work.cancelled].map(|number| number as f64);
    let average = show::known_duration(work.duration.average());
    let text = format!("{}, ø {average}", show::number(work.executions));
    Bar { name: show::name(name), parts: parts.to_vec(), text }
}

fn times(session: &SessionMetrics) -> Vec<Bar> {
    let phases = session.phases.iter().map(|(name, phase)| {
        let total = phase.work.duration.total;
        Bar { name: show::name(name), parts: vec![total.as_secs_f64()], text: show::duration(total) }
    });
    phases.collect()
}

#[expect(clippy::cast_precision_loss, reason = "a bar is as long as its pixels")]
fn tokens(session: &SessionMetrics) -> Vec<Bar> {
    let models = session.model_calls.by_model().into_iter().map(|([_, model], calls)| {
        let tokens = &calls.tokens;
        let cached = tokens.cache_read.min(tokens.prompt);
        // Files of other systems may know the sum alone.
        let rest = tokens.total.saturating_sub(tokens.prompt.saturating_add(tokens.completion));
        let parts = [cached, tokens.prompt - cached, tokens.completion, rest].map(|number| number as f64);
        let name = model.map_or_else(|| show::NOTHING.to_owned(), show::name);
        Bar { name, parts: parts.to_vec(), text: show::number(tokens.total) }
    });
    models.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::tests::session;

    #[test]
    fn the_page_has_charts_and_tables_and_asks_for_nothing() {
        let page = page(&session(), 1);
        assert_eq!(page.matches("<svg").count(), 4, "{page}");
        assert_eq!(page.matches("<table").count(), 8, "{page}");
        for request in ["http:", "https:", "//", "<script", "<link", "src=", "url(", "@import"] {
            let escaped = page.replace("&lt;img src=x", "");
            assert!(!escaped.contains(request), "{request} in {page}");
        }
    }

    #[test]
    fn no_text_of_a_session_becomes_markup() {
        let page = page(&session(), 1);
        assert!(page.contains("&lt;script&gt;alert('id')&lt;/script&gt;"), "{page}");
        assert!(page.contains("plan &amp; &quot;do&quot;"));
        assert!(!page.contains("<img") && !page.contains('\u{1b}') && !page.contains('\u{202e}'));
    }

    #[test]
    fn an_empty_session_has_a_page_without_charts() {
        let page = page(&SessionMetrics::new(""), 1);
        assert!(page.contains("<h1>Session</h1>") && !page.contains("<svg") && !page.contains("<table"));
    }
}
