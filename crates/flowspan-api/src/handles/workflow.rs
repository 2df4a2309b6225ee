//! Workflows, their phases and their steps.

use flowspan_model::Field;
use tracing::{field::Empty, info_span};

use super::kind;
use crate::Handle;

/// One run of a workflow: the outermost piece of work.
///
/// A workflow may run inside another one. Everything inside carries its name.
///
/// ```
/// # use flowspan_api::Workflow;
/// # async fn run() -> Result<(), std::io::Error> {
/// Workflow::new("nightly-audit").run_id("2026-11-21").run(async { Ok(()) }).await
/// # }
/// ```
pub type Workflow = Handle<kind::Workflow>;

impl Workflow {
    /// A run of the workflow of this name. The name becomes a label: keep it to a small set.
    #[inline]
    pub fn new(name: &str) -> Self {
        Handle::from_span(info_span!(
            target: "flowspan",
            "workflow",
            flowspan.status = Empty,
            gen_ai.operation.name = "invoke_workflow",
            gen_ai.workflow.name = name,
            flowspan.run.id = Empty,
            gen_ai.conversation.id = Empty,
            "error.type" = Empty,
            otel.status_code = Empty,
            otel.status_description = Empty,
        ))
    }

    /// Sets your identifier of this run. It stands on spans and events, never on a label.
    #[inline]
    #[must_use]
    pub fn run_id(self, id: &str) -> Self {
        self.record(Field::RunId, id)
    }

    /// Sets the conversation to which the work belongs, if you or the provider have an identifier of it.
    /// Do not make one up: what differs for each run says nothing.
    #[inline]
    #[must_use]
    pub fn conversation_id(self, id: &str) -> Self {
        self.record(Field::ConversationId, id)
    }
}

/// A phase of a workflow, such as plan, map or report.
pub type Phase = Handle<kind::Phase>;

impl Phase {
    /// The phase of this name. The name becomes a label: keep it to a small set.
    #[inline]
    pub fn new(name: &str) -> Self {
        Handle::from_span(info_span!(
            target: "flowspan",
            "phase",
            flowspan.status = Empty,
            flowspan.phase.name = name,
            "error.type" = Empty,
            otel.status_code = Empty,
            otel.status_description = Empty,
        ))
    }
}

/// A step of a workflow.
///
/// ```
/// # use flowspan_api::Step;
/// # async fn run() -> Result<(), std::io::Error> {
/// Step::shell("clone").index(0).run(async { Ok(()) }).await
/// # }
/// ```
pub type Step = Handle<kind::Step>;

impl Step {
    /// A step of a type of your own. Type and name become labels: keep them to small sets.
    #[inline]
    pub fn new(step_type: &str, name: &str) -> Self {
        Handle::from_span(info_span!(
            target: "flowspan",
            "step",
            flowspan.status = Empty,
            flowspan.step.index = Empty,
            flowspan.attempt = Empty,
            flowspan.step.name = name,
            flowspan.step.type = step_type,
            "error.type" = Empty,
            otel.status_code = Empty,
            otel.status_description = Empty,
        ))
    }

    /// A step that runs a command.
    #[inline]
    pub fn shell(name: &str) -> Self {
        Step::new("shell", name)
    }

    /// A step that runs the Claude command line.
    #[inline]
    pub fn claude(name: &str) -> Self {
        Step::new("claude", name)
    }

    /// A step that repeats until a goal is reached.
    #[inline]
    pub fn goal_seek(name: &str) -> Self {
        Step::new("goal_seek", name)
    }

    /// A step that does the same for each of several things.
    #[inline]
    pub fn foreach(name: &str) -> Self {
        Step::new("foreach", name)
    }

    /// A step that hands the work to an agent.
    #[inline]
    pub fn agent(name: &str) -> Self {
        Step::new("agent", name)
    }

    /// A step that calls a tool.
    #[inline]
    pub fn tool(name: &str) -> Self {
        Step::new("tool", name)
    }

    /// Sets the position in the workflow, from 0.
    #[inline]
    #[must_use]
    pub fn index(self, index: u32) -> Self {
        self.record(Field::StepIndex, i64::from(index))
    }

    /// Sets which attempt at the step this is, from 1.
    #[inline]
    #[must_use]
    pub fn attempt(self, attempt: u32) -> Self {
        self.record(Field::Attempt, i64::from(attempt))
    }
}
