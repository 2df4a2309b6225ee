//! Servers that are away, come late or take nothing.

use std::{
    net::UdpSocket,
    sync::mpsc,
    time::{Duration, Instant},
};

use flowspan_model::catalog::Instrument;
use flowspan_runtime::{DropReason, ExporterStatus, FlushError};
use flowspan_statsd::{Dialect, Statsd};

use crate::program::{PATIENCE, Program, counter, series};

fn receiver() -> (UdpSocket, String) {
    let receiver = UdpSocket::bind("127.0.0.1:0").expect("a free port");
    receiver.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    let address = receiver.local_addr().expect("it is bound").to_string();
    (receiver, address)
}

fn datagram(receiver: &UdpSocket) -> String {
    let mut datagram = vec![0; 65_536];
    let length = receiver.recv(&mut datagram).expect("a datagram");
    String::from_utf8(datagram[..length].to_vec()).expect("text")
}

#[test]
fn a_dead_server_costs_its_lines_and_nothing_else_and_is_found_when_it_comes() {
    let (gone, address) = receiver();
    drop(gone);
    let mut program = Program::new(&Statsd::to(&address));
    let steps = counter();
    program.measure(&steps, 1.0);
    program.measure(&steps, 1.0);
    let lost = program.sink.pipeline().flush(PATIENCE);
    assert_eq!(lost, Err(FlushError::Lost { items: 2 }));
    assert_eq!(program.account().dropped_for(DropReason::ExportFailed), 2);
    let states = program.health.exporters();
    assert_eq!(states[0].name, "statsd");
    let ExporterStatus::Failing { last_error, .. } = &states[0].status else { panic!("{states:?}") };
    assert!(last_error.contains(&address), "{last_error}");

    let back = UdpSocket::bind(&address).expect("the port is still free");
    back.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    program.measure(&steps, 3.0);
    program.sink.pipeline().flush(PATIENCE).expect("it is back");
    assert_eq!(datagram(&back), "flowspan.steps:3|c");
    assert!(program.health.works());
    assert_eq!(program.account().delivered, 1);
}

#[test]
fn a_name_that_nobody_knows_costs_its_lines_and_nothing_else() {
    // Names below `invalid` are nobody's (RFC 6761).
    let mut program = Program::new(&Statsd::to("statsd.invalid:8125"));
    let before = Instant::now();
    for _ in 0..100 {
        program.measure(&counter(), 1.0);
    }
    assert!(before.elapsed() < Duration::from_secs(1), "measuring does not look up names");
    let lost = program.sink.pipeline().flush(PATIENCE);
    assert_eq!(lost, Err(FlushError::Lost { items: 100 }));
    assert_eq!(program.account().lost(), 100);
}

/// Holds the worker until what comes back is dropped. Its thread is held, not only a task: nothing is sent
/// meanwhile.
fn hold(program: &Program) -> mpsc::Sender<()> {
    let (release, held) = mpsc::channel::<()>();
    let (holding, is_held) = mpsc::channel();
    program.worker.handle().spawn(async move {
        holding.send(()).expect("the test waits");
        let _ = held.recv();
    });
    is_held.recv().expect("the worker runs");
    release
}

#[test]
fn a_full_queue_drops_the_newest_and_counts_it() {
    let (receiver, address) = receiver();
    let mut program = Program::new(&Statsd::to(address).queue_capacity(10));
    let release = hold(&program);
    for value in 0..25 {
        program.measure(&counter(), f64::from(value));
    }
    let account = program.account();
    assert_eq!((account.queued, account.dropped_for(DropReason::QueueFull)), (10, 15));
    drop(release);
    program.sink.pipeline().flush(PATIENCE).expect("sent");
    let expected: Vec<_> = (0..10).map(|value| format!("flowspan.steps:{value}|c")).collect();
    assert_eq!(datagram(&receiver), expected.join("\n"));
    assert_eq!(program.account().delivered, 10);
}

#[test]
fn lines_fill_datagrams_of_the_size_that_was_asked_for() {
    let (receiver, address) = receiver();
    let mut program = Program::new(&Statsd::to(address).datagram_size(100));
    let release = hold(&program);
    for _ in 0..20 {
        program.measure(&counter(), 7.0);
    }
    drop(release);
    program.sink.pipeline().flush(PATIENCE).expect("sent");
    // A line and its break have 19 bytes: five of them have a place.
    for _ in 0..4 {
        assert_eq!(datagram(&receiver), ["flowspan.steps:7|c"; 5].join("\n"));
    }
    assert_eq!(program.account().delivered, 20);
}

#[test]
fn a_label_of_a_mebibyte_is_a_line_like_any_other() {
    let (receiver, address) = receiver();
    let mut program = Program::new(&Statsd::to(address).dialect(Dialect::DogStatsD));
    let huge = "a|b\n".repeat(1 << 18);
    let labels = [("huge", huge.as_str()), ("status", "ok")];
    program.measure(&series("steps", Instrument::Counter, "", &labels), 1.0);
    program.sink.pipeline().flush(PATIENCE).expect("sent");
    assert_eq!(datagram(&receiver), format!("steps:1|c|#huge:{},status:ok", "a_b_".repeat(32)));
}

