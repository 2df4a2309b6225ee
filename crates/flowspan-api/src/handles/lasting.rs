//! What lasts: sessions, worktrees, waits for a person.

use flowspan_model::Field;
use tracing::{Level, event, field::Empty, info_span};

use super::kind;
use crate::Handle;

/// A session with a model or an agent: several calls that belong together.
///
/// ```
/// # use flowspan_api::Session;
/// # async fn talk() -> Result<(), std::io::Error> { Ok(()) }
/// # async fn run() -> Result<(), std::io::Error> {
/// Session::new("anthropic").id("s-17").run(talk()).await
/// # }
/// ```
pub type Session = Handle<kind::Session>;

impl Session {
    /// A session with this provider, as the GenAI conventions name it: `openai`, `anthropic`, …
    pub fn new(provider: &str) -> Self {
        Handle::from_span(info_span!(
            target: "flowspan",
            "session",
            flowspan.status = Empty,
            gen_ai.provider.name = provider,
            gen_ai.request.model = Empty,
            session.id = Empty,
            "error.type" = Empty,
            otel.status_code = Empty,
            otel.status_description = Empty,
        ))
    }

    /// Sets the model of the session.
    #[must_use]
    pub fn model(self, model: &str) -> Self {
        self.record(Field::RequestModel, model)
    }

    /// Sets the identifier of the session. It stands on spans and events, never on a label.
    #[must_use]
    pub fn id(self, id: &str) -> Self {
        self.record(Field::SessionId, id)
    }
}

/// The life of a worktree, from its creation until it is cleaned away.
///
/// Usually [held](Handle::hold): it is counted for as long as the guard is there.
///
/// ```
/// use flowspan_api::Worktree;
///
/// let worktree = Worktree::new("agent-7").branch("fix/7").hold();
/// worktree.handle().merged("main");
/// worktree.end();
/// ```
pub type Worktree = Handle<kind::Worktree>;

impl Worktree {
    /// The worktree of this name. The name stands on the span, never on a label.
    pub fn new(name: &str) -> Self {
        Handle::from_span(info_span!(
            target: "flowspan",
            "worktree",
            flowspan.status = Empty,
            flowspan.worktree.name = name,
            flowspan.worktree.branch = Empty,
            "error.type" = Empty,
            otel.status_code = Empty,
            otel.status_description = Empty,
        ))
    }

    /// Sets the branch of the worktree.
    #[must_use]
    pub fn branch(self, branch: &str) -> Self {
        self.record(Field::WorktreeBranch, branch)
    }

    /// Says that the work in it was merged into a branch.
    pub fn merged(&self, into: &str) {
        event!(
            name: "worktree_merged",
            target: "flowspan", parent: self.span(), Level::INFO,
            flowspan.worktree.branch = into,
            "worktree merged"
        );
    }
}

/// A wait for a person, from being blocked until going on.
///
/// It is measured apart from the work around it, whose own duration goes on.
///
/// ```
/// # use flowspan_api::Blocked;
/// # async fn answer() -> bool { true }
/// # async fn run() {
/// let approved = Blocked::on("approval of the plan").watch(answer()).await;
/// # }
/// ```
pub type Blocked = Handle<kind::Blocked>;

impl Blocked {
    /// A wait, with what is waited for in a few words. They stand on the span, never on a label.
    pub fn on(reason: &str) -> Self {
        Handle::from_span(info_span!(
            target: "flowspan",
            "blocked",
            flowspan.status = Empty,
            flowspan.reason = reason,
            "error.type" = Empty,
            otel.status_code = Empty,
            otel.status_description = Empty,
        ))
    }
}
