//! The tables of a report, for the terminal and the page alike.

use flowspan_session::{ItemMetrics, ModelCalls, PhaseMetrics, SessionMetrics, Work};

use super::show::{NOTHING, bytes, dollars, known_duration, name, number, time};

/// Names on the left, numbers on the right.
pub(super) struct Table {
    pub(super) title: &'static str,
    /// The first so many columns are names.
    pub(super) names: usize,
    pub(super) head: Vec<&'static str>,
    pub(super) rows: Vec<Vec<String>>,
}

const OF_WORK: [&str; 9] =
    ["runs", "success", "failed", "timeout", "cancelled", "total", "average", "shortest", "longest"];
const OF_CALLS: [&str; 8] =
    ["calls", "failed", "prompt", "cached", "completion", "reasoning", "total", "cost"];

/// What the session is, in a few lines: each with its name.
pub(super) fn head(session: &SessionMetrics, files: usize) -> Vec<(&'static str, String)> {
    let calls = session.model_calls.total();
    let items = &session.items;
    let id = if session.session_id.is_empty() { NOTHING.to_owned() } else { name(&session.session_id) };
    let mut lines = vec![
        ("session", if files > 1 { format!("{id} and {} more", files - 1) } else { id }),
        ("from", time(session.started_at)),
        ("to", time(session.updated_at)),
        ("requests", outcomes(&session.requests)),
        (
            "tokens",
            format!("{} in {} model calls", number(calls.tokens.total), number(calls.work.executions)),
        ),
        ("cost", dollars(calls.cost_usd)),
        ("retries", number(session.retries)),
        (
            "cache",
            format!(
                "{:.1} % of {} look-ups found something",
                session.cache.hit_rate() * 100.0,
                number(session.cache.hits.saturating_add(session.cache.misses))
            ),
        ),
        (
            "memory",
            format!("{}, at most {}", bytes(session.memory.used_bytes), bytes(session.memory.peak_bytes)),
        ),
    ];
    if *items != ItemMetrics::default() {
        lines.push((
            "items",
            format!(
                "{}: {} done, {} failed, {} in the dead-letter queue, {} cancelled",
                number(items.planned),
                number(items.success),
                number(items.failed),
                number(items.dlq),
                number(items.cancelled)
            ),
        ));
    }
    if session.bounded > 0 {
        lines.push((
            "bounded",
            format!("{} times a name was one too many or too long", number(session.bounded)),
        ));
    }
    lines
}

fn outcomes(work: &Work) -> String {
    format!(
        "{}: {} success, {} failed, {} timeout, {} cancelled, {} on average",
        number(work.executions),
        number(work.success),
        number(work.failed),
        number(work.timeout),
        number(work.cancelled),
        known_duration(work.duration.average())
    )
}

/// The tables that have a row.
pub(super) fn tables(session: &SessionMetrics) -> Vec<Table> {
    let shown = |text: Option<&str>| text.map_or_else(|| NOTHING.to_owned(), name);
    let calls = |title, head: &[&'static str], rows: Vec<(Vec<String>, ModelCalls)>| Table {
        title,
        names: head.len(),
        head: head.iter().chain(&OF_CALLS).copied().collect(),
        rows: rows
            .into_iter()
            .map(|(key, calls)| key.into_iter().chain(of_calls(&calls)).collect())
            .collect(),
    };
    let by_phase = session.model_calls.by_phase().into_iter();
    let by_model = session.model_calls.by_model().into_iter();
    let of_agents = session
        .agents
        .iter()
        .flat_map(|(agent, metrics)| metrics.tools.iter().map(move |(tool, work)| (vec![agent, tool], work)));
    let tables = [
        works("Phases", &["phase"], session.phases.iter().map(|(name, phase)| (vec![name], &phase.work))),
        trouble_of_phases(session),
        works("Steps", &["step"], session.steps.iter().map(|(name, work)| (vec![name], work))),
        works("Agents", &["agent"], session.agents.iter().map(|(name, agent)| (vec![name], &agent.work))),
        works("Tools", &["tool"], session.tools.iter().map(|(name, work)| (vec![name], work))),
        works("Tools of agents", &["agent", "tool"], of_agents),
        calls(
            "Model calls by phase",
            &["phase"],
            by_phase.map(|(phase, calls)| (vec![shown(phase)], calls)).collect(),
        ),
        calls(
            "Model calls by provider and model",
            &["provider", "model"],
            by_model.map(|(key, calls)| (key.map(shown).to_vec(), calls)).collect(),
        ),
    ];
    tables.into_iter().filter(|table| !table.rows.is_empty()).collect()
}

fn works<'a>(
    title: &'static str,
    head: &[&'static str],
    rows: impl Iterator<Item = (Vec<&'a String>, &'a Work)>,
) -> Table {
    let row = |(key, work): (Vec<&String>, &Work)| {
        key.into_iter().map(|text| name(text)).chain(of_work(work)).collect()
    };
    Table {
        title,
        names: head.len(),
        head: head.iter().chain(&OF_WORK).copied().collect(),
        rows: rows.map(row).collect(),
    }
}

fn trouble_of_phases(session: &SessionMetrics) -> Table {
    let rows = session.phases.iter().map(|(phase, metrics)| {
        let PhaseMetrics { transitions, heals, bisects, .. } = metrics;
        let progress = [heals, bisects].into_iter().flat_map(|of| [of.triggered, of.succeeded, of.failed]);
        [name(phase)].into_iter().chain([*transitions].into_iter().chain(progress).map(number)).collect()
    });
    let head = ["phase", "entered", "heals", "healed", "not healed", "bisects", "found", "not found"];
    Table { title: "How phases went", names: 1, head: head.to_vec(), rows: rows.collect() }
}

fn of_work(work: &Work) -> [String; 9] {
    let duration = &work.duration;
    let total = (duration.measured > 0).then_some(duration.total);
    let durations = [total, duration.average(), duration.minimum, duration.maximum].map(known_duration);
    let counts = [work.executions, work.success, work.failed, work.timeout, work.cancelled].map(number);
    let mut cells = counts.into_iter().chain(durations);
    std::array::from_fn(|_| cells.next().unwrap_or_default())
}

fn of_calls(calls: &ModelCalls) -> [String; 8] {
    let tokens = &calls.tokens;
    [
        number(calls.work.executions),
        number(calls.work.failed.saturating_add(calls.work.timeout)),
        number(tokens.prompt),
        number(tokens.cache_read),
        number(tokens.completion),
        number(tokens.reasoning),
        number(tokens.total),
        dollars(calls.cost_usd),
    ]
}
