//! Files that are whole, private, and where they belong.

use std::{
    fs,
    path::Path,
    sync::{Arc, Barrier},
};

use flowspan_model::{Event, EventSink, Field, Kind, Moment};
use flowspan_session::{MAX_FILE_SIZE, SessionCollector, SessionError, SessionMetrics, path_of};

fn session(retries: u64) -> SessionMetrics {
    let mut session = SessionMetrics::new("s");
    session.retries = retries;
    session
}

fn retry() -> Event {
    Event::new(Moment::Occurred, Kind::Retry)
}

fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).expect("it is there");
    entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect()
}

#[test]
fn a_file_that_is_not_there_is_no_session_and_no_error() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    assert_eq!(SessionMetrics::load(directory.path().join("no.json")).expect("no error"), None);
}

#[test]
fn a_save_replaces_the_file_and_leaves_nothing_beside_it() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().join("sessions/s.json");
    for retries in [1, 2] {
        session(retries).save(&path).expect("there is room");
        assert_eq!(SessionMetrics::load(&path).expect("whole").map(|session| session.retries), Some(retries));
    }
    assert_eq!(names(&directory.path().join("sessions")), ["s.json"]);
}

#[cfg(unix)]
#[test]
fn nobody_but_the_owner_reads_it_even_where_an_open_file_was_before() {
    use std::os::unix::fs::{PermissionsExt, symlink};

    let directory = tempfile::tempdir().expect("a temporary directory");
    let (path, elsewhere) = (directory.path().join("s.json"), directory.path().join("elsewhere"));
    fs::write(&elsewhere, "not ours").expect("written");
    symlink(&elsewhere, &path).expect("a link");
    session(1).save(&path).expect("there is room");
    let metadata = fs::symlink_metadata(&path).expect("it is there");
    assert!(metadata.is_file(), "the link was replaced");
    assert_eq!(metadata.permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::read_to_string(&elsewhere).expect("it is there"), "not ours");
}

#[test]
fn a_session_stays_in_its_directory_whatever_it_is_called() {
    let root = tempfile::tempdir().expect("a temporary directory");
    let directory = root.path().join("sessions");
    let ids =
        ["../escape", "/etc/flowspan-escape", "..", ".", "", "a/../../b", "a\0b", "C:\\x", "\n", "..\\..\\x"];
    for id in ids {
        let path = path_of(&directory, id);
        SessionMetrics::new(id).save(&path).unwrap_or_else(|error| panic!("{id:?}: {error}"));
        let loaded = SessionMetrics::load(&path).expect("whole").expect("it is there");
        assert_eq!(loaded.session_id, id);
    }
    assert_eq!(names(root.path()), ["sessions"]);
    assert_eq!(names(&directory).len(), ids.len());
}

#[test]
fn a_damaged_file_is_an_error_that_names_the_place_and_leaves_it_alone() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().join("s.json");
    session(3).save(&path).expect("there is room");
    let whole = fs::read(&path).expect("it is there");
    let cuts = (0..whole.len() - 2).step_by(97).map(|length| whole[..length].to_vec());
    let mut wrong = whole.clone();
    let position = whole.windows(12).position(|text| text == b"\"retries\": 3").expect("it is in it");
    wrong[position + 11] = b'x';
    for damaged in cuts.chain([wrong, b"[]".to_vec(), b"\xff\xfe".to_vec(), b"{\"a\":".repeat(1000)]) {
        fs::write(&path, &damaged).expect("written");
        let error = SessionMetrics::load(&path).expect_err("it is damaged");
        assert!(matches!(error, SessionError::Damaged { line: 1.., .. }), "{error:?}");
        assert!(error.to_string().contains(&*path.to_string_lossy()), "{error}");
        assert_eq!(fs::read(&path).expect("it is there"), damaged);
    }
}

