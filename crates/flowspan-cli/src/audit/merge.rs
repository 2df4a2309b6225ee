//! The reduce side: many results become one.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::findings::{Assessment, Severity};

/// The result for one file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileResult {
    /// The file, relative to the root of the audit.
    pub path: PathBuf,
    /// Stands for the content that was audited.
    pub fingerprint: u64,
    /// What the model says.
    pub assessment: Assessment,
}

/// A file that got no result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeadLetter {
    /// The file, relative to the root of the audit.
    pub path: PathBuf,
    /// Why there is no result.
    pub reason: String,
}

/// The result of a whole audit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Audit {
    /// Files with findings, the worst first.
    pub notable: Vec<FileResult>,
    /// Files without findings.
    pub clean: usize,
    /// Files without a result, by path.
    pub dead_letters: Vec<DeadLetter>,
    /// Findings by severity, the worst first.
    pub totals: Vec<(Severity, usize)>,
}

/// Merges the results of all files.
pub fn merge(results: Vec<FileResult>, mut dead_letters: Vec<DeadLetter>) -> Audit {
    let (clean, mut notable): (Vec<_>, Vec<_>) =
        results.into_iter().partition(|result| result.assessment.findings.is_empty());
    notable.sort_by_cached_key(|result| (std::cmp::Reverse(weight(&result.assessment)), result.path.clone()));
    dead_letters.sort_by(|left, right| left.path.cmp(&right.path));
    let totals = Severity::WORST_FIRST
        .into_iter()
        .map(|severity| (severity, notable.iter().map(|result| count(&result.assessment, severity)).sum()))
        .collect();
    Audit { clean: clean.len(), notable, dead_letters, totals }
}

/// Findings of one severity.
pub fn count(assessment: &Assessment, severity: Severity) -> usize {
    assessment.findings.iter().filter(|finding| finding.severity == severity).count()
}

/// Orders files: by errors, then warnings, then the rest.
fn weight(assessment: &Assessment) -> Vec<usize> {
    Severity::WORST_FIRST.into_iter().map(|severity| count(assessment, severity)).collect()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::findings::Finding;

    pub(crate) fn result(path: &str, severities: &[Severity]) -> FileResult {
        let findings = severities.iter().enumerate().map(|(at, &severity)| Finding {
            line: at as u64 + 1,
            severity,
            text: format!("{severity} | here"),
        });
        let assessment = Assessment { summary: format!("about {path}."), findings: findings.collect() };
        FileResult { path: path.into(), fingerprint: 7, assessment }
    }

    #[test]
    fn files_with_errors_come_before_files_with_many_warnings() {
        use Severity::{Error, Info, Warning};
        let results = vec![
            result("clean.rs", &[]),
            result("info.rs", &[Info; 9]),
            result("warnings.rs", &[Warning; 5]),
            result("error.rs", &[Error, Info]),
        ];
        let audit = merge(results, Vec::new());
        let order: Vec<_> = audit.notable.iter().map(|result| result.path.to_string_lossy()).collect();
        assert_eq!(order, ["error.rs", "warnings.rs", "info.rs"]);
        assert_eq!(audit.clean, 1);
        assert_eq!(audit.totals, [(Error, 1), (Warning, 5), (Info, 10)]);
    }
}
