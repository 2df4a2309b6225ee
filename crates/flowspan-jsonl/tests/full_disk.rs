//! A disk that is full. Alone in its file: the limit is that of the process.
#![cfg(target_os = "linux")]

use std::process::Command;
use std::time::{Duration, UNIX_EPOCH};

use flowspan_jsonl::{AtEnd, Import, Jsonl, JsonlSink};
use flowspan_model::{Event, EventSink, Field, Fields, Kind, Moment, SpanIds};
use flowspan_runtime::{Environment, Health, Reporter, Worker};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

const INSIDE: &str = "FLOWSPAN_TEST_DIRECTORY";
const LONG: Duration = Duration::from_secs(30);

/// A file must not become longer than 64 KiB, and to try is an error instead of the end of the program:
/// for the one who writes, that is a disk that is full, half a line before its end.
#[test]
fn a_full_disk_costs_what_does_not_fit_and_leaves_no_half_line() {
    if let Some(directory) = std::env::var_os(INSIDE) {
        return under_the_limit(std::path::Path::new(&directory));
    }
    let directory = tempfile::tempdir().expect("a directory");
    let ran = Command::new("sh")
        .args(["-c", "trap '' XFSZ; ulimit -S -f 128; exec \"$0\" --nocapture"])
        .arg(std::env::current_exe().expect("this program"))
        .env(INSIDE, directory.path())
        .output()
        .expect("a shell");
    let said = String::from_utf8_lossy(&ran.stdout);
    assert!(
        ran.status.success() && said.contains("1 passed"),
        "{said}{}",
        String::from_utf8_lossy(&ran.stderr)
    );
}

fn under_the_limit(directory: &std::path::Path) {
    let path = directory.join("events.jsonl");
    let worker = Worker::start().expect("a thread");
    let health = Health::new(Reporter::silent());
    let resolved = Jsonl::to(&path).resolve(&Environment::empty()).expect("usable");
    let sink = JsonlSink::start(&resolved, &worker.handle(), &health).expect("started");

    let write = |from: i64| {
        (from..from + 100).for_each(|number| sink.event(&numbered(number)));
        sink.flush(LONG).is_ok()
    };
    assert!(write(0), "100 events fit");
    let mut fitted =
        (1..).map(|round| (round * 100, write(round * 100))).find(|(_, fits)| !fits).expect("full").0;
    assert!(!health.works());
    assert!(!write(fitted + 100), "it is still full");
    let before = std::fs::read(&path).expect("there");
    assert!(before.ends_with(b"}\n") && before.len() <= 64 << 10);

    let limit = getrlimit(Resource::Fsize);
    setrlimit(Resource::Fsize, Rlimit { current: limit.maximum, ..limit }).expect("more room");
    assert!(write(fitted + 200), "writing goes on");
    assert!(health.works());
    let account = sink.account();
    assert!(account.is_balanced(), "{account}");
    assert_eq!((account.lost(), account.delivered), (200, u64::try_from(fitted).expect("few") + 100));
    assert!(std::fs::read(&path).expect("there").starts_with(&before), "what was there is intact");

    let numbers = Numbers::default();
    let mut import = Import::new(&numbers);
    import.path(&path, AtEnd::Finish);
    assert_eq!(import.imported().malformed, 0);
    drop(import);
    let mut expected: Vec<i64> = (0..fitted).collect();
    fitted += 200;
    expected.extend(fitted..fitted + 100);
    assert_eq!(numbers.0.into_inner().expect("no panic"), expected);
}

#[derive(Default)]
struct Numbers(std::sync::Mutex<Vec<i64>>);

impl EventSink for Numbers {
    fn event(&self, event: &Event) {
        self.0.lock().expect("no panic").push(event.fields.integer(Field::Count).expect("a number"));
    }
}

fn numbered(number: i64) -> Event {
    Event {
        moment: Moment::Occurred,
        kind: Kind::StorageWritten,
        time: UNIX_EPOCH + Duration::from_nanos(number.unsigned_abs()),
        ids: SpanIds::default(),
        duration: None,
        fields: Fields::default(),
    }
    .with(Field::Count, number)
}
