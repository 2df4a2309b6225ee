//! The handles, one kind of work each.
//!
//! Fields that are recorded later are declared first, the most frequent ones before the others:
//! `tracing` finds a field by comparing names, from the first on.

mod agent;
mod chunks;
mod inference;
mod lasting;
mod list;
mod map_reduce;
mod retrieval;
mod streamed;
mod workflow;

pub use agent::{Agent, ToolCall};
pub use inference::Inference;
pub use lasting::{Blocked, Session, Worktree};
pub use map_reduce::{MapItem, MapReduce, Reduce};
pub use retrieval::{Embeddings, Memory, Plan, Retrieval};
pub use streamed::Streamed;
pub use workflow::{Phase, Step, Workflow};

/// The kinds of work, as types that tell the handles apart. They have no values.
pub mod kind {
    /// See [`Workflow`](super::Workflow).
    #[derive(Debug)]
    pub enum Workflow {}
    /// See [`Phase`](super::Phase).
    #[derive(Debug)]
    pub enum Phase {}
    /// See [`Step`](super::Step).
    #[derive(Debug)]
    pub enum Step {}
    /// See [`Agent`](super::Agent).
    #[derive(Debug)]
    pub enum Agent {}
    /// See [`ToolCall`](super::ToolCall).
    #[derive(Debug)]
    pub enum ToolCall {}
    /// See [`MapReduce`](super::MapReduce).
    #[derive(Debug)]
    pub enum MapReduce {}
    /// See [`MapItem`](super::MapItem).
    #[derive(Debug)]
    pub enum MapItem {}
    /// See [`Reduce`](super::Reduce).
    #[derive(Debug)]
    pub enum Reduce {}
    /// See [`Inference`](super::Inference).
    #[derive(Debug)]
    pub enum Inference {}
    /// See [`Embeddings`](super::Embeddings).
    #[derive(Debug)]
    pub enum Embeddings {}
    /// See [`Plan`](super::Plan).
    #[derive(Debug)]
    pub enum Plan {}
    /// See [`Retrieval`](super::Retrieval).
    #[derive(Debug)]
    pub enum Retrieval {}
    /// See [`Memory`](super::Memory).
    #[derive(Debug)]
    pub enum Memory {}
    /// See [`Session`](super::Session).
    #[derive(Debug)]
    pub enum Session {}
    /// See [`Worktree`](super::Worktree).
    #[derive(Debug)]
    pub enum Worktree {}
    /// See [`Blocked`](super::Blocked).
    #[derive(Debug)]
    pub enum Blocked {}
}