#[test]
fn a_file_from_the_future_is_refused_by_its_version_and_new_fields_are_passed_over() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().join("s.json");
    fs::write(&path, r#"{"format":"flowspan.session","version":2,"retries":"many"}"#).expect("written");
    let error = SessionMetrics::load(&path).expect_err("it is from the future");
    assert!(matches!(error, SessionError::Version { found: 2, .. }), "{error:?}");
    fs::write(&path, r#"{"format":"flowspan.session","version":1,"retries":4,"later":[1]}"#)
        .expect("written");
    assert_eq!(SessionMetrics::load(&path).expect("known").map(|session| session.retries), Some(4));
}

#[test]
fn a_file_of_something_else_is_no_session() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().join("s.json");
    for other in ["{}", r#"{"format":"other","version":1}"#, r#"{"session_id":"x"}"#] {
        fs::write(&path, other).expect("written");
        let error = SessionMetrics::load(&path).expect_err("it is something else");
        assert!(matches!(error, SessionError::Unknown { .. }), "{other}: {error:?}");
    }
    let huge = fs::File::create(&path).expect("made");
    huge.set_len(MAX_FILE_SIZE + 1).expect("a hole takes no room");
    assert!(matches!(SessionMetrics::load(&path), Err(SessionError::TooLarge { .. })));
    assert!(matches!(SessionMetrics::load(directory.path()), Err(SessionError::Read { .. })));
}

#[test]
fn a_stopped_session_takes_nothing_more_and_counts_what_comes() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().join("s.json");
    let collector = SessionCollector::new("s").file(&path);
    (0..3).for_each(|_| collector.event(&retry()));
    assert_eq!((collector.account().created, collector.account().queued), (3, 3));
    collector.stop().expect("there is room");
    (0..2).for_each(|_| collector.event(&retry()));
    let account = collector.account();
    assert_eq!(account.to_string(), "created 5, delivered 3, queued 0, dropped 2 (after_shutdown 2)");
    assert_eq!(SessionMetrics::load(&path).expect("whole"), Some(collector.snapshot()));
    assert_eq!(collector.snapshot().retries, 3);
}

#[test]
fn a_reset_begins_anew_and_leaves_the_file() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().join("s.json");
    let collector = SessionCollector::new("s").file(&path);
    collector.event(&retry());
    collector.flush().expect("there is room");
    collector.reset();
    assert_eq!(collector.snapshot(), SessionMetrics::new("s"));
    assert_eq!(SessionMetrics::load(&path).expect("whole").map(|session| session.retries), Some(1));
    assert!(collector.account().is_balanced());
}

#[test]
fn a_snapshot_is_a_copy_that_later_events_do_not_change() {
    let collector = SessionCollector::new("s");
    collector.event(&retry());
    let snapshot = collector.snapshot();
    collector.event(&retry());
    assert_eq!((snapshot.retries, collector.snapshot().retries), (1, 2));
}

#[test]
fn a_collector_of_one_session_passes_over_the_others() {
    let (mine, all) = (SessionCollector::only("mine"), SessionCollector::new("all"));
    for event in
        [retry(), retry().with(Field::SessionId, "mine"), retry().with(Field::SessionId, "somebody's")]
    {
        mine.event(&event);
        all.event(&event);
    }
    assert_eq!((mine.snapshot().retries, all.snapshot().retries), (1, 3));
    assert_eq!(mine.account().created, 1);
}

#[test]
fn savers_at_once_never_bring_an_older_state_back() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().join("s.json");
    let collector = SessionCollector::new("s").file(&path);
    let begin = Arc::new(Barrier::new(4));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            let (collector, begin, path) = (collector.clone(), begin.clone(), &path);
            scope.spawn(move || {
                begin.wait();
                let mut seen = 0;
                for _ in 0..25 {
                    collector.event(&retry());
                    collector.flush().expect("there is room");
                    let kept = SessionMetrics::load(path).expect("whole").expect("it is there").retries;
                    assert!(kept >= seen, "{kept} after {seen}");
                    seen = kept;
                }
            });
        }
    });
    assert_eq!(SessionMetrics::load(&path).expect("whole").map(|session| session.retries), Some(100));
}
