//! The map side: every file is an item, several at once.

use std::path::Path;
use std::time::{Duration, Instant};

use flowspan::{MapReduce, Queue, event};
use futures_util::{StreamExt, stream};

use super::context::{CHECKPOINT_EVERY, Context};
use super::item::{Turn, item};
use crate::audit::checkpoint::{Checkpoint, CheckpointError};
use crate::audit::merge::{DeadLetter, FileResult};
use crate::audit::plan::Plan;
use crate::output::chain;

/// The results of the map side.
#[derive(Debug, Default)]
pub(super) struct Mapped {
    pub(super) results: Vec<FileResult>,
    pub(super) dead_letters: Vec<DeadLetter>,
}

/// Works on all files, and on the dead letters again if that is asked for. Writes a checkpoint now and then
/// and at the end.
pub(super) async fn map(
    context: &Context,
    job: &MapReduce,
    plan: &Plan,
    checkpoint: Checkpoint,
) -> Result<Mapped, CheckpointError> {
    context.worktrees.open();
    let earlier = checkpoint.clone();
    let mut map = Map {
        context,
        job,
        plan,
        earlier: &earlier,
        checkpoint,
        unsaved: 0,
        unsaved_and_new: 0,
        results: Vec::new(),
        letters: Vec::new(),
    };
    map.pass(plan.files.iter().map(|file| (file.as_path(), None)).collect(), 1).await?;
    if let Some(pause) = context.retry_dead_letters {
        let mut attempt = 1;
        while !map.letters.is_empty() {
            tracing::warn!(
                letters = map.letters.len(),
                ?pause,
                "dead letters are worked on again after a pause"
            );
            tokio::time::sleep(pause).await;
            attempt += 1;
            let letters = std::mem::take(&mut map.letters);
            let files = letters.iter().map(|(letter, since)| (letter.path.as_path(), Some(*since)));
            map.pass(files.collect(), attempt).await?;
        }
    }
    Ok(Mapped {
        results: map.results,
        dead_letters: map.letters.into_iter().map(|(letter, _)| letter).collect(),
    })
}

/// A file, and since when it is a dead letter if it is one.
type Todo<'a> = (&'a Path, Option<Instant>);

/// How far the map side is.
struct Map<'a> {
    context: &'a Context,
    job: &'a MapReduce,
    plan: &'a Plan,
    /// What an earlier run has finished.
    earlier: &'a Checkpoint,
    checkpoint: Checkpoint,
    unsaved: usize,
    unsaved_and_new: u64,
    results: Vec<FileResult>,
    /// The dead letters, and since when they are.
    letters: Vec<(DeadLetter, Instant)>,
}

impl Map<'_> {
    /// Works on these files, and saves what has come of it.
    async fn pass(&mut self, files: Vec<Todo<'_>>, attempt: u32) -> Result<(), CheckpointError> {
        let Self { context, job, plan, earlier, .. } = *self;
        let waiting = Queue::new("files").wait_many(files.len());
        let items = files.into_iter().zip(waiting).map(|((file, since), waiting)| {
            let turn = Turn { file, attempt, waiting };
            async move { (item(context, job, plan, earlier, turn).await, since) }
        });
        let mut outcomes = stream::iter(items).buffer_unordered(context.concurrency);
        while let Some((outcome, since)) = outcomes.next().await {
            match since {
                None => context.progress.advance(),
                // Only now: one that has failed again is in the queue again, which has not been shorter
                // meanwhile.
                Some(_) => event::dead_letters_reprocessed(1),
            }
            match outcome {
                Ok(result) => self.finished(result).await?,
                Err(letter) => self.letters.push((letter, since.unwrap_or_else(Instant::now))),
            }
        }
        self.save().await?;
        let oldest = self.letters.iter().map(|(_, since)| since.elapsed()).max();
        event::dead_letter_age(oldest.unwrap_or(Duration::ZERO));
        Ok(())
    }

    async fn finished(&mut self, result: FileResult) -> Result<(), CheckpointError> {
        self.unsaved_and_new += u64::from(self.checkpoint.finish(result.clone()));
        self.results.push(result);
        self.unsaved += 1;
        if self.unsaved == CHECKPOINT_EVERY { self.save().await } else { Ok(()) }
    }

    async fn save(&mut self) -> Result<(), CheckpointError> {
        self.unsaved = 0;
        save(self.context, &self.checkpoint, std::mem::take(&mut self.unsaved_and_new)).await
    }
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
