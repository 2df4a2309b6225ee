//! The rules that look at one line.

use super::lines::Line;
use crate::findings::{Finding, Severity};

/// One thing to look for.
struct Rule {
    severity: Severity,
    text: &'static str,
    holds: fn(&Line<'_>) -> bool,
}

/// Characters from which a line counts as long.
const LONG_LINE: usize = 140;

const RULES: &[Rule] = &[
    Rule {
        severity: Severity::Error,
        text: "a merge conflict was committed",
        holds: |line| ["<<<<<<< ", ">>>>>>> "].iter().any(|mark| line.whole.starts_with(mark)),
    },
    Rule {
        severity: Severity::Error,
        text: "a private key stands in the source; revoke it and load it from a secret store",
        holds: |line| line.whole.contains("-----BEGIN") && line.whole.contains("PRIVATE KEY-----"),
    },
    Rule {
        severity: Severity::Warning,
        text: "`unwrap` turns an error into a panic; return the error or say why it cannot happen",
        holds: |line| line.code.contains(".unwrap()"),
    },
    Rule {
        severity: Severity::Warning,
        text: "`unsafe` needs a comment that says why it is sound",
        holds: |line| ["unsafe {", "unsafe fn", "unsafe impl"].iter().any(|word| line.code.contains(word)),
    },
    Rule {
        severity: Severity::Warning,
        text: "a panic ends the caller's work; prefer an error",
        holds: |line| ["panic!(", "todo!(", "unimplemented!("].iter().any(|word| line.code.contains(word)),
    },
    Rule {
        severity: Severity::Warning,
        text: "evaluating text as code runs whatever the text says",
        holds: |line| line.code.trim_start().starts_with("eval(") || line.code.contains(" eval("),
    },
    Rule {
        severity: Severity::Info,
        text: "debugging output was left behind",
        holds: |line| ["dbg!(", "console.log("].iter().any(|word| line.code.contains(word)),
    },
    Rule {
        severity: Severity::Info,
        text: "an open task is noted in a comment; give it an issue",
        holds: |line| {
            let words = line.comment.split(|c: char| !c.is_alphanumeric());
            words.into_iter().any(|word| ["TODO", "FIXME", "XXX", "HACK"].contains(&word))
        },
    },
    Rule {
        severity: Severity::Info,
        text: "a check is switched off; say why next to it",
        holds: |line| {
            let whole = line.whole;
            line.code.contains("#[allow(") || whole.contains("eslint-disable") || whole.contains("# noqa")
        },
    },
    Rule {
        severity: Severity::Info,
        text: "the line is too long to be read at a glance",
        holds: |line| line.whole.chars().nth(LONG_LINE).is_some(),
    },
];

/// All that the rules find in a text, in the order of its lines.
pub(super) fn apply(text: &str) -> Vec<Finding> {
    let of_line = |(at, line): (usize, &str)| {
        let parts = Line::new(line);
        let hits = RULES.iter().filter(|rule| (rule.holds)(&parts));
        hits.map(|rule| Finding { line: at as u64 + 1, severity: rule.severity, text: rule.text.to_owned() })
            .collect::<Vec<_>>()
    };
    text.lines().enumerate().flat_map(of_line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines_found(text: &str) -> Vec<u64> {
        apply(text).into_iter().map(|finding| finding.line).collect()
    }

    #[test]
    fn open_tasks_count_in_comments_alone() {
        assert_eq!(lines_found("let todo = 1; // TODO: name it\nlet s = \"TODO\";\n# FIXME later\n"), [1, 3]);
    }

    #[test]
    fn calls_inside_strings_and_comments_are_no_calls() {
        assert_eq!(lines_found("let s = \"x.unwrap()\"; // y.unwrap()\nz.unwrap();\n"), [2]);
    }

    #[test]
    fn one_line_may_break_several_rules() {
        assert_eq!(lines_found("unsafe { p.read().unwrap() }"), [1, 1]);
    }

    #[test]
    fn a_line_of_exactly_the_limit_is_not_too_long() {
        assert!(apply(&"x".repeat(LONG_LINE)).is_empty());
        assert_eq!(apply(&"x".repeat(LONG_LINE + 1)).len(), 1);
    }
}
