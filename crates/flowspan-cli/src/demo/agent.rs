//! The agent that audits one file: tools, question, validation, repair.

use std::path::Path;

use flowspan::event::{Recovered, Validation};
use flowspan::model::Status;
use flowspan::{Agent, Session, ToolCall, Verdict, event};
use thiserror::Error;

use super::call::{ask, verdict};
use super::context::Model;
use crate::audit::answer::{InvalidAnswer, validate};
use crate::audit::prompt::{Facts, ask_for_audit, ask_for_repair};
use crate::audit::tools;
use crate::findings::Assessment;
use crate::model_client::CallError;
use crate::output::chain;

/// Why an agent came back without a result.
#[derive(Debug, Error)]
pub(super) enum AgentError {
    /// The model could not be asked.
    #[error("the model gave no answer")]
    Call(#[source] CallError),
    /// The model was asked twice and answered nothing that can be used.
    #[error("the model's answer could not be used, nor could its repair")]
    Answer(#[source] InvalidAnswer),
}

impl AgentError {
    /// Whether another agent may succeed where this one did not.
    pub(super) fn is_retryable(&self) -> bool {
        match self {
            Self::Call(error) => error.is_retryable() || matches!(error, CallError::Timeout { .. }),
            Self::Answer(_) => true,
        }
    }

    /// The class of the error.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Call(error) => error.kind(),
            Self::Answer(_) => "invalid_answer",
        }
    }

    /// How the work that ends with this error ended.
    pub(super) fn verdict(&self) -> Verdict {
        match self {
            Self::Call(error) => verdict(error),
            Self::Answer(_) => Verdict::ended(Status::Failed).error_type(self.kind()).message(chain(self)),
        }
    }
}

/// A file to audit.
#[derive(Clone, Copy, Debug)]
pub(super) struct Task<'a> {
    /// As it is shown.
    pub(super) name: &'a str,
    /// Where the copy is that the tools work on.
    pub(super) file: &'a Path,
    /// What it holds.
    pub(super) text: &'a str,
}

/// Audits one file.
pub(super) async fn audit(model: &Model, task: Task<'_>, attempt: u32) -> Result<Assessment, AgentError> {
    Agent::new("auditor").attempt(attempt).judge(work(model, task), judge).await
}

fn judge(outcome: &Result<Assessment, AgentError>) -> Verdict {
    match outcome {
        Ok(_) => Verdict::success(),
        Err(error) => error.verdict(),
    }
}

async fn work(model: &Model, task: Task<'_>) -> Result<Assessment, AgentError> {
    // What a tool cannot tell, the model can do without; the failure is on the tool's span.
    let facts = Facts {
        lines: ToolCall::new("wc").run(tools::count_lines(task.file)).await.ok(),
        open_tasks: ToolCall::new("grep").run(tools::count_open_tasks(task.file)).await.ok(),
    };
    // The question and, if need be, the repair of its answer: one conversation.
    Session::new(model.provider).model(&model.name).judge(talk(model, task, facts), judge).await
}

async fn talk(model: &Model, task: Task<'_>, facts: Facts) -> Result<Assessment, AgentError> {
    let lines = task.text.lines().count() as u64;
    let conversation = ask_for_audit(task.name, task.text, facts);
    let answer = ask(model, &conversation).await.map_err(AgentError::Call)?;
    match check(&answer, lines) {
        Ok(assessment) => Ok(assessment),
        Err(problem) => {
            let repaired =
                repair(model, ask_for_repair(conversation, &answer, &problem.to_string()), lines).await;
            event::recovery(if repaired.is_ok() { Recovered::Yes } else { Recovered::No });
            repaired
        }
    }
}

async fn repair(
    model: &Model,
    conversation: Vec<crate::chat::Message>,
    lines: u64,
) -> Result<Assessment, AgentError> {
    let answer = ask(model, &conversation).await.map_err(AgentError::Call)?;
    check(&answer, lines).map_err(AgentError::Answer)
}

fn check(answer: &str, lines: u64) -> Result<Assessment, InvalidAnswer> {
    let outcome = validate(answer, lines);
    event::validation(if outcome.is_ok() { Validation::Passed } else { Validation::Failed });
    outcome
}
