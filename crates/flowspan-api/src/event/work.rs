//! What the work itself goes through.

use std::time::Duration;

use tracing::{Level, event};

/// Another attempt at the same work begins after `delay`.
///
/// `attempt` counts from 1, so the first retry is attempt 2. `reason` stays on the span.
pub fn retry(attempt: u32, delay: Duration, reason: &str) {
    event!(
        name: "retry",
        target: "flowspan", Level::INFO,
        flowspan.attempt = i64::from(attempt),
        flowspan.retry.delay = delay.as_secs_f64(),
        flowspan.reason = reason,
        "retrying"
    );
}

/// An on-failure handler ran; `recovered` says whether the work goes on.
pub fn recovery(recovered: Recovered) {
    event!(name: "recovery", target: "flowspan", Level::INFO, flowspan.recovery.outcome = recovered.as_str(), "recovering");
}

/// What an on-failure handler achieved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recovered {
    /// The work goes on.
    Yes,
    /// The work fails all the same.
    No,
}

impl Recovered {
    const fn as_str(self) -> &'static str {
        match self {
            Recovered::Yes => "success",
            Recovered::No => "failed",
        }
    }
}

/// A result was checked.
pub fn validation(result: Validation) {
    event!(name: "validation", target: "flowspan", Level::INFO, flowspan.validation.result = result.as_str(), "validated");
}

/// The outcome of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Validation {
    /// The result is good.
    Passed,
    /// The result is not good.
    Failed,
}

impl Validation {
    const fn as_str(self) -> &'static str {
        match self {
            Validation::Passed => "passed",
            Validation::Failed => "failed",
        }
    }
}

/// The program goes over to another phase that is no span of its own.
///
/// A [`Phase`](crate::Phase) says by itself that it was entered; this is for programs whose phases are
/// states rather than pieces of code. Both names come from a small set.
pub fn phase_transition(from: &str, to: &str) {
    event!(
        name: "phase_transition",
        target: "flowspan", Level::INFO,
        flowspan.phase.name = to,
        flowspan.phase.from = from,
        "going over to another phase"
    );
}

/// The current phase tries to repair its own result, or that attempt came to an end.
///
/// Say [`Progress::Triggered`] when it begins, and one of the others when it is over.
pub fn heal(progress: Progress) {
    event!(name: "heal", target: "flowspan", Level::INFO, flowspan.heal.outcome = progress.as_str(), "healing");
}

/// The current phase searches for the change that broke it, or that search came to an end.
///
/// Say [`Progress::Triggered`] when it begins, and one of the others when it is over.
pub fn bisect(progress: Progress) {
    event!(
        name: "bisect",
        target: "flowspan", Level::INFO,
        flowspan.bisect.outcome = progress.as_str(),
        "bisecting"
    );
}

/// How far something came that a phase does to help itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// It begins.
    Triggered,
    /// It helped.
    Succeeded,
    /// It did not help.
    Failed,
}

impl Progress {
    const fn as_str(self) -> &'static str {
        match self {
            Progress::Triggered => "triggered",
            Progress::Succeeded => "succeeded",
            Progress::Failed => "failed",
        }
    }
}

/// The current agent hands the work over to another one.
///
/// The other one's name becomes a label: keep it to a small set. `reason` stays on the span.
pub fn handoff(to: &str, reason: &str) {
    event!(
        name: "handoff",
        target: "flowspan", Level::INFO,
        flowspan.handoff.target = to,
        flowspan.reason = reason,
        "handing over"
    );
}

/// A result was rated.
///
/// ```
/// use flowspan_api::event::{self, Evaluation};
///
/// event::evaluation(Evaluation::of("relevance").score(0.8).label("relevant"));
/// ```
pub fn evaluation(evaluation: Evaluation<'_>) {
    event!(
        name: "evaluation",
        target: "flowspan", Level::INFO,
        gen_ai.evaluation.name = evaluation.name,
        gen_ai.evaluation.score.value = evaluation.score,
        gen_ai.evaluation.score.label = evaluation.label,
        gen_ai.evaluation.explanation = evaluation.explanation,
        "evaluated"
    );
}

/// A rating by one measure. What is not said is unknown.
#[derive(Clone, Copy, Debug, PartialEq)]
#[must_use = "a rating is heard when it is given to `event::evaluation`"]
pub struct Evaluation<'text> {
    name: &'text str,
    score: Option<f64>,
    label: Option<&'text str>,
    explanation: Option<&'text str>,
}

impl<'text> Evaluation<'text> {
    /// A rating by the measure of this name. The name becomes a label: keep it to a small set.
    pub const fn of(name: &'text str) -> Self {
        Evaluation { name, score: None, label: None, explanation: None }
    }

    /// Sets the rating as a number. The default buckets go from 0 to 1.
    pub const fn score(mut self, score: f64) -> Self {
        self.score = Some(score);
        self
    }

    /// Sets the rating as a word, such as `pass`. It becomes a label: keep it to a small set.
    pub const fn label(mut self, label: &'text str) -> Self {
        self.label = Some(label);
        self
    }

    /// Sets why the rating is what it is. It stays on the span.
    pub const fn explanation(mut self, explanation: &'text str) -> Self {
        self.explanation = Some(explanation);
        self
    }
}
