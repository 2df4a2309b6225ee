//! What the model answers to a request, before any of it is sent.

use std::time::Duration;

use super::faults::Flaw;
use super::prefix_cache::chain;
use super::{auditor, tokens};
use crate::chat::{CompletionDetails, Message, PromptDetails, ReportedUsage, Role};
use crate::findings::{Assessment, Finding, Severity};

/// How fast answers come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// Until the first piece; the draw adds up to as much again.
    pub first_piece: Duration,
    /// Pause after each burst of [`Pace::BURST`] pieces.
    pub between_bursts: Duration,
    /// How long a slow answer keeps the client waiting.
    pub stall: Duration,
}

impl Pace {
    /// Pieces that are sent without a pause.
    pub const BURST: usize = 8;

    /// As a fast provider on a good day; a slow answer takes half a minute.
    pub const LIVELY: Self = Self {
        first_piece: Duration::from_millis(12),
        between_bursts: Duration::from_millis(2),
        stall: Duration::from_secs(30),
    };

    /// Without any pause but the one of a slow answer.
    pub const IMMEDIATE: Self =
        Self { first_piece: Duration::ZERO, between_bursts: Duration::ZERO, stall: Duration::from_secs(30) };
}

/// A finished answer and all that its usage needs.
#[derive(Clone, Debug)]
pub(super) struct Reply {
    /// The text, in pieces of a token each.
    pub(super) pieces: Vec<String>,
    prompt_chain: Vec<u64>,
    prompt_tokens: u64,
    completion_tokens: u64,
    reasoning_tokens: u64,
}

impl Reply {
    /// Reads the conversation and composes the answer. Takes processor time: keep it off the
    /// threads that serve connections.
    pub(super) fn compose(messages: &[Message], flaw: Option<Flaw>) -> Self {
        let text = text_to_audit(messages);
        let opinion = auditor::audit(text);
        let answer = match flaw {
            None => json(&opinion.assessment),
            Some(Flaw::CutShort) => cut_short(json(&opinion.assessment)),
            Some(Flaw::LineOutOfRange) => json(&out_of_range(opinion.assessment, text)),
        };
        let prompt = tokens::of_conversation(messages);
        let reasoning_tokens = tokens::count(&opinion.reasoning);
        let pieces = tokens::pieces(&answer);
        let answer_tokens: u64 = pieces.iter().map(|(_, tokens)| tokens).sum();
        Self {
            pieces: pieces.into_iter().map(|(piece, _)| piece).collect(),
            prompt_chain: chain(&prompt),
            prompt_tokens: prompt.len() as u64,
            completion_tokens: answer_tokens + reasoning_tokens,
            reasoning_tokens,
        }
    }

    /// The blocks of the prompt, as the prompt cache knows them.
    pub(super) fn prompt_chain(&self) -> &[u64] {
        &self.prompt_chain
    }

    /// The usage to report, if so much of the prompt was cached.
    pub(super) fn usage(&self, cached_tokens: u64) -> ReportedUsage {
        ReportedUsage {
            prompt_tokens: self.prompt_tokens,
            completion_tokens: self.completion_tokens,
            total_tokens: self.prompt_tokens + self.completion_tokens,
            prompt_tokens_details: Some(PromptDetails { cached_tokens: Some(cached_tokens) }),
            completion_tokens_details: Some(CompletionDetails {
                reasoning_tokens: Some(self.reasoning_tokens),
            }),
        }
    }
}

/// The text between `<file>` and `</file>` in the first message that has them, or else the last
/// message of the user.
fn text_to_audit(messages: &[Message]) -> &str {
    let of_user = || messages.iter().filter(|message| message.role == Role::User);
    of_user()
        .find_map(|message| {
            let (_, rest) = message.content.split_once("<file>\n")?;
            let (text, _) = rest.rsplit_once("</file>")?;
            Some(text)
        })
        .or_else(|| of_user().next_back().map(|message| message.content.as_str()))
        .unwrap_or_default()
}

fn json(assessment: &Assessment) -> String {
    // Serialising strings and numbers into memory cannot fail; were it to, the answer would be
    // empty and validation would say so.
    serde_json::to_string(assessment).unwrap_or_default()
}

fn cut_short(mut answer: String) -> String {
    let end = (0..=answer.len() * 2 / 3).rev().find(|&at| answer.is_char_boundary(at)).unwrap_or(0);
    answer.truncate(end);
    answer
}

fn out_of_range(mut assessment: Assessment, text: &str) -> Assessment {
    let line = text.lines().count() as u64 + 1_000;
    assessment.findings.push(Finding {
        line,
        severity: Severity::Warning,
        text: "the function that begins here is never called".to_owned(),
    });
    assessment
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text_of(reply: &Reply) -> String {
        reply.pieces.concat()
    }

    #[test]
    fn the_answer_is_about_the_file_in_the_message() {
        let message = Message::user("Path: x.rs\n<file>\na\nb.unwrap()\n</file>\nAnswer in JSON.");
        let answer: Assessment =
            serde_json::from_str(&text_of(&Reply::compose(&[message], None))).expect("JSON");
        assert_eq!(answer.findings[0].line, 2);
    }

    #[test]
    fn reasoning_is_a_part_of_the_completion() {
        let usage = Reply::compose(&[Message::user("x.unwrap()")], None).usage(0);
        assert!(usage.reasoning() > 0);
        assert!(usage.completion_tokens > usage.reasoning());
        assert_eq!(usage.total_tokens, usage.prompt_tokens + usage.completion_tokens);
    }

    #[test]
    fn an_answer_that_is_cut_short_is_no_json() {
        let reply = Reply::compose(&[Message::user("größe.unwrap()")], Some(Flaw::CutShort));
        assert!(serde_json::from_str::<Assessment>(&text_of(&reply)).is_err());
    }

    #[test]
    fn a_line_out_of_range_lies_behind_the_end_of_the_file() {
        let reply = Reply::compose(&[Message::user("one\ntwo\n")], Some(Flaw::LineOutOfRange));
        let answer: Assessment = serde_json::from_str(&text_of(&reply)).expect("JSON");
        assert_eq!(answer.findings[0].line, 1_002);
    }
}
