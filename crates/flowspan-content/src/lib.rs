//! What of prompts, answers, tool arguments and results may leave a program.
//!
//! A [`ContentPolicy`] is asked about each value before anything else sees it. It answers with nothing,
//! with a size and a fingerprint, with redacted text, or with the text as it is: see [`Content`]. What it
//! lets through is bounded, is valid UTF-8, and stays valid JSON if it was.
//!
//! ```
//! use flowspan_content::{Content, ContentPolicy, Message, Messages, Outcome};
//!
//! let policy = ContentPolicy::new(Content::Redacted);
//! let prompt = Messages::from([Message::user("Write to ada@example.org.")]);
//! let Outcome::Shown { text, .. } = policy.treat(&prompt.to_string()) else { panic!("it is shown") };
//! assert!(text.contains("Write to [redacted:email]."));
//! ```
//!
//! # What is promised
//!
//! - [`Content::Off`] is the default, and then no value is looked at.
//! - With [`Content::Redacted`], text is redacted by [rules](Redactor) for keys, tokens, addresses and
//!   numbers, and then by a function of the program's own, if there is one. If that function panics or takes
//!   too long, there is no content instead of raw content.
//! - A value that is too large, or nested too deeply, is refused with a [reason](Refusal). Nothing recurses
//!   deeper than a bound.
//! - What is cut says so in its place, and [`Counts`] says how often something was cut or refused.
//!
//! # Messages
//!
//! [`Message`], [`Part`], [`ToolDefinition`] and their lists write the JSON that the GenAI conventions of
//! OpenTelemetry ask for in `gen_ai.input.messages` and its sisters.

mod carrier;
mod counts;
mod cut;
mod fingerprint;
mod level;
mod message;
mod nesting;
mod outcome;
mod policy;
mod redact;

pub use carrier::Carrier;
pub use counts::Counts;
pub use fingerprint::{Fingerprint, FingerprintKey};
pub use level::Content;
pub use message::{
    List, Message, Messages, Modality, Part, Parts, Role, SystemInstructions, ToolDefinition, ToolDefinitions,
};
pub use outcome::{Outcome, Refusal};
pub use policy::{ContentPolicy, DEFAULT_DEADLINE, DEFAULT_LIMIT, MAX_DEPTH, MAX_INPUT, MIN_LIMIT};
pub use redact::{Redactor, marker};
