//! One item of the map side: a file that agents work on.

use std::path::{Path, PathBuf};

use flowspan::model::Status;
use flowspan::{MapItem, MapReduce, Step, Verdict, Waiting, Worktree, event};
use thiserror::Error;

use super::agent::{self, AgentError, Task};
use super::context::{AGENT_ATTEMPTS, Context};
use crate::audit::checkpoint::Checkpoint;
use crate::audit::merge::{DeadLetter, FileResult};
use crate::audit::plan::Plan;
use crate::fingerprint;
use crate::output::chain;

/// Why there is no result for a file.
#[derive(Debug, Error)]
enum ItemError {
    /// It cannot be read.
    #[error("the file cannot be read")]
    Read(#[source] std::io::Error),
    /// It is no UTF-8.
    #[error("the file is not UTF-8 (first invalid byte at {0}); convert it, for example with iconv")]
    NotUtf8(usize),
    /// There is no room for a copy.
    #[error("the file cannot be copied for the agents; make room in the temporary directory")]
    Worktree(#[source] std::io::Error),
    /// The agents gave up.
    #[error("no result after {attempts} attempts")]
    Agent {
        /// How many agents tried.
        attempts: u32,
        /// What the last of them says.
        #[source]
        source: AgentError,
    },
}

impl ItemError {
    fn verdict(&self) -> Verdict {
        let kind = match self {
            Self::Read(_) => "unreadable",
            Self::NotUtf8(_) => "not_utf8",
            Self::Worktree(_) => "no_worktree",
            Self::Agent { source, .. } => source.kind(),
        };
        Verdict::ended(Status::Failed).error_type(kind).message(chain(self))
    }
}

/// A file whose turn has come when somebody begins with it.
pub(super) struct Turn<'a> {
    pub(super) file: &'a Path,
    /// Which attempt at the file it is, from 1.
    pub(super) attempt: u32,
    pub(super) waiting: Waiting,
}

/// Works on one file.
pub(super) async fn item(
    context: &Context,
    job: &MapReduce,
    plan: &Plan,
    earlier: &Checkpoint,
    Turn { file, attempt, waiting }: Turn<'_>,
) -> Result<FileResult, DeadLetter> {
    let name = file.to_string_lossy();
    let item = job.item(&name).attempt(attempt);
    let begun = async {
        drop(waiting);
        work(context, &item, earlier, file, plan.absolute(file)).await
    };
    let outcome = item
        .clone()
        .judge(begun, |outcome: &Result<_, ItemError>| match outcome {
            Ok(_) => Verdict::success(),
            Err(error) => error.verdict(),
        })
        .await;
    outcome.map_err(|error| DeadLetter { path: file.to_owned(), reason: chain(&error) })
}

async fn work(
    context: &Context,
    item: &MapItem,
    earlier: &Checkpoint,
    file: &Path,
    absolute: PathBuf,
) -> Result<FileResult, ItemError> {
    let outcome = async {
        let bytes = tokio::fs::read(&absolute).await.map_err(ItemError::Read)?;
        let text =
            String::from_utf8(bytes).map_err(|error| ItemError::NotUtf8(error.utf8_error().valid_up_to()))?;
        let fingerprint = fingerprint::of_text(&text);
        if let Some(result) = earlier.finished(file, fingerprint) {
            event::cache_hit("results");
            return Ok(result.clone());
        }
        event::cache_miss("results");
        let place = context.worktrees.take(&text).await.map_err(ItemError::Worktree)?;
        let worktree = Worktree::new(&place.name()).hold();
        let task = Task { name: &file.to_string_lossy(), file: place.copy(), text: &text };
        let assessment = attempts(context, task).await;
        worktree.end();
        Ok(FileResult { path: file.to_owned(), fingerprint, assessment: assessment? })
    }
    .await;
    if let Err(error) = &outcome {
        let reason = chain(error);
        tracing::warn!(file = %file.display(), reason, "a file goes to the dead-letter queue");
        item.dead_letter(&reason);
    }
    outcome
}

/// Sends agents to a file until one comes back with a result.
async fn attempts(context: &Context, task: Task<'_>) -> Result<crate::findings::Assessment, ItemError> {
    let mut attempt = 1;
    loop {
        let step = Step::agent("audit-file").attempt(attempt);
        let outcome = step
            .judge(agent::audit(&context.model, task, attempt), |outcome: &Result<_, AgentError>| {
                match outcome {
                    Ok(_) => Verdict::success(),
                    Err(error) => error.verdict(),
                }
            })
            .await;
        match outcome {
            Ok(assessment) => return Ok(assessment),
            Err(error) if attempt < AGENT_ATTEMPTS && error.is_retryable() => {
                attempt += 1;
                event::retry(attempt, std::time::Duration::ZERO, error.kind());
            }
            Err(source) => return Err(ItemError::Agent { attempts: attempt, source }),
        }
    }
}
