//! The file that is written to, and those before it.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use flowspan_jsonl::{AtEnd, Earlier, Import, Jsonl, JsonlError, JsonlSink};
use flowspan_model::EventSink as _;
use flowspan_runtime::{Environment, Health, Reporter, Worker};

use crate::support::{Kept, lines, numbered};

const LONG: Duration = Duration::from_secs(30);

struct Writing {
    worker: Worker,
    sink: JsonlSink,
    health: Health,
}

fn start(jsonl: &Jsonl) -> Result<Writing, JsonlError> {
    let worker = Worker::start().expect("a thread");
    let health = Health::new(Reporter::silent());
    let resolved = jsonl.resolve(&Environment::empty())?;
    let sink = JsonlSink::start(&resolved, &worker.handle(), &health)?;
    Ok(Writing { worker, sink, health })
}

impl Writing {
    /// Writes events of these numbers, a flush after each `many`.
    fn write(&self, numbers: std::ops::Range<i64>, many: i64) {
        for number in numbers {
            self.sink.event(&numbered(number));
            if number % many == many - 1 {
                self.sink.flush(LONG).expect("written");
            }
        }
        self.sink.flush(LONG).expect("written");
    }

    fn end(self) {
        let shutdown = self.sink.shutdown(LONG);
        assert!(shutdown.is_clean() && shutdown.account.is_balanced(), "{shutdown:?}");
        self.worker.stop(LONG);
    }
}

/// The numbers of all events in a directory.
fn numbers(directory: &Path) -> Vec<i64> {
    let kept = Kept::default();
    let mut import = Import::new(&kept);
    import.path(directory, AtEnd::Finish);
    assert_eq!((import.imported().malformed, import.imported().files_failed), (0, 0));
    kept.numbers()
}

fn names(directory: &Path) -> Vec<String> {
    let name = |entry: std::io::Result<fs::DirEntry>| {
        entry.expect("readable").file_name().into_string().expect("UTF-8")
    };
    let mut names: Vec<_> = fs::read_dir(directory).expect("there").map(name).collect();
    names.sort();
    names
}

/// Waits for what is done after the writing; nothing tells when.
fn eventually(is_so: impl Fn() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < LONG, "it did not come to that");
        std::thread::yield_now();
    }
}

#[test]
fn a_shutdown_leaves_every_event_in_the_file() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("events.jsonl");
    let writing = start(&Jsonl::to(&path)).expect("started");
    (0..1_000).for_each(|number| writing.sink.event(&numbered(number)));
    assert!(writing.health.works());
    writing.end();
    assert_eq!(fs::read(&path).expect("there"), lines(0..1_000));
    let writing = start(&Jsonl::to(&path)).expect("started again");
    writing.write(1_000..1_010, 10);
    writing.end();
    assert_eq!(numbers(directory.path()), (0..1_010).collect::<Vec<_>>(), "an earlier run is gone on with");
}

#[cfg(unix)]
#[test]
fn nobody_but_the_owner_may_read_the_files() {
    use std::os::unix::fs::PermissionsExt as _;
    let directory = tempfile::tempdir().expect("a directory");
    let jsonl = Jsonl::to(directory.path().join("events.jsonl")).rotate_bytes(10_000);
    let writing = start(&jsonl).expect("started");
    writing.write(0..200, 20);
    eventually(|| names(directory.path()).iter().any(|name| name.ends_with("Z.jsonl.gz")));
    writing.end();
    for name in names(directory.path()) {
        let Ok(metadata) = fs::metadata(directory.path().join(&name)) else { continue };
        assert_eq!(metadata.permissions().mode() & 0o777, 0o600, "{name}");
    }
}

#[test]
fn files_are_rotated_by_size_and_none_of_their_events_is_lost() {
    let directory = tempfile::tempdir().expect("a directory");
    for earlier in [Earlier::Compressed, Earlier::Plain] {
        let path = directory.path().join(format!("{earlier:?}")).join("events.jsonl");
        let parent = path.parent().expect("a directory");
        fs::create_dir(parent).expect("made");
        let jsonl = Jsonl::to(&path).rotate_bytes(20_000).keep_files(1_000).earlier(earlier);
        let writing = start(&jsonl).expect("started");
        writing.write(0..1_000, 10);
        if earlier == Earlier::Compressed {
            let plain = |name: &String| name.ends_with("Z.jsonl");
            eventually(|| names(parent).iter().filter(|name| plain(name)).count() == 0);
        }
        writing.end();
        assert!(names(parent).len() > 10, "{:?}", names(parent));
        assert_eq!(numbers(parent), (0..1_000).collect::<Vec<_>>());
        for name in names(parent) {
            assert!(fs::metadata(parent.join(&name)).expect("there").len() <= 20_000, "{name}");
        }
    }
}

#[test]
fn files_are_rotated_by_age() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("events.jsonl");
    let jsonl = Jsonl::to(&path).rotate_after(Duration::ZERO).earlier(Earlier::Plain);
    let writing = start(&jsonl).expect("started");
    writing.write(0..3, 1);
    writing.end();
    assert_eq!(names(directory.path()).len(), 3);
    assert_eq!(numbers(directory.path()), [0, 1, 2]);
}

