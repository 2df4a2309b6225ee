//! Queries with the names of the catalog in them.

use flowspan_model::{
    Field,
    catalog::{self, Instrument, Metric, Naming},
};

use crate::alerting::RECORDINGS;

/// Labels of the catalog that queries name by what they mean.
const LABELS: [(&str, Field); 1] = [("job", Field::Job)];
/// Labels that Prometheus itself puts on what it scrapes; a metric's own label of that name is renamed.
const OF_THE_TARGET: [&str; 2] = ["job", "instance"];
/// The parts of a histogram, as series.
const PARTS: [&str; 3] = ["bucket", "sum", "count"];

/// What stands before the names of the metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Namespace<'a> {
    /// The dashboard's variable `namespace`.
    Variable,
    /// This one; the empty one is none at all.
    Fixed(&'a str),
}

impl Namespace<'_> {
    fn prefix(self) -> String {
        match self {
            Namespace::Variable => "${namespace}_".to_owned(),
            Namespace::Fixed("") => String::new(),
            Namespace::Fixed(name) => format!("{}_", name.replace('.', "_")),
        }
    }

    fn recorded(self) -> String {
        match self {
            // A rule cannot do without something before the colon.
            Namespace::Fixed("") => "flowspan".to_owned(),
            Namespace::Fixed(name) => name.replace('.', "_"),
            Namespace::Variable => "${namespace}".to_owned(),
        }
    }
}

/// Why a query is not one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QueryError {
    /// No row of the catalog has this name.
    #[error("`{name}` is no metric of the catalog, in `{query}`")]
    UnknownMetric {
        /// The name.
        name: String,
        /// The query.
        query: String,
    },
    /// A histogram has no series of its own name, and other metrics have no parts.
    #[error(
        "`{name}` must name a part of a histogram, and only of one: `:bucket`, `:sum` or `:count`, in `{query}`"
    )]
    Part {
        /// The name with its part.
        name: String,
        /// The query.
        query: String,
    },
    /// No recording rule has this name.
    #[error("`{name}` is no recording rule, in `{query}`")]
    UnknownRule {
        /// The name.
        name: String,
        /// The query.
        query: String,
    },
    /// An angle bracket or a macro without its end.
    #[error("`{query}` ends in the middle of a name or a macro")]
    Unfinished {
        /// The query.
        query: String,
    },
}

/// The query with the names of Prometheus under this namespace.
///
/// - `<step.executions>` is a counter or gauge, `<step.duration:bucket>` a part of a histogram, `<job>` a
///   label that Prometheus may have to rename, `<:tokens:rate10m>` a recording rule.
/// - `sum(%grown(SELECTOR, RANGE))` is how much counters have grown. PromQL's `increase` leaves out what a
///   series began with, and a program that runs one workflow and ends has nothing else. What a series has
///   grown by and what it began with come apart, so there is always a sum around it.
///
/// # Errors
///
/// [`QueryError`] if something in it does not exist.
pub fn expand(query: &str, namespace: Namespace<'_>) -> Result<String, QueryError> {
    let query = grown(query)?;
    let mut text = String::new();
    for piece in Pieces::of(&query) {
        match piece? {
            Piece::Text(part) => text += part,
            Piece::Name(name) => text += &resolve(name, &query, namespace)?,
        }
    }
    Ok(text)
}

/// The metrics of the catalog that a query names. Names of rules stand for the metrics behind them.
///
/// # Errors
///
/// As [`expand`].
pub fn metrics_in(query: &str) -> Result<Vec<&'static Metric>, QueryError> {
    let mut metrics = Vec::new();
    for piece in Pieces::of(query) {
        let Piece::Name(name) = piece? else { continue };
        if let Some(rule) = name.strip_prefix(':') {
            if let Some(recording) = RECORDINGS.iter().find(|recording| recording.name == rule) {
                metrics.extend(metrics_in(recording.query)?);
            }
        } else {
            metrics.extend(catalog::metric(name.split(':').next().unwrap_or(name)));
        }
    }
    Ok(metrics)
}

