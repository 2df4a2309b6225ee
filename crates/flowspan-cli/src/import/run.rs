//! One import, from its start to the exit code.

use std::cell::Cell;
use std::fs::{self, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use flowspan::prelude::{Console, Flowspan};
use flowspan::{AtEnd, BuildError, Environment, Import, Imported, Telemetry};
use thiserror::Error;
use tokio::runtime::Runtime;
use tokio::sync::Notify;

use super::args::ImportArgs;
use super::summary::Summary;
use crate::interrupt::interrupted;
use crate::output;

/// What ends an import that got input that cannot be used.
const BAD_INPUT: u8 = 2;
/// How long the last events may take on their way.
const DRAIN: Duration = Duration::from_secs(30);
/// How long a file that is followed is left alone.
const PAUSE: Duration = Duration::from_millis(250);
/// Standard input as a path.
const STANDARD_INPUT: &str = "-";

/// Nothing was imported.
#[derive(Debug, Error)]
enum ImportError {
    #[error(transparent)]
    Telemetry(#[from] BuildError),
    #[error("{} is both read and written to: write the events to another file", .0.display())]
    Circle(PathBuf),
    #[error("standard input cannot be followed: leave out --follow, or name a file")]
    FollowsStandardInput,
    #[error("cannot open {} for lines of unknown types", .0.display())]
    Unknown(PathBuf, #[source] io::Error),
    #[error("cannot read the positions in {}: name another file, or delete it to begin anew", .0.display())]
    Positions(PathBuf, #[source] io::Error),
    #[error("cannot start the runtime of the command")]
    Runtime(#[source] io::Error),
}

/// Runs the import.
pub fn run(args: &ImportArgs) -> ExitCode {
    match work(args) {
        Ok(imported) if imported.files_failed > 0 => ExitCode::FAILURE,
        Ok(_) => ExitCode::SUCCESS,
        Err(error) => {
            output::error(&error);
            if matches!(error, ImportError::Runtime(_)) {
                ExitCode::FAILURE
            } else {
                ExitCode::from(BAD_INPUT)
            }
        }
    }
}

fn work(args: &ImportArgs) -> Result<Imported, ImportError> {
    check(args)?;
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(ImportError::Runtime)?;
    let telemetry = telemetry(args)?;
    let metrics = telemetry.metrics_address().map(|address| format!("http://{address}/metrics"));
    if let Some(url) = &metrics {
        output::note(&format!("metrics are served at {url}"));
    }
    let replay = telemetry.replay();
    let told = Cell::new(0);
    let mut import = Import::new(&replay).on_problem(|problem| {
        told.set(told.get() + 1);
        if told.get() <= args.max_problems {
            output::note(&format!("flowspan: {problem}"));
        }
    });
    if let Some(path) = &args.positions {
        import = import.resume(path).map_err(|error| ImportError::Positions(path.clone(), error))?;
    }
    if let Some(path) = &args.unknown {
        let file = OpenOptions::new().append(true).create(true).open(path);
        import = import.keep_unknown(file.map_err(|error| ImportError::Unknown(path.clone(), error))?);
    }

    read(args, &mut import, if args.follow { AtEnd::Wait } else { AtEnd::Finish });
    // Not before: whoever breaks off what is read now shall be heard at once.
    let stop = Stop::on_interrupt(&runtime);
    keep_positions(args, &telemetry, &import);
    while args.follow && !stop.waited(&runtime) {
        let before = import.imported().lines;
        read(args, &mut import, AtEnd::Wait);
        if import.imported().lines > before {
            keep_positions(args, &telemetry, &import);
        }
    }
    let imported = import.imported().clone();
    drop(import);
    if told.get() > args.max_problems {
        let more = told.get() - args.max_problems;
        output::note(&format!("flowspan: {more} more problems; --max-problems {} shows them", told.get()));
    }
    let accounts = telemetry.shutdown(DRAIN).accounts;
    output::summary(&Summary::new(&imported, &accounts, metrics).render(args.summary));
    if let Some(duration) = args.keep_open {
        output::note(&format!("kept open for {} s; Ctrl-C ends it", duration.as_secs_f64()));
        runtime.block_on(async { drop(tokio::time::timeout(duration, stop.asked.notified()).await) });
    }
    Ok(imported)
}

fn read(args: &ImportArgs, import: &mut Import<'_>, at_end: AtEnd) {
    for path in &args.paths {
        if is_standard_input(path) {
            import.stream(Path::new("standard input"), io::stdin().lock());
        } else {
            import.path(path, at_end);
        }
    }
}

fn telemetry(args: &ImportArgs) -> Result<Telemetry, BuildError> {
    let mut arguments = args.telemetry.clone();
    // Without anybody who could read them, metrics need no port.
    arguments.no_metrics |= !args.follow && args.keep_open.is_none();
    let builder = Flowspan::builder(args.service.clone()).console(Console::off());
    // The file that a program writes to by its variable or configuration may be the one that is read.
    let without_file = Environment::process().with("FLOWSPAN_EVENTS_ENABLED", "false");
    arguments.apply_in(builder, &without_file).build()
}

/// Keeps how far everything has been read, after everything has gone where it is to go.
fn keep_positions(args: &ImportArgs, telemetry: &Telemetry, import: &Import<'_>) {
    let Some(path) = &args.positions else { return };
    let _ = telemetry.flush(DRAIN);
    if let Err(error) = import.save(path) {
        output::note(&format!("flowspan: cannot keep the positions in {}: {error}", path.display()));
    }
}

fn check(args: &ImportArgs) -> Result<(), ImportError> {
    if args.follow && args.paths.iter().any(|path| is_standard_input(path)) {
        return Err(ImportError::FollowsStandardInput);
    }
    let Some(written) = &args.telemetry.events else { return Ok(()) };
    let whole = |path: &Path| {
        // A file that is yet to be made lies in a directory that is there.
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let there = fs::canonicalize(parent).map(|parent| parent.join(path.file_name().unwrap_or_default()));
        fs::canonicalize(path).or(there).unwrap_or_else(|_| path.to_owned())
    };
    let written = whole(written);
    match args.paths.iter().find(|path| written.starts_with(whole(path))) {
        Some(_) => Err(ImportError::Circle(written)),
        None => Ok(()),
    }
}

fn is_standard_input(path: &Path) -> bool {
    path == Path::new(STANDARD_INPUT)
}

/// Whether somebody has asked for the end.
struct Stop {
    asked: Arc<Notify>,
}

impl Stop {
    fn on_interrupt(runtime: &Runtime) -> Self {
        let asked = Arc::new(Notify::new());
        let tell = Arc::clone(&asked);
        runtime.spawn(async move {
            // Who cannot listen for signals is ended by them as ever.
            if interrupted().await.is_ok() {
                tell.notify_one();
            }
        });
        // The listening begins when the task first runs.
        runtime.block_on(tokio::task::yield_now());
        Stop { asked }
    }

    /// Waits for a moment; whether somebody has asked meanwhile.
    fn waited(&self, runtime: &Runtime) -> bool {
        runtime.block_on(async { tokio::time::timeout(PAUSE, self.asked.notified()).await.is_ok() })
    }
}
