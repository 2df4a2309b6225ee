//! The workflow `audit`: plan, audit (map and reduce), report.

use flowspan::{MapReduce, Phase, Step, Workflow, event, propagation};
use thiserror::Error;

use super::context::Context;
use super::map::{Mapped, failed, map, save};
use super::review::review;
use crate::audit::checkpoint::{Checkpoint, CheckpointError};
use crate::audit::merge::{Audit, merge};
use crate::audit::plan::{Plan, PlanError, plan};
use crate::audit::report::{ReportError, render, save as save_report};
use crate::output::chain;

/// Why a run failed.
#[derive(Debug, Error)]
pub(super) enum RunError {
    /// There is nothing to do.
    #[error(transparent)]
    Plan(PlanError),
    /// The checkpoint cannot be used.
    #[error(transparent)]
    Resume(CheckpointError),
    /// A checkpoint cannot be written any more.
    #[error("the run was ended, because its progress cannot be saved")]
    Checkpoint(#[source] CheckpointError),
    /// Not a single file got a result.
    #[error("none of {files} files got a result, the first of them because: {reason}")]
    NoResult {
        /// How many files there were.
        files: usize,
        /// Why the first one has no result.
        reason: String,
    },
    /// The report cannot be written.
    #[error("the audit is done, but its report is not")]
    Report(#[source] ReportError),
    /// A thread for work with files panicked or was not to be had.
    #[error("a background thread of the audit failed; this is a bug, please report it")]
    Background(#[source] tokio::task::JoinError),
}

impl RunError {
    /// Whether the run ended before any work because of what it was given.
    pub(super) fn is_bad_input(&self) -> bool {
        matches!(self, Self::Plan(_) | Self::Resume(_))
    }
}

/// Runs the workflow.
pub(super) async fn run(context: &Context) -> Result<Audit, RunError> {
    Workflow::new("audit").run_id(&context.run_id).run_with(|run| phases(context, run)).await
}

async fn phases(context: &Context, run: Workflow) -> Result<Audit, RunError> {
    let here = propagation::traceparent();
    let (plan, checkpoint) = Phase::new("plan").run(prepare(context, run, here)).await?;
    let bar = context.progress.show(plan.files.len());
    let audit = Phase::new("audit").run(audit(context, &plan, checkpoint)).await?;
    drop(bar);
    Phase::new("report").run(report(context, &plan, &audit)).await?;
    tracing::info!("the audit is done");
    Ok(audit)
}

async fn prepare(
    context: &Context,
    run: Workflow,
    here: Option<String>,
) -> Result<(Plan, Checkpoint), RunError> {
    let path = context.path.clone();
    let listing = tokio::task::spawn_blocking(move || plan(&path));
    let list = async { listing.await.map_err(RunError::Background)?.map_err(RunError::Plan) };
    let plan = Step::new("files", "list-files").index(0).run(list).await?;
    tracing::info!(files = plan.files.len(), "the files are listed");
    let resume = async {
        let mut checkpoint = Checkpoint::load(&context.checkpoint).inspect_err(failed)?;
        if let Some(earlier) = std::mem::replace(&mut checkpoint.run, here) {
            drop(run.resumes(&earlier));
        }
        if !checkpoint.is_empty() {
            event::checkpoint_loaded("audit");
        }
        // A place that cannot be written to shall be known before hours of work, not after them.
        save(context, &checkpoint, 0).await?;
        Ok(checkpoint)
    };
    let checkpoint =
        Step::new("files", "load-checkpoint").index(1).run(resume).await.map_err(RunError::Resume)?;
    Ok((plan, checkpoint))
}

/// The job is made inside its phase, so that all its model calls know the phase that they are made in.
async fn audit(context: &Context, plan: &Plan, checkpoint: Checkpoint) -> Result<Audit, RunError> {
    MapReduce::new("files", plan.files.len())
        .run_with(|job| async move {
            let mapped = map(context, &job, plan, checkpoint).await.map_err(RunError::Checkpoint)?;
            if mapped.results.is_empty() {
                return Err(no_result(mapped));
            }
            Ok(reduce(&job, mapped).await)
        })
        .await
}

async fn reduce(job: &MapReduce, mapped: Mapped) -> Audit {
    let Mapped { results, dead_letters } = mapped;
    job.reduce().watch(async { merge(results, dead_letters) }).await
}

async fn report(context: &Context, plan: &Plan, audit: &Audit) -> Result<(), RunError> {
    let render = || render(&plan.root.to_string_lossy(), audit, plan.skipped);
    if let Some(path) = context.report.clone() {
        let text = render();
        let writing = tokio::task::spawn_blocking(move || save_report(&text, &path));
        let write = async { writing.await.map_err(RunError::Background)?.map_err(RunError::Report) };
        Step::new("files", "write-report").index(2).run(write).await?;
    }
    if let Some(command) = &context.review {
        let step = Step::claude("review").index(3);
        if let Err(error) = step.run(review(command, &render())).await {
            // The audit is done, whatever others think of it.
            tracing::warn!(reason = chain(&error), "the audit was not reviewed");
        }
    }
    Ok(())
}

fn no_result(mapped: Mapped) -> RunError {
    let files = mapped.dead_letters.len();
    let reason = mapped.dead_letters.into_iter().next().map(|letter| letter.reason).unwrap_or_default();
    RunError::NoResult { files, reason }
}