fn resolve(name: &str, query: &str, namespace: Namespace<'_>) -> Result<String, QueryError> {
    let (query, unknown) = (query.to_owned(), name.to_owned());
    if let Some((_, field)) = LABELS.iter().find(|(label, _)| *label == name) {
        return label(*field).ok_or(QueryError::UnknownMetric { name: unknown, query });
    }
    if let Some(rule) = name.strip_prefix(':') {
        return if RECORDINGS.iter().any(|recording| recording.name == rule) {
            Ok(format!("{}:{rule}", namespace.recorded()))
        } else {
            Err(QueryError::UnknownRule { name: unknown, query })
        };
    }
    let (metric, part) = name.split_once(':').map_or((name, None), |(metric, part)| (metric, Some(part)));
    let Some((series, instrument)) = series(metric, namespace) else {
        return Err(QueryError::UnknownMetric { name: unknown, query });
    };
    match (instrument, part) {
        (Instrument::Histogram, Some(part)) if PARTS.contains(&part) => Ok(format!("{series}_{part}")),
        (Instrument::Histogram, _) | (_, Some(_)) => Err(QueryError::Part { name: unknown, query }),
        (_, None) => Ok(series),
    }
}

/// The name of a metric's series, and what it is.
fn series(name: &str, namespace: Namespace<'_>) -> Option<(String, Instrument)> {
    let metric = catalog::metric(name)?;
    let bare = metric.prometheus_name("");
    let series = match metric.naming {
        Naming::Namespaced => namespace.prefix() + &bare,
        Naming::Standard => bare,
    };
    Some((series, metric.instrument))
}

/// What the label of this field is called on a series that Prometheus scraped.
fn label(field: Field) -> Option<String> {
    let mut labels = catalog::METRICS.iter().flat_map(|metric| metric.labels);
    let name = labels.find(|label| label.from.first() == Some(&field))?.name.replace('.', "_");
    Some(if OF_THE_TARGET.contains(&&*name) { format!("exported_{name}") } else { name })
}

