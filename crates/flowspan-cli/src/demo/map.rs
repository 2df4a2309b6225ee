//! The map side: every file is an item, several at once.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use flowspan::model::Status;
use flowspan::{MapItem, MapReduce, Queue, Step, Verdict, Waiting, Worktree, event};
use futures_util::{StreamExt, stream};
use thiserror::Error;

use super::agent::{self, AgentError, Task};
use super::context::{AGENT_ATTEMPTS, CHECKPOINT_EVERY, Context};
use crate::audit::checkpoint::{Checkpoint, CheckpointError};
use crate::audit::merge::{DeadLetter, FileResult};
use crate::audit::plan::Plan;
use crate::fingerprint;
use crate::output::chain;

/// Why there is no result for a file.
#[derive(Debug, Error)]
pub(super) enum ItemError {
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

/// The results of the map side.
#[derive(Debug, Default)]
pub(super) struct Mapped {
    pub(super) results: Vec<FileResult>,
    pub(super) dead_letters: Vec<DeadLetter>,
}

/// Works on all files, and writes a checkpoint now and then and at the end.
pub(super) async fn map(
    context: &Context,
    job: &MapReduce,
    plan: &Plan,
    mut checkpoint: Checkpoint,
) -> Result<Mapped, CheckpointError> {
    let earlier = checkpoint.clone();
    context.worktrees.open();
    let waiting = Queue::new("files").wait_many(plan.files.len());
    let items = plan
        .files
        .iter()
        .zip(waiting)
        .map(|(file, waiting)| item(context, job, plan, &earlier, Turn { file, waiting }));
    let mut outcomes = stream::iter(items).buffer_unordered(context.concurrency);
    let mut mapped = Mapped::default();
    let mut unsaved = 0;
    let mut unsaved_and_new = 0;
    let mut first_letter = None;
    while let Some(outcome) = outcomes.next().await {
        context.progress.advance();
        match outcome {
            Ok(result) => {
                unsaved_and_new += u64::from(checkpoint.finish(result.clone()));
                mapped.results.push(result);
                unsaved += 1;
            }
            Err(letter) => {
                first_letter.get_or_insert_with(Instant::now);
                mapped.dead_letters.push(letter);
            }
        }
        if unsaved == CHECKPOINT_EVERY {
            save(context, &checkpoint, std::mem::take(&mut unsaved_and_new)).await?;
            unsaved = 0;
        }
    }
    save(context, &checkpoint, unsaved_and_new).await?;
    event::dead_letter_age(first_letter.map_or(Duration::ZERO, |since: Instant| since.elapsed()));
    Ok(mapped)
}

/// Writes a checkpoint with so many new results, away from the threads that serve the agents.
pub(super) async fn save(
    context: &Context,
    checkpoint: &Checkpoint,
    new_results: u64,
) -> Result<(), CheckpointError> {
    let (path, state) = (context.checkpoint.clone(), checkpoint.clone());
    let written = tokio::task::spawn_blocking(move || state.save(&path)).await;
    match written {
        Ok(outcome) => outcome.inspect_err(failed)?,
        Err(panic) => std::panic::resume_unwind(panic.into_panic()),
    }
    event::checkpoint_created("audit");
    if new_results > 0 {
        event::storage_written("checkpoint", new_results);
    }
    Ok(())
}

/// Says that a checkpoint could not be written or read.
pub(super) fn failed(error: &CheckpointError) {
    event::checkpoint_failed("audit", &chain(error));
}

/// A file whose turn has come when somebody begins with it.
struct Turn<'a> {
    file: &'a Path,
    waiting: Waiting,
}

async fn item(
    context: &Context,
    job: &MapReduce,
    plan: &Plan,
    earlier: &Checkpoint,
    Turn { file, waiting }: Turn<'_>,
) -> Result<FileResult, DeadLetter> {
    let name = file.to_string_lossy();
    let item = job.item(&name);
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
