//! Reads what command-line agents print.
//!
//! Agents that run as commands, such as the Claude command line and Codex, can print what they do as
//! lines of JSON. A [`Reader`] makes observations of these lines, as if the work had been done in this
//! program: a session, its model calls with their tokens and cost, its tool calls with their outcome,
//! its sub-agents. They are part of the span that is current when the reader is made.
//!
//! [`Watched`] does so around the output of a child and passes all of it on:
//!
//! ```no_run
//! use std::{io::{self, BufRead, BufReader}, process::{Command, Stdio}};
//! use flowspan_agents::{Reader, Watched};
//! use flowspan_api::Step;
//!
//! # fn main() -> io::Result<()> {
//! Step::claude("review").in_scope(|| {
//!     let mut child = Command::new("claude")
//!         .args(["-p", "review this", "--output-format", "stream-json", "--verbose"])
//!         .stdout(Stdio::piped())
//!         .spawn()?;
//!     let output = Watched::new(Reader::claude(), child.stdout.take().expect("it is piped"));
//!     for line in BufReader::new(output).lines() {
//!         let _yours = line?;
//!     }
//!     child.wait()
//! })?;
//! # Ok(())
//! # }
//! ```
//!
//! # What is counted
//!
//! A message that comes in several lines is one model call. What the agent says of the whole session is
//! no further call: it corrects the calls. See [`Reader::claude`] and [`Reader::codex`].
//!
//! The model calls of a session end when the agent has said what the session came to, because only then
//! their tokens and cost are known. An agent that reports telemetry of its own, over OTLP, reports the
//! same calls a second time: listen to one of the two.
//!
//! # What is not kept
//!
//! No text of a prompt, an answer, an argument or a result goes anywhere. Lines that are no JSON, or of
//! an unknown type, are counted and passed over; lines that are too long are not held in memory.
//!
//! # Features
//!
//! `tokio`: [`Watched`] works with the output of tokio's child processes, too.

mod claude;
mod codex;
mod conversation;
mod counts;
mod lines;
mod reader;
mod settlement;
mod watched;

pub use counts::Counts;
pub use lines::MAX_LINE;
pub use reader::Reader;
pub use watched::Watched;
