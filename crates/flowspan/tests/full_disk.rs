//! A disk that is full under all files at once, on a small file system in memory.
#![cfg(all(target_os = "linux", feature = "console", feature = "jsonl", feature = "session"))]

use std::{fs, io::Write as _, path::Path, process::Command, time::Duration};

use flowspan::{DropReason, Environment, Jsonl, Reporter, SessionFile, SessionMetrics, prelude::*};
use tempfile::TempDir;

const PATIENCE: Duration = Duration::from_secs(30);

/// A small disk, if this user may have one. Taken away when it is dropped.
struct SmallDisk(TempDir);

impl SmallDisk {
    fn mount() -> Option<SmallDisk> {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=128k", "tmpfs"]).arg(directory.path());
        if mount.output().is_ok_and(|output| output.status.success()) {
            return Some(SmallDisk(directory));
        }
        // Past the capture of the harness: who leaves a test out shall be seen to have done so.
        let _ = writeln!(std::io::stderr(), "flowspan: test left out: no tmpfs can be mounted here");
        None
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    /// Takes all room that is left, until the file is removed.
    fn fill(&self) {
        let mut file = fs::File::create(self.path().join("filler")).expect("a name takes no room");
        while file.write_all(&[0; 512]).is_ok() {}
    }

    fn make_room(&self) {
        fs::remove_file(self.path().join("filler")).expect("it is there");
    }

    fn session(&self) -> SessionMetrics {
        SessionMetrics::load(self.path().join("session.json"))
            .expect("the file is whole")
            .expect("it is there")
    }

    /// The file of events, every line of which is whole.
    fn events(&self) -> Vec<serde_json::Value> {
        let text = fs::read_to_string(self.path().join("events.jsonl")).expect("text");
        assert!(text.ends_with('\n'), "no half line");
        text.lines().map(|line| serde_json::from_str(line).expect("a whole line")).collect()
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.path()).status();
    }
}

#[test]
fn a_full_disk_costs_lines_that_are_counted_and_everything_goes_on_once_there_is_room() {
    let Some(disk) = SmallDisk::mount() else { return };
    let telemetry = Flowspan::builder("bot")
        .environment(Environment::empty())
        .console(Console::off())
        .reporter(Reporter::silent())
        .session(SessionFile::to(disk.path().join("session.json")).interval(Duration::from_secs(3600)))
        .events(Jsonl::to(disk.path().join("events.jsonl")).delay(Duration::from_secs(3600)))
        .build()
        .expect("there is room");
    let guard = telemetry.set_default();
    let run = |workflows: u64| {
        for _ in 0..workflows {
            Workflow::new("triage").in_scope(|| Ok::<_, std::io::Error>(())).expect("nothing fails");
        }
    };
    run(10);
    telemetry.flush(PATIENCE);
    let (lines, session) = (disk.events(), disk.session());
    assert_eq!((lines.len(), session.requests.executions), (20, 10), "a start and an end of each");

    disk.fill();
    // More than the last page of the file can still take.
    run(100);
    let full = telemetry.flush(PATIENCE).events;
    let lost = full.dropped_for(DropReason::ExportFailed);
    assert!(lost > 0 && full.is_balanced(), "{full}");
    assert_eq!(disk.session(), session, "the old file is as it was");
    assert_eq!(disk.events()[..20], lines[..], "what was there is intact");
    assert!(!telemetry.health().works());

    disk.make_room();
    run(5);
    let after = telemetry.flush(PATIENCE).events;
    drop(guard);
    assert_eq!((after.lost(), after.queued), (lost, 0), "nothing more is lost: {after}");
    assert!(telemetry.health().works());
    assert_eq!(disk.session().requests.executions, 115, "a session adds up, and is saved as a whole");
    assert_eq!(disk.events().len() as u64 + lost, 230);
    let _ = telemetry.shutdown(PATIENCE);
}
