//! The event logs of Prodigy.
//!
//! A line is a record `{id, timestamp, correlation_id, event, metadata}`, and its event has an
//! `event_type`. What an event becomes depends on its line alone, so that it becomes the same whenever
//! and with whatever other files it is read: identifiers of traces and spans are made of those in the
//! line.
//!
//! | `event_type` | becomes |
//! |---|---|
//! | `job_started`, `job_resumed` | a map-reduce job starts |
//! | `job_completed`, `job_failed`, `job_paused` | it ends, paused as cancelled |
//! | `agent_started`, `agent_completed`, `agent_failed` | an item and the agent that works on it start and end |
//! | `agent_retrying` | a retry |
//! | `checkpoint_created`, `checkpoint_loaded`, `checkpoint_failed` | the same |
//! | `worktree_created`, `worktree_cleaned`, `worktree_merged` | a worktree starts, ends, is merged |
//! | `queue_depth_changed`, `memory_pressure` | the same |
//! | `dlq_item_added`, `dlq_item_removed`, `dlq_items_reprocessed`, `dlq_items_evicted` | the same, in both spellings (`d_l_q_item_added` …) |
//! | `claude_tool_invoked` | a tool call that ended; nothing is said of its outcome or duration |
//! | `claude_token_usage` | a model call that ended, with its tokens |
//! | `claude_session_started` | a session; its end is not in the log |
//! | `agent_progress`, `dlq_analysis_generated`, `claude_message` | nothing: there is no counterpart, and no content is taken over |
//!
//! `input_tokens` are those that no cache had, as the provider counts: in the vocabulary they and
//! `cache_tokens` together are the input.

mod convert;
mod record;

pub(crate) use record::{Read, read};
