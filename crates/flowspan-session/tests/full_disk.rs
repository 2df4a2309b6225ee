//! A disk that is full, on a small file system in memory.

#![cfg(target_os = "linux")]

use std::{fs, io::Write as _, path::Path, process::Command, time::Duration};

use flowspan_model::{Event, EventSink, Kind, Moment};
use flowspan_runtime::{Environment, ExporterStatus, Health, Reporter, Worker};
use flowspan_session::{SessionFile, SessionMetrics, SessionWriter};
use tempfile::TempDir;

const PATIENCE: Duration = Duration::from_secs(20);

/// A small disk, if this user may have one. Taken away when it is dropped.
struct SmallDisk(TempDir);

impl SmallDisk {
    fn mount() -> Option<SmallDisk> {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=64k", "tmpfs"]).arg(directory.path());
        if mount.output().is_ok_and(|output| output.status.success()) {
            return Some(SmallDisk(directory));
        }
        // Past the capture of the harness: who leaves a test out shall be seen to have done so.
        let _ = writeln!(std::io::stderr(), "flowspan-session: test left out: no tmpfs can be mounted here");
        None
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    /// Takes all room that is left, until the file is removed.
    fn fill(&self) {
        let mut file = fs::File::create(self.path().join("filler")).expect("a name takes no room");
        while file.write_all(&[0; 4096]).is_ok() {}
    }

    fn make_room(&self) {
        fs::remove_file(self.path().join("filler")).expect("it is there");
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.path()).status();
    }
}

fn retry() -> Event {
    Event::new(Moment::Occurred, Kind::Retry)
}

fn start(disk: &SmallDisk, worker: &Worker, health: &Health) -> SessionWriter {
    let file = SessionFile::to(disk.path().join("session.json")).interval(Duration::from_secs(3600));
    let settings = file.resolve(&Environment::empty()).expect("there is room").expect("a file");
    SessionWriter::start(settings, &worker.handle(), health, || None)
}

fn kept(disk: &SmallDisk) -> Option<u64> {
    let session = SessionMetrics::load(disk.path().join("session.json")).expect("the file is whole");
    session.map(|session| session.retries)
}

#[test]
fn a_full_disk_keeps_the_old_file_is_told_and_costs_nothing_once_there_is_room() {
    let Some(disk) = SmallDisk::mount() else { return };
    let (worker, health) = (Worker::start().expect("a thread"), Health::new(Reporter::silent()));
    let writer = start(&disk, &worker, &health);
    writer.collector().event(&retry());
    assert!(writer.begin_flush()(PATIENCE));

    disk.fill();
    writer.collector().event(&retry());
    assert!(!writer.begin_flush()(PATIENCE));
    assert_eq!(kept(&disk), Some(1), "the old file is as it was");
    let status = health.exporters()[0].status.clone();
    let ExporterStatus::Failing { failures: 1, last_error, .. } = status else { panic!("{status:?}") };
    assert!(last_error.contains("session.json") && last_error.contains("No space left"), "{last_error}");
    assert_eq!(writer.account().to_string(), "created 2, delivered 1, queued 1, dropped 0");

    disk.make_room();
    writer.collector().event(&retry());
    assert!(writer.begin_flush()(PATIENCE));
    assert_eq!(kept(&disk), Some(3), "nothing was lost");
    assert!(health.works());
    assert!(writer.begin_shutdown()(PATIENCE));
    assert_eq!(writer.account().to_string(), "created 3, delivered 3, queued 0, dropped 0");
}

#[test]
fn what_the_last_save_could_not_bring_is_lost_and_counted() {
    let Some(disk) = SmallDisk::mount() else { return };
    let (worker, health) = (Worker::start().expect("a thread"), Health::new(Reporter::silent()));
    let writer = start(&disk, &worker, &health);
    writer.collector().event(&retry());
    assert!(writer.begin_flush()(PATIENCE));
    disk.fill();
    (0..4).for_each(|_| writer.collector().event(&retry()));
    assert!(!writer.begin_shutdown()(PATIENCE));
    writer.collector().event(&retry());
    assert_eq!(
        writer.account().to_string(),
        "created 6, delivered 1, queued 0, dropped 5 (export_failed 4, after_shutdown 1)"
    );
    assert_eq!(kept(&disk), Some(1));
}
