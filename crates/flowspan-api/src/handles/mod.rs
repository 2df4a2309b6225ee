//! The handles, one kind of work each.

mod agent;
mod inference;
mod map_reduce;
mod workflow;

pub use agent::{Agent, ToolCall};
pub use inference::Inference;
pub use map_reduce::{MapItem, MapReduce, Reduce};
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
}