#[test]
fn a_line_longer_than_a_datagram_travels_alone() {
    let (receiver, address) = receiver();
    let mut program = Program::new(&Statsd::to(address).dialect(Dialect::Influx).datagram_size(64));
    let value = "v".repeat(100);
    let labels = [("a", value.as_str()), ("b", value.as_str())];
    let long = series("steps", Instrument::Counter, "", &labels);
    program.measure(&counter(), 1.0);
    program.measure(&long, 1.0);
    program.measure(&counter(), 1.0);
    program.sink.pipeline().flush(PATIENCE).expect("sent");
    assert_eq!(datagram(&receiver), "flowspan.steps:1|c");
    assert_eq!(datagram(&receiver), format!("steps,a={value},b={value}:1|c"));
    assert_eq!(datagram(&receiver), "flowspan.steps:1|c");
}

#[test]
fn a_line_that_no_datagram_can_carry_is_counted_and_the_others_arrive() {
    let (receiver, address) = receiver();
    let mut program = Program::new(&Statsd::to(address).dialect(Dialect::DogStatsD));
    let value = "v".repeat(200);
    let labels: Vec<_> = (0..1000).map(|number| (format!("label{number}"), value.as_str())).collect();
    let labels: Vec<_> = labels.iter().map(|(key, value)| (key.as_str(), *value)).collect();
    program.measure(&series("steps", Instrument::Counter, "", &labels), 1.0);
    program.measure(&counter(), 1.0);
    assert_eq!(program.sink.pipeline().flush(PATIENCE), Err(FlushError::Lost { items: 1 }));
    assert_eq!(datagram(&receiver), "flowspan.steps:1|c");
    let account = program.account();
    assert_eq!((account.delivered, account.dropped_for(DropReason::ExportFailed)), (1, 1));
    assert_eq!(account.lost(), 1);
}

#[test]
fn after_the_shutdown_lines_are_counted_as_too_late() {
    let (receiver, address) = receiver();
    let mut program = Program::new(&Statsd::to(address));
    program.measure(&counter(), 1.0);
    assert!(program.sink.pipeline().shutdown(PATIENCE).is_clean());
    program.measure(&counter(), 1.0);
    assert_eq!(datagram(&receiver), "flowspan.steps:1|c");
    let account = program.account();
    assert_eq!((account.delivered, account.dropped_for(DropReason::AfterShutdown)), (1, 1));
}

#[cfg(unix)]
mod unix {
    use std::os::unix::net::UnixDatagram;

    use super::*;

    fn path(directory: &tempfile::TempDir) -> String {
        directory.path().join("statsd.sock").display().to_string()
    }

    #[test]
    fn a_server_that_reads_nothing_blocks_nobody_and_every_loss_is_counted() {
        let directory = tempfile::tempdir().expect("a directory");
        let server = UnixDatagram::bind(path(&directory)).expect("a socket");
        let statsd = Statsd::to(path(&directory)).datagram_size(64).queue_capacity(2_000);
        let mut program = Program::new(&statsd);
        let before = Instant::now();
        for _ in 0..20_000 {
            program.measure(&counter(), 1.0);
        }
        assert!(before.elapsed() < Duration::from_secs(5), "measuring does not wait for the server");
        let end = program.sink.pipeline().shutdown(Duration::from_millis(200));
        assert!(end.timed_out);
        assert_eq!(end.account.queued, 0);
        assert_eq!(end.account.created, 20_000);
        assert!(end.account.dropped_for(DropReason::QueueFull) > 0, "{}", end.account);
        assert!(end.account.dropped_for(DropReason::Shutdown) > 0, "{}", end.account);
        assert!(end.account.is_balanced());

        // What it was given before nothing more had a place is there to be read.
        server.set_nonblocking(true).expect("nonblocking");
        let mut datagram = [0; 100];
        let mut lines = 0;
        while let Ok(length) = server.recv(&mut datagram) {
            lines += String::from_utf8_lossy(&datagram[..length]).lines().count();
        }
        assert!(lines > 0);
    }

    #[test]
    fn a_server_that_comes_back_is_found() {
        let directory = tempfile::tempdir().expect("a directory");
        let mut program = Program::new(&Statsd::to(path(&directory)));
        program.measure(&counter(), 1.0);
        assert_eq!(program.sink.pipeline().flush(PATIENCE), Err(FlushError::Lost { items: 1 }));

        for value in [2.0, 3.0] {
            let server = UnixDatagram::bind(path(&directory)).expect("a socket");
            server.set_read_timeout(Some(PATIENCE)).expect("a timeout");
            program.measure(&counter(), value);
            program.sink.pipeline().flush(PATIENCE).expect("it is there");
            let mut datagram = [0; 100];
            let length = server.recv(&mut datagram).expect("a datagram");
            assert_eq!(&datagram[..length], format!("flowspan.steps:{value}|c").as_bytes());
            drop(server);
            std::fs::remove_file(path(&directory)).expect("it was there");
        }
        let account = program.account();
        assert_eq!((account.delivered, account.dropped_for(DropReason::ExportFailed)), (2, 1));
    }
}
