//! What the model is asked.

use std::fmt::Write;

use crate::chat::Message;

/// The standing instructions, the same for every file, so that providers can cache them.
const INSTRUCTIONS: &str = "\
You are a careful reviewer of source code. You are shown one file of a larger code base, with a few \
facts that tools have found out about it. Read it as its next maintainer would: somebody who has to \
change it under time pressure and did not write it.

Report what deserves a look, and nothing else:
- error: something that is wrong now, such as a committed merge conflict, a secret in the source, or \
a mistake that loses data;
- warning: something that is likely to hurt one day, such as an error that becomes a panic, unsafe \
code without a reason, or text that is run as code;
- info: something that is worth knowing, such as an open task, a switched-off check, debugging output \
that was left behind, a function that has grown too long, or a line that nobody can read at a glance.

Rules:
- Name the line on which the passage begins, counted from 1. Lines that do not exist are worse than \
no finding at all.
- Say in one sentence what is there and what to do about it. Do not praise, do not repeat the code.
- List at most twelve findings, the worst first. An empty list is a good answer for a good file.
- Judge what you see. Do not guess what other files contain.

Answer with one JSON object and no other text, in exactly this form:
{\"summary\": \"one or two sentences\", \"findings\": [{\"line\": 12, \"severity\": \"error|warning|info\", \
\"text\": \"one sentence\"}]}";

/// What tools found out about a file; what a tool could not tell is left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// Its lines.
    pub lines: Option<u64>,
    /// Its lines that note open tasks.
    pub open_tasks: Option<u64>,
}

/// The conversation that asks for an audit of one file.
pub fn ask_for_audit(path: &str, text: &str, facts: Facts) -> Vec<Message> {
    let mut question = format!("Path: {path}\n");
    // Writing into a string cannot fail.
    if let Some(lines) = facts.lines {
        let _ = writeln!(question, "Lines (wc): {lines}");
    }
    if let Some(open_tasks) = facts.open_tasks {
        let _ = writeln!(question, "Lines with open tasks (grep): {open_tasks}");
    }
    let end = if text.ends_with('\n') { "" } else { "\n" };
    let _ = write!(question, "<file>\n{text}{end}</file>");
    vec![Message::system(INSTRUCTIONS), Message::user(question)]
}

/// The conversation that asks for a second answer, because the first one cannot be used.
pub fn ask_for_repair(mut conversation: Vec<Message>, answer: &str, problem: &str) -> Vec<Message> {
    conversation.push(Message::assistant(answer));
    conversation.push(Message::user(format!(
        "This answer cannot be used: {problem}. Answer again, with one JSON object in the required form and \
         line numbers that exist in the file."
    )));
    conversation
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_question_holds_the_whole_file_and_the_facts_that_are_known() {
        let facts = Facts { lines: Some(2), open_tasks: None };
        let conversation = ask_for_audit("a.rs", "one\ntwo", facts);
        assert_eq!(conversation[1].content, "Path: a.rs\nLines (wc): 2\n<file>\none\ntwo\n</file>");
    }

    #[test]
    fn a_repair_continues_the_conversation() {
        let first = ask_for_audit("a.rs", "one\n", Facts::default());
        let repair = ask_for_repair(first.clone(), "{", "it is no JSON");
        assert_eq!(repair[..2], first[..]);
        assert!(repair[3].content.contains("it is no JSON"));
    }
}