#[test]
fn the_oldest_files_go_when_there_are_too_many_or_they_are_too_large() {
    for jsonl in [
        Jsonl::default().keep_files(3).earlier(Earlier::Plain),
        Jsonl::default().keep_files(3),
        Jsonl::default().keep_bytes(60_000).earlier(Earlier::Plain),
    ] {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("events.jsonl");
        // Files of others with names that are nearly those.
        let foreign =
            ["events.old.jsonl", "events.20260101T000000.jsonl", "other.20260101T000000.000000000Z.jsonl"];
        foreign.iter().for_each(|name| fs::write(directory.path().join(name), lines([0])).expect("written"));
        let environment = Environment::from_pairs([("FLOWSPAN_EVENTS_FILE", path.display().to_string())]);
        let resolved = jsonl.rotate_bytes(20_000).resolve(&environment).expect("usable");
        let worker = Worker::start().expect("a thread");
        let sink =
            JsonlSink::start(&resolved, &worker.handle(), &Health::new(Reporter::silent())).expect("started");
        let writing = Writing { worker, sink, health: Health::default() };
        writing.write(0..1_000, 10);
        let earlier = || -> Vec<PathBuf> {
            let is_ours = |name: &String| name.contains('T') && !foreign.contains(&name.as_str());
            names(directory.path())
                .into_iter()
                .filter(is_ours)
                .map(|name| directory.path().join(name))
                .collect()
        };
        let are_few = || {
            let bytes: u64 =
                earlier().iter().filter_map(|file| fs::metadata(file).ok()).map(|file| file.len()).sum();
            earlier().len() <= 3 && bytes <= 60_000
        };
        eventually(are_few);
        writing.end();
        assert!(!earlier().is_empty());
        let kept = foreign.iter().all(|name| directory.path().join(name).exists());
        assert!(kept, "{:?}", names(directory.path()));
        foreign.iter().for_each(|name| fs::remove_file(directory.path().join(name)).expect("removed"));
        let numbers = numbers(directory.path());
        assert_eq!(numbers, (1_000 - numbers.len() as i64..1_000).collect::<Vec<_>>(), "the newest are left");
    }
}

#[test]
fn what_a_crash_has_left_behind_is_put_in_order_at_the_next_start() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("events.jsonl");
    let at = |name: &str| directory.path().join(name);
    fs::write(at("events.20260101T000000.000000001Z.jsonl"), lines([1])).expect("written");
    // Compressed, and not deleted yet.
    fs::write(at("events.20260101T000000.000000002Z.jsonl"), lines([2])).expect("written");
    fs::write(at("events.20260101T000000.000000002Z.jsonl.gz"), lines([2])).expect("written");
    fs::write(at(".events.x7.partial"), "half").expect("written");
    // In the middle of a line.
    let torn = lines([3, 4]);
    fs::write(&path, &torn[..torn.len() - 10]).expect("written");
    let writing = start(&Jsonl::to(&path)).expect("started");
    eventually(|| names(directory.path()).len() == 3);
    writing.write(5..7, 10);
    writing.end();
    assert_eq!(
        names(directory.path()),
        [
            "events.20260101T000000.000000001Z.jsonl.gz",
            "events.20260101T000000.000000002Z.jsonl.gz",
            "events.jsonl"
        ]
    );
    let kept = Kept::default();
    let mut import = Import::new(&kept);
    import.path(directory.path(), AtEnd::Finish);
    assert_eq!(import.imported().malformed, 1, "the line that was cut off, and nothing else");
    drop(import);
    assert_eq!(kept.numbers(), [1, 2, 3, 5, 6]);
}

#[cfg(unix)]
#[test]
fn a_file_that_somebody_moves_away_is_begun_anew() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("events.jsonl");
    let writing = start(&Jsonl::to(&path)).expect("started");
    writing.write(0..2, 2);
    fs::rename(&path, directory.path().join("events.jsonl.1")).expect("renamed");
    writing.write(2..4, 2);
    fs::remove_file(&path).expect("removed");
    writing.write(4..6, 2);
    writing.end();
    assert_eq!(numbers(directory.path()), [0, 1, 4, 5]);
}

#[cfg(unix)]
#[test]
fn a_directory_that_is_away_costs_its_events_and_nothing_else() {
    let directory = tempfile::tempdir().expect("a directory");
    let [there, away] = ["there", "away"].map(|name| directory.path().join(name));
    fs::create_dir(&there).expect("made");
    let writing = start(&Jsonl::to(there.join("events.jsonl"))).expect("started");
    writing.write(0..2, 2);
    fs::rename(&there, &away).expect("renamed");
    writing.sink.event(&numbered(2));
    assert!(writing.sink.flush(LONG).is_err());
    assert!(!writing.health.works());
    fs::rename(&away, &there).expect("renamed");
    writing.write(3..5, 2);
    assert!(writing.health.works());
    let account = writing.sink.account();
    assert_eq!((account.created, account.delivered, account.lost()), (5, 4, 1));
    writing.end();
    assert_eq!(numbers(&there), [0, 1, 3, 4]);
}

#[cfg(unix)]
#[test]
fn what_cannot_be_written_to_is_an_error_at_the_start() {
    let directory = tempfile::tempdir().expect("a directory");
    let at = |name: &str| directory.path().join(name);
    let made = std::process::Command::new("mkfifo").arg(at("pipe")).status().expect("mkfifo");
    assert!(made.success());
    let _first = start(&Jsonl::to(at("used.jsonl"))).expect("started");
    for (path, said) in [
        (at("pipe"), "is no regular file"),
        (directory.path().to_owned(), "is no regular file"),
        (at("no/events.jsonl"), "its directory must exist"),
        (at("used.jsonl"), "is written to by another program"),
    ] {
        let error = start(&Jsonl::to(&path)).map(drop).expect_err(said).to_string();
        assert!(error.contains(said) && error.contains(&path.display().to_string()), "{error}");
    }
}
