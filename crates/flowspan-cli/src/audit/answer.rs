//! Whether an answer of the model can be used.

use thiserror::Error;

use crate::findings::Assessment;

/// Why an answer cannot be used. The text is shown to the model, which is asked to repair it.
#[derive(Debug, Error)]
pub enum InvalidAnswer {
    /// It is no JSON of the required form.
    #[error("it is no JSON object of the required form (line {}, column {})", .0.line(), .0.column())]
    Form(#[source] serde_json::Error),
    /// Nothing is said in the summary.
    #[error("its summary is empty")]
    NoSummary,
    /// A finding points at a line that does not exist.
    #[error("it names line {line} of a file with {lines} lines")]
    NoSuchLine {
        /// The line that is named.
        line: u64,
        /// The lines that there are.
        lines: u64,
    },
}

/// Takes an answer apart and checks it against the file that it speaks of.
///
/// # Errors
/// When it is not of the required form, says nothing, or names lines that do not exist.
pub fn validate(answer: &str, lines: u64) -> Result<Assessment, InvalidAnswer> {
    let assessment: Assessment = serde_json::from_str(without_fence(answer)).map_err(InvalidAnswer::Form)?;
    if assessment.summary.trim().is_empty() {
        return Err(InvalidAnswer::NoSummary);
    }
    match assessment.findings.iter().find(|finding| finding.line == 0 || finding.line > lines) {
        Some(finding) => Err(InvalidAnswer::NoSuchLine { line: finding.line, lines }),
        None => Ok(assessment),
    }
}

/// The answer without the Markdown fence that some models put around JSON, whatever they are told.
fn without_fence(answer: &str) -> &str {
    let trimmed = answer.trim();
    let inner = trimmed.strip_prefix("```json").or_else(|| trimmed.strip_prefix("```"));
    inner.and_then(|inner| inner.strip_suffix("```")).unwrap_or(trimmed)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"{"summary": "fine", "findings": [{"line": 3, "severity": "info", "text": "x"}]}"#;

    #[test]
    fn a_good_answer_is_taken_with_and_without_a_fence() {
        assert!(validate(GOOD, 3).is_ok());
        assert!(validate(&format!("```json\n{GOOD}\n```"), 3).is_ok());
    }

    #[test]
    fn an_answer_that_is_cut_short_is_invalid() {
        assert!(matches!(validate(&GOOD[..40], 3), Err(InvalidAnswer::Form(_))));
    }

    #[test]
    fn a_line_behind_the_end_is_invalid() {
        let error = validate(GOOD, 2).expect_err("two lines");
        assert_eq!(error.to_string(), "it names line 3 of a file with 2 lines");
    }

    #[test]
    fn an_unknown_severity_is_invalid() {
        assert!(validate(&GOOD.replace("info", "fatal"), 3).is_err());
    }

    #[test]
    fn an_empty_summary_is_invalid() {
        assert!(matches!(validate(&GOOD.replace("fine", " "), 3), Err(InvalidAnswer::NoSummary)));
    }
}
