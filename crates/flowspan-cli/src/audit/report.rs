//! The report: an audit as Markdown.

use std::fmt::Write;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::merge::{Audit, count};
use super::plan::{MAX_BYTES, Skipped};
use crate::findings::Severity;

/// The report could not be written.
#[derive(Debug, Error)]
#[error("cannot write the report to {}; choose another place with --report", path.display())]
pub struct ReportError {
    path: PathBuf,
    #[source]
    source: io::Error,
}

/// Writes an audit as Markdown.
pub fn render(title: &str, audit: &Audit, skipped: Skipped) -> String {
    let mut out = format!("# Audit of {}\n\n", plain(title));
    // Writing into a string cannot fail.
    let _ = render_into(&mut out, audit, skipped);
    out
}

/// Writes the report, whole or not at all.
///
/// # Errors
/// When the place cannot be written to.
pub fn save(report: &str, path: &Path) -> Result<(), ReportError> {
    super::checkpoint::replace(path, |file| file.write_all(report.as_bytes()))
        .map_err(|source| ReportError { path: path.to_owned(), source })
}

fn render_into(out: &mut String, audit: &Audit, skipped: Skipped) -> std::fmt::Result {
    let files = audit.notable.len() + audit.clean;
    let totals: Vec<String> =
        audit.totals.iter().map(|(severity, count)| format!("{count} {severity}")).collect();
    writeln!(
        out,
        "{files} files read, {} of them with findings: {}.\n",
        audit.notable.len(),
        totals.join(", ")
    )?;
    if !audit.notable.is_empty() {
        writeln!(out, "| file | error | warning | info |\n| --- | ---: | ---: | ---: |")?;
        for result in &audit.notable {
            let [errors, warnings, infos] =
                Severity::WORST_FIRST.map(|severity| count(&result.assessment, severity));
            writeln!(out, "| {} | {errors} | {warnings} | {infos} |", cell(&result.path.to_string_lossy()))?;
        }
    }
    for result in &audit.notable {
        writeln!(
            out,
            "\n## {}\n\n{}\n",
            plain(&result.path.to_string_lossy()),
            plain(&result.assessment.summary)
        )?;
        for finding in &result.assessment.findings {
            writeln!(out, "- line {}, {}: {}", finding.line, finding.severity, plain(&finding.text))?;
        }
    }
    if !audit.dead_letters.is_empty() {
        writeln!(out, "\n## Files without a result\n")?;
        for letter in &audit.dead_letters {
            writeln!(out, "- {}: {}", plain(&letter.path.to_string_lossy()), plain(&letter.reason))?;
        }
    }
    let Skipped { binary, too_large, empty } = skipped;
    if binary + too_large + empty > 0 {
        let limit = MAX_BYTES / 1024;
        writeln!(out, "\nLeft out: {binary} binary, {too_large} over {limit} KiB, {empty} empty.")?;
    }
    Ok(())
}

/// Text of strangers on one line, so that it cannot end a list or begin a heading.
fn plain(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn cell(text: &str) -> String {
    plain(text).replace('|', "\\|")
}

#[cfg(test)]
mod tests {
    use super::super::merge::tests::result;
    use super::super::merge::{DeadLetter, merge};
    use super::*;

    #[test]
    fn a_report_shows_totals_files_findings_and_dead_letters() {
        let dead = DeadLetter { path: "bad.txt".into(), reason: "not UTF-8\n# no heading".into() };
        let audit = merge(vec![result("a|b.rs", &[Severity::Warning]), result("c.rs", &[])], vec![dead]);
        let report = render("/src", &audit, Skipped { binary: 2, too_large: 0, empty: 0 });
        assert_eq!(
            report,
            "# Audit of /src\n\n\
             2 files read, 1 of them with findings: 0 error, 1 warning, 0 info.\n\n\
             | file | error | warning | info |\n| --- | ---: | ---: | ---: |\n| a\\|b.rs | 0 | 1 | 0 |\n\n\
             ## a|b.rs\n\nabout a|b.rs.\n\n- line 1, warning: warning | here\n\n\
             ## Files without a result\n\n- bad.txt: not UTF-8 # no heading\n\n\
             Left out: 2 binary, 0 over 128 KiB, 0 empty.\n"
        );
    }

    #[test]
    fn a_report_replaces_an_older_one_and_an_impossible_place_is_named() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let path = directory.path().join("report.md");
        save("old and longer", &path).expect("written");
        save("new", &path).expect("replaced");
        assert_eq!(std::fs::read_to_string(&path).expect("read"), "new");
        let error = save("x", &directory.path().join("no/such/place.md")).expect_err("no directory");
        assert!(error.to_string().contains("place.md"), "{error}");
    }
}
