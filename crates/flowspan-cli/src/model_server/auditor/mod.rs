//! The model's mind: reads a source file and says what deserves a look.
//!
//! It is a handful of rules and no language model, but its answers are true of the text it was
//! sent, depend on nothing else, and have the form and length of what a language model returns.

mod functions;
mod lines;
mod rules;

use crate::findings::{Assessment, Finding, Severity};

pub use functions::{Function, longest_function};

/// Findings that one answer lists; its summary counts them all.
const LISTED: usize = 12;
/// Lines from which a function counts as long.
const LONG_FUNCTION: usize = 80;

/// What the model thought and what it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opinion {
    /// The way to the answer; counted as reasoning tokens and not sent.
    pub reasoning: String,
    /// The answer.
    pub assessment: Assessment,
}

/// Reads a text and forms an opinion of it.
pub fn audit(text: &str) -> Opinion {
    let mut findings = rules::apply(text);
    let longest = longest_function(text);
    if let Some(function) = longest.as_ref().filter(|function| function.lines >= LONG_FUNCTION) {
        findings.push(Finding {
            line: function.first_line as u64,
            severity: Severity::Info,
            text: format!("`{}` is {} lines long; split it along its steps", function.name, function.lines),
        });
    }
    findings.sort_by_key(|finding| (std::cmp::Reverse(finding.severity), finding.line));
    let reasoning = reasoning(text, &findings, longest.as_ref());
    let summary = summary(text, &findings, longest.as_ref());
    findings.truncate(LISTED);
    Opinion { reasoning, assessment: Assessment { summary, findings } }
}

fn summary(text: &str, findings: &[Finding], longest: Option<&Function>) -> String {
    let lines = text.lines().count();
    let mut summary = format!("{lines} lines");
    if let Some(function) = longest {
        summary += &format!(", the longest function is `{}` with {} lines", function.name, function.lines);
    }
    if findings.is_empty() {
        return summary + "; nothing to report.";
    }
    let counts: Vec<String> = Severity::WORST_FIRST
        .into_iter()
        .map(|severity| (severity, findings.iter().filter(|finding| finding.severity == severity).count()))
        .filter(|(_, count)| *count > 0)
        .map(|(severity, count)| format!("{count} {severity}"))
        .collect();
    summary += &format!("; {} to look at ({})", findings.len(), counts.join(", "));
    if findings.len() > LISTED {
        summary += &format!(", the worst {LISTED} are listed");
    }
    summary + "."
}

fn reasoning(text: &str, findings: &[Finding], longest: Option<&Function>) -> String {
    let mut thoughts = format!("The file has {} lines. ", text.lines().count());
    for finding in findings {
        thoughts += &format!("Line {}: {}. ", finding.line, finding.text);
    }
    if let Some(function) = longest {
        thoughts += &format!("Longest function: {} from line {}. ", function.name, function.first_line);
    }
    thoughts + "Now order these by severity and keep the answer short."
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_finding_comes_first_and_the_summary_counts_all() {
        let text = "let a = b.unwrap();\n".repeat(20) + "<<<<<<< ours\n";
        let assessment = audit(&text).assessment;
        assert_eq!(assessment.findings.len(), LISTED);
        assert_eq!(assessment.findings[0].severity, Severity::Error);
        assert_eq!(assessment.findings[0].line, 21);
        assert_eq!(
            assessment.summary,
            "21 lines; 21 to look at (1 error, 20 warning), the worst 12 are listed."
        );
    }

    #[test]
    fn a_long_function_is_named_with_its_length() {
        let text = format!("fn long() {{\n{}}}\n", "    step();\n".repeat(100));
        let assessment = audit(&text).assessment;
        assert_eq!(assessment.findings[0].line, 1);
        assert!(assessment.findings[0].text.contains("`long` is 102 lines long"));
    }

    #[test]
    fn an_empty_file_has_no_findings() {
        assert_eq!(audit("").assessment.summary, "0 lines; nothing to report.");
    }
}
