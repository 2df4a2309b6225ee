//! `flowspan demo`: audits a code base, observed from end to end.
//!
//! ```text
//! workflow audit
//! ├─ phase plan          which files; what an earlier run has finished
//! ├─ phase audit
//! │  └─ map_reduce files
//! │     ├─ map_item …      one for each file, several at once; one more for each new try at a dead letter
//! │     │  ├─ worktree     the copy of the file that the agents work on
//! │     │  └─ step audit-file
//! │     │     └─ agent auditor
//! │     │        ├─ tools wc, grep
//! │     │        └─ session   with the model
//! │     │           └─ model calls: the question, and a repair if the answer is of no use
//! │     └─ reduce
//! └─ phase report         and, if asked for, a review by another agent, as a child process
//! ```

mod agent;
mod args;
mod call;
mod context;
mod counts;
mod error;
mod item;
mod map;
mod progress;
mod review;
mod run;
mod start;
mod summary;
mod workflow;
mod worktrees;

pub use args::DemoArgs;
pub use run::run;
pub(crate) use summary::Delivery;
pub use summary::SummaryFormat;
