//! `flowspan report`: what a session came to, as tables, as a page and as JSON.

mod chart;
mod html;
mod show;
mod tables;
mod text;

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::Args;
use flowspan_session::{SessionDocument, SessionError, SessionMetrics};
use thiserror::Error;

use crate::output;

/// Shows what a session came to.
///
/// Reads the session files of flowspan, METRICS.json of M31A and the JSON exports of go-agentic. Several
/// files are added up.
#[derive(Clone, Debug, Args)]
pub struct ReportArgs {
    /// The files of the session.
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,

    /// Write a page with charts into this file as well; it needs nothing but itself.
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,

    /// Print JSON, in the form of a session file, instead of tables.
    #[arg(long)]
    pub json: bool,
}

/// Why there is no report.
#[derive(Debug, Error)]
enum ReportError {
    #[error(transparent)]
    Session(SessionError),
    #[error("there is no file {}", path.display())]
    Missing { path: PathBuf },
    #[error("cannot write the page {}; choose another place with --html", path.display())]
    Page {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
}

/// Runs the command.
pub fn run(args: &ReportArgs) -> ExitCode {
    match report(args) {
        Ok(text) => {
            output::summary(&text);
            ExitCode::SUCCESS
        }
        Err(error) => {
            output::error(&error);
            ExitCode::FAILURE
        }
    }
}

fn report(args: &ReportArgs) -> Result<String, ReportError> {
    let session = read(&args.files)?;
    if let Some(path) = &args.html {
        let page = html::page(&session, args.files.len());
        fs::write(path, page).map_err(|source| ReportError::Page { path: path.clone(), source })?;
    }
    let text = || text::render(&session, args.files.len());
    if args.json {
        // Numbers and texts always become JSON; were they not to, the tables say as much.
        return Ok(
            serde_json::to_string_pretty(&SessionDocument::from(session.clone())).unwrap_or_else(|_| text())
        );
    }
    Ok(text())
}

/// The sessions in all files, as one.
fn read(files: &[PathBuf]) -> Result<SessionMetrics, ReportError> {
    let mut sessions = files.iter().map(|path| load(path));
    let first = sessions.next().transpose()?.unwrap_or_default();
    sessions.try_fold(first, |mut all, session| {
        all.merge(&session?);
        Ok(all)
    })
}

fn load(path: &Path) -> Result<SessionMetrics, ReportError> {
    let session = SessionMetrics::load(path).map_err(ReportError::Session)?;
    session.ok_or_else(|| ReportError::Missing { path: path.to_owned() })
}

#[cfg(test)]
mod tests {
    use flowspan::model::{Event, Field, Kind, Moment};

    use super::*;

    /// A session with something in every part, and names that would like to be markup or to move a cursor.
    pub(super) fn session() -> SessionMetrics {
        let mut session = SessionMetrics::new("<script>alert('id')</script>");
        let ended = |kind| {
            let mut event = Event::new(Moment::Ended, kind)
                .with(Field::PhaseName, "plan & \"do\"")
                .with(Field::StepName, "clone")
                .with(Field::AgentName, "</td><img src=x onerror=alert(1)>")
                .with(Field::ToolName, "rg\u{1b}[2J\u{202e}")
                .with(Field::Provider, "openai")
                .with(Field::RequestModel, "gpt-5-mini")
                .with(Field::InputTokens, 1000_u64)
                .with(Field::OutputTokens, 234_u64)
                .with(Field::CacheReadTokens, 500_u64)
                .with(Field::CostAmount, 0.0125)
                .with(Field::Status, "success");
            event.duration = Some(std::time::Duration::from_millis(1500));
            event
        };
        let spans = [
            Kind::Workflow,
            Kind::Phase,
            Kind::Step,
            Kind::Agent,
            Kind::ToolCall,
            Kind::Inference,
            Kind::MapItem,
        ];
        for kind in spans {
            session.record(&ended(kind));
        }
        session.record(&ended(Kind::ToolCall).with(Field::Status, "timeout"));
        for kind in [Kind::CacheHit, Kind::CacheMiss, Kind::Retry] {
            session.record(&Event::new(Moment::Occurred, kind));
        }
        session.record(
            &Event::new(Moment::Occurred, Kind::MemoryPressure).with(Field::MemoryUsed, 54_525_952_u64),
        );
        session
    }

    fn args(files: &[&Path]) -> ReportArgs {
        let files = files.iter().map(|path| path.to_path_buf()).collect();
        ReportArgs { files, html: None, json: true }
    }

    #[test]
    fn several_files_are_added_up_and_the_json_is_a_session_again() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let [one, other, both] = ["one", "other", "both"].map(|name| directory.path().join(name));
        session().save(&one).expect("there is room");
        session().save(&other).expect("there is room");
        fs::write(&both, report(&args(&[&one, &other])).expect("a report")).expect("there is room");
        let mut expected = session();
        expected.merge(&session());
        // Sessions of different moments: what was recorded first and last is not the same.
        let mut found = load(&both).expect("a session");
        (found.started_at, found.updated_at) = (expected.started_at, expected.updated_at);
        found.memory.measured_at = expected.memory.measured_at;
        assert_eq!(found, expected);
    }

    #[test]
    fn a_file_of_the_largest_numbers_that_there_are_is_shown_and_added_up() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let path = directory.path().join("session.json");
        let text = serde_json::to_string(&SessionDocument::from(session())).expect("JSON");
        let mut json: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        enlarge(&mut json);
        json["version"] = 1.into();
        fs::write(&path, json.to_string()).expect("written");
        let mut all = read(&[path.clone(), path]).expect("it is whole");
        all.merge(&session());
        for kind in Kind::ALL {
            for moment in Moment::ALL {
                all.record(&Event::new(moment, *kind).with(Field::AgentName, "a".repeat(1000)));
            }
        }
        assert_eq!((all.requests.executions, all.cache.hits, all.bounded), (u64::MAX, u64::MAX, u64::MAX));
        assert!(text::render(&all, 3).contains("18\u{202f}446"));
        assert!(html::page(&all, 3).contains("<svg"));
    }

    fn enlarge(json: &mut serde_json::Value) {
        use serde_json::Value;
        match json {
            Value::Number(number) if number.is_u64() => *json = u64::MAX.into(),
            Value::Number(_) => *json = f64::MAX.into(),
            Value::Array(values) => values.iter_mut().for_each(enlarge),
            Value::Object(fields) => fields.values_mut().for_each(enlarge),
            _ => {}
        }
    }

    #[test]
    fn a_file_that_is_not_there_or_damaged_is_an_error_that_names_it() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let path = directory.path().join("session.json");
        let error = report(&args(&[&path])).expect_err("it is not there");
        assert!(error.to_string().contains("session.json"), "{error}");
        fs::write(&path, "{").expect("written");
        let error = report(&args(&[&path])).expect_err("it is damaged");
        assert!(error.to_string().contains("session.json is damaged at line 1"), "{error}");
    }
}