/// Puts `%grown(SELECTOR, RANGE)` into words: what a series has grown by, and what it began with if it was
/// not there when the range began.
fn grown(query: &str) -> Result<String, QueryError> {
    const MACRO: &str = "%grown(";
    let Some((before, rest)) = query.split_once(MACRO) else { return Ok(query.to_owned()) };
    let unfinished = || QueryError::Unfinished { query: query.to_owned() };
    let end = closing(rest).ok_or_else(unfinished)?;
    let (selector, range) = rest[..end].rsplit_once(',').ok_or_else(unfinished)?;
    let (selector, range) = (selector.trim(), range.trim());
    let old = format!("increase({selector}[{range}])");
    let new = format!("min_over_time({selector}[{range}]) unless {selector} offset {range}");
    let after = grown(&rest[end + 1..])?;
    // The label keeps both parts of a series apart until they are added up, so each is read only once.
    Ok(format!(r#"{before}({old} or label_replace({new}, "grown", "begun", "", "")){after}"#))
}

/// Where the bracket that was opened before this text closes.
fn closing(text: &str) -> Option<usize> {
    let (mut depth, mut is_quoted) = (0_u32, false);
    for (at, character) in text.char_indices() {
        match character {
            '"' => is_quoted = !is_quoted,
            '(' if !is_quoted => depth += 1,
            ')' if !is_quoted && depth == 0 => return Some(at),
            ')' if !is_quoted => depth -= 1,
            _ => {}
        }
    }
    None
}

enum Piece<'a> {
    Text(&'a str),
    Name(&'a str),
}

/// A query, cut where names begin and end.
struct Pieces<'a> {
    whole: &'a str,
    rest: &'a str,
}

impl<'a> Pieces<'a> {
    fn of(whole: &'a str) -> Self {
        Self { whole, rest: whole }
    }
}

impl<'a> Iterator for Pieces<'a> {
    type Item = Result<Piece<'a>, QueryError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let begin = begin(self.rest);
        if begin > 0 {
            let (text, rest) = self.rest.split_at(begin);
            self.rest = rest;
            return Some(Ok(Piece::Text(text)));
        }
        let inner = &self.rest[1..];
        let Some((name, rest)) = inner.split_once('>') else {
            self.rest = "";
            return Some(Err(QueryError::Unfinished { query: self.whole.to_owned() }));
        };
        self.rest = rest;
        Some(Ok(Piece::Name(name)))
    }
}

/// Where the next name begins; a comparison has a blank or an equals sign after its bracket.
fn begin(text: &str) -> usize {
    let is_name = |at: usize| {
        text[at + 1..].chars().next().is_some_and(|next| next.is_ascii_lowercase() || next == ':')
    };
    text.match_indices('<').map(|(at, _)| at).find(|at| is_name(*at)).unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flowspan(query: &str) -> Result<String, QueryError> {
        expand(query, Namespace::Fixed("flowspan"))
    }

    #[test]
    fn names_follow_the_namespace_and_those_of_conventions_do_not() {
        for (namespace, expected) in [
            (Namespace::Fixed("a.b"), "a_b_workflow_active + process_memory_usage_bytes"),
            (Namespace::Fixed(""), "workflow_active + process_memory_usage_bytes"),
            (Namespace::Variable, "${namespace}_workflow_active + process_memory_usage_bytes"),
        ] {
            assert_eq!(
                expand("<workflow.active> + <process.memory.usage>", namespace).as_deref(),
                Ok(expected)
            );
        }
    }

    #[test]
    fn what_does_not_exist_is_an_error() {
        assert!(matches!(flowspan("sum(<step.exceptions>)"), Err(QueryError::UnknownMetric { .. })));
        assert!(matches!(flowspan("<:nothing:rate1h>"), Err(QueryError::UnknownRule { .. })));
        assert!(matches!(flowspan("<step.duration>"), Err(QueryError::Part { .. })));
        assert!(matches!(flowspan("<step.executions:sum>"), Err(QueryError::Part { .. })));
        assert!(matches!(flowspan("%grown(<step.executions>"), Err(QueryError::Unfinished { .. })));
    }

    #[test]
    fn a_comparison_is_no_name() {
        assert_eq!(flowspan("1 < 2 and 1 <= 2").as_deref(), Ok("1 < 2 and 1 <= 2"));
    }

    #[test]
    fn growth_is_added_up_in_every_query() {
        let boards = crate::boards(flowspan_model::Semconv::Both);
        let panels = boards.into_iter().flat_map(|board| board.rows).flat_map(|row| row.panels);
        let queries = panels.flat_map(|panel| panel.queries).map(|query| query.text);
        let alerts = crate::ALERTS.iter().map(|alert| alert.query);
        let recordings = RECORDINGS.iter().map(|recording| recording.query);
        for query in queries.chain(alerts).chain(recordings) {
            for (at, _) in query.match_indices("%grown(") {
                let before = query[..at].trim_end_matches('(').trim_end();
                let labels = before.strip_suffix(')').and_then(|before| before.rsplit_once(" by ("));
                assert!(labels.map_or(before, |(sum, _)| sum).ends_with("sum"), "{query}");
            }
        }
    }

    #[test]
    fn growth_counts_what_a_series_began_with() {
        let query = flowspan(r#"sum(%grown(<step.retries>{step_type=~"(a|b)"}, 5m))"#).expect("a query");
        let series = r#"flowspan_step_retries_total{step_type=~"(a|b)"}"#;
        let old = format!("increase({series}[5m])");
        let new = format!("min_over_time({series}[5m]) unless {series} offset 5m");
        assert_eq!(query, format!(r#"sum(({old} or label_replace({new}, "grown", "begun", "", "")))"#));
    }
}
