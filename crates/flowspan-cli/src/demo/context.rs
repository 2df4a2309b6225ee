//! What all parts of one run of the demo share.

use std::path::PathBuf;
use std::time::Duration;

use super::progress::Progress;
use super::worktrees::Worktrees;
use crate::model_client::{ModelClient, RetryPolicy};

/// How many times an agent works on a file before it goes to the dead-letter queue.
pub(super) const AGENT_ATTEMPTS: u32 = 2;
/// Finished files between two checkpoints.
pub(super) const CHECKPOINT_EVERY: usize = 16;

/// Everything that a run needs and does not change.
#[derive(Debug)]
pub(super) struct Context {
    pub(super) run_id: String,
    pub(super) path: PathBuf,
    pub(super) report: Option<PathBuf>,
    pub(super) review: Option<String>,
    pub(super) checkpoint: PathBuf,
    pub(super) concurrency: usize,
    /// How long dead letters wait before they are worked on again, if they are.
    pub(super) retry_dead_letters: Option<Duration>,
    pub(super) worktrees: Worktrees,
    pub(super) model: Model,
    pub(super) progress: Progress,
}

/// The model that the agents ask.
#[derive(Debug)]
pub(super) struct Model {
    pub(super) provider: &'static str,
    pub(super) name: String,
    pub(super) client: ModelClient,
    pub(super) retries: RetryPolicy,
}

/// How long the model may be silent before a call is given up.
pub(super) const EMBEDDED_SILENCE: Duration = Duration::from_secs(5);
/// The same for models elsewhere, which may think for long before they say a word.
pub(super) const REMOTE_SILENCE: Duration = Duration::from_secs(120);
