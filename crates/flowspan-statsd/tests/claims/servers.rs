//! The totals of real servers are those of the program.

use std::{collections::BTreeMap, error::Error, sync::Arc};

use flowspan_model::{Series, catalog::Instrument};
use flowspan_stack::{Part, Statsd as Server, StatsdExporter, require, wait_until};
use flowspan_statsd::{Dialect, DogHistograms, PlainLabels, Statsd};

use crate::program::{Entry, PATIENCE, Program, series};

type Outcome = Result<(), Box<dyn Error>>;

/// What a line, a name, a tag or a shell could trip over.
const HOSTILE: [&str; 14] = [
    "le",
    "quantile",
    "a|b",
    "a:b",
    "a@b",
    "a#b",
    "a,b",
    "a=b",
    "x|c\nevil:1000|c",
    "\0",
    "\r\n",
    "",
    "日本 Ω",
    "$(x)`y`\\z",
];

/// A series, and its number of each round.
type Told = (Arc<Series>, fn(u32) -> f64);

/// All instruments, several series of each, and numbers of all kinds.
fn vocabulary() -> Vec<Told> {
    let mut all: Vec<Told> = Vec::new();
    for status in ["ok", "failed"] {
        for kind in ["shell", "claude-code", "foreach"] {
            let labels = [("type", kind), ("status", status)];
            all.push((series("flowspan.steps", Instrument::Counter, "{step}", &labels), |n| {
                f64::from(n % 7)
            }));
            let duration = series("flowspan.step.duration", Instrument::Histogram, "s", &labels);
            // Whole nanoseconds, as clocks tell them.
            all.push((duration, |n| f64::from(n) / 8000.0));
        }
    }
    for model in ["gpt-5", "claude_4"] {
        let labels = [("model", model)];
        let cost = series("flowspan.llm.cost.usd", Instrument::FloatCounter, "{USD}", &labels);
        all.push((cost, |n| f64::from(n) / 1_048_576.0));
        let active = series("flowspan.active", Instrument::UpDownCounter, "{call}", &labels);
        // It goes below zero and comes back, again and again.
        all.push((active, |n| if n % 10 < 5 { -3.0 } else { 2.0 }));
        let depth = series("flowspan.depth", Instrument::Gauge, "{item}", &labels);
        all.push((depth, |n| f64::from(n % 11) - 6.5));
    }
    all.push((series("flowspan.score", Instrument::Histogram, "{score}", &[]), |n| f64::from(n % 5) / 4.0));
    all
}

/// Measures in steps that the receive buffer of a server takes, because UDP has no other brake.
fn run(program: &mut Program, arrived: impl Fn() -> Result<u64, Box<dyn Error>>) -> Outcome {
    let before = arrived()?;
    for round in 0..10 {
        for n in round * 10..(round + 1) * 10 {
            for (series, value) in vocabulary() {
                program.measure(&series, value(n));
            }
        }
        program.sink.pipeline().flush(PATIENCE)?;
        let expected = before + program.lines();
        wait_until(PATIENCE, || arrived().ok().filter(|lines| *lines >= expected))
            .ok_or("lines are missing")?;
    }
    let account = program.account();
    assert_eq!((account.created, account.delivered), (vocabulary().len() as u64 * 100, account.created));
    Ok(())
}

#[track_caller]
fn same(server: Option<&f64>, ours: f64, what: &str) {
    let server = *server.unwrap_or_else(|| panic!("the server does not know {what}"));
    assert!(
        (server - ours).abs() <= ours.abs() * 1e-9,
        "{what}: the server has {server}, the program {ours}"
    );
}

/// A plain name with its labels folded, written here a second time.
fn folded(series: &Series) -> String {
    let labels = series.labels().flat_map(|(key, value)| [".", key, ".", value]);
    std::iter::once(series.name()).chain(labels).collect()
}

#[test]
fn the_first_statsd_counts_what_the_program_counted() -> Outcome {
    let Some(()) = require(&[Part::Statsd]) else { return Ok(()) };
    let server = Server::start()?;
    let mut program = Program::new(&Statsd::to(server.address()));
    let received = || Ok(counted(&server.totals()?.counters, "statsd.metrics_received"));
    run(&mut program, received)?;

    let totals = server.totals()?;
    assert_eq!(counted(&totals.counters, "statsd.bad_lines_seen"), 0);
    for (series, Entry { count, sum, last }) in program.books() {
        let name = folded(series);
        match series.instrument() {
            Instrument::Counter | Instrument::FloatCounter => same(totals.counters.get(&name), sum, &name),
            Instrument::UpDownCounter => same(totals.gauges.get(&name), sum, &name),
            Instrument::Gauge => same(totals.gauges.get(&name), last, &name),
            Instrument::Histogram => {
                let timers = &totals.timers[&name];
                let scale = if series.unit() == "s" { 1000.0 } else { 1.0 };
                same(Some(&(timers.len() as f64)), count as f64, &name);
                same(Some(&timers.iter().sum()), sum * scale, &name);
            }
        }
    }
    Ok(())
}

#[test]
fn the_statsd_exporter_counts_what_the_program_counted_in_every_dialect_over_udp() -> Outcome {
    let Some(()) = require(&[Part::StatsdExporter]) else { return Ok(()) };
    for dialect in Dialect::ALL {
        let server = StatsdExporter::start()?;
        let statsd = Statsd::to(server.address()).dialect(dialect);
        exporter_agrees(&server, &statsd, dialect)?;
    }
    Ok(())
}

#[test]
fn the_statsd_exporter_counts_what_the_program_counted_in_every_dialect_over_a_unix_socket() -> Outcome {
    let Some(()) = require(&[Part::StatsdExporter]) else { return Ok(()) };
    for dialect in Dialect::ALL {
        let server = StatsdExporter::start()?;
        let statsd = Statsd::to(format!("unix://{}", server.socket().display()))
            .dialect(dialect)
            .dog_histograms(DogHistograms::Distribution)
            .datagram_size(8192);
        exporter_agrees(&server, &statsd, dialect)?;
    }
    Ok(())
}

fn exporter_agrees(server: &StatsdExporter, statsd: &Statsd, dialect: Dialect) -> Outcome {
    let mut program = Program::new(statsd);
    run(&mut program, || Ok(counted(&server.samples()?, "statsd_exporter_lines_total")))?;
    let samples = settled(server, program.lines())?;
    exporter_found_no_fault(&samples);
    for (series, Entry { count, sum, last }) in program.books() {
        let name = |suffix: &str| exported(series, dialect, suffix);
        let get = |suffix: &str| samples.get(&name(suffix));
        match series.instrument() {
            Instrument::Counter | Instrument::FloatCounter | Instrument::UpDownCounter => {
                same(get(""), sum, &name(""));
            }
            Instrument::Gauge => same(get(""), last, &name("")),
            Instrument::Histogram => {
                // It takes every timer for milliseconds, and the plain dialect has nothing but timers.
                let is_misread = dialect == Dialect::Plain && series.unit() != "s";
                same(get("_count"), count as f64, &name("_count"));
                same(get("_sum"), if is_misread { sum / 1000.0 } else { sum }, &name("_sum"));
            }
        }
    }
    Ok(())
}

/// The series as the exporter shows it.
fn exported(series: &Series, dialect: Dialect, suffix: &str) -> String {
    let labels: Vec<_> = series.labels().map(|(key, value)| format!("{key}={value:?}")).collect();
    let name = if dialect == Dialect::Plain { folded(series) } else { series.name().to_owned() };
    let name = name.replace(['.', '-'], "_");
    match (dialect, labels.as_slice()) {
        (Dialect::Plain, _) | (_, []) => format!("{name}{suffix}"),
        _ => format!("{name}{suffix}{{{}}}", labels.join(",")),
    }
}

#[test]
fn hostile_labels_reach_every_server_as_nothing_but_labels() -> Outcome {
    let Some(()) = require(&[Part::Statsd, Part::StatsdExporter]) else { return Ok(()) };
    for dialect in Dialect::ALL {
        let server = StatsdExporter::start()?;
        let mut program = Program::new(&Statsd::to(server.address()).dialect(dialect));
        tell_hostile(&mut program)?;
        let samples = settled(&server, program.lines())?;
        exporter_found_no_fault(&samples);
        assert!(!samples.keys().any(|name| name.starts_with("evil")));
        let sum: f64 = samples.iter().filter(|(name, _)| name.starts_with("h_")).map(|(_, sum)| sum).sum();
        assert_eq!(sum, total(&program));
    }

    let server = Server::start()?;
    let mut program = Program::new(&Statsd::to(server.address()));
    tell_hostile(&mut program)?;
    let sum = |counters: &BTreeMap<String, f64>| -> f64 {
        counters.iter().filter(|(name, _)| name.starts_with("h.")).map(|(_, sum)| sum).sum()
    };
    let counters = wait_until(PATIENCE, || {
        let counters = server.totals().ok()?.counters;
        (sum(&counters) >= total(&program)).then_some(counters)
    })
    .ok_or("lines are missing")?;
    assert_eq!(sum(&counters), total(&program));
    assert_eq!(counted(&counters, "statsd.bad_lines_seen"), 0);
    assert!(!counters.keys().any(|name| name.starts_with("evil")));
    Ok(())
}

fn tell_hostile(program: &mut Program) -> Outcome {
    for (n, name) in HOSTILE.iter().enumerate() {
        for value in HOSTILE {
            let labels = [(*name, value), ("clean", "yes")];
            let counter = series(&format!("h.{name}"), Instrument::Counter, "", &labels);
            program.measure(&counter, n as f64 + 1.0);
            let timer = series(&format!("timer.{name}"), Instrument::Histogram, "s", &labels);
            program.measure(&timer, 1.0);
        }
    }
    Ok(program.sink.pipeline().flush(PATIENCE)?)
}

/// What was added to all counters.
fn total(program: &Program) -> f64 {
    let counters = program.books().filter(|(series, _)| series.instrument() == Instrument::Counter);
    counters.map(|(_, entry)| entry.sum).sum()
}

#[test]
fn a_server_makes_up_for_what_sampling_leaves_out() -> Outcome {
    let Some(()) = require(&[Part::Statsd]) else { return Ok(()) };
    let server = Server::start()?;
    let statsd = Statsd::to(server.address()).sample_histograms(0.25).plain_labels(PlainLabels::Drop);
    let mut program = Program::new(&statsd);
    let duration = series("flowspan.duration", Instrument::Histogram, "s", &[("type", "shell")]);
    let steps = series("flowspan.steps", Instrument::Counter, "{step}", &[("type", "shell")]);
    for _ in 0..4 {
        for _ in 0..1_000 {
            program.measure(&duration, 0.5);
        }
        program.measure(&steps, 1.0);
        program.sink.pipeline().flush(PATIENCE)?;
        let sent = program.account().created;
        let received = || Some(counted(&server.totals().ok()?.counters, "statsd.metrics_received"));
        wait_until(PATIENCE, || received().filter(|lines| *lines >= sent)).ok_or("lines are missing")?;
    }
    let totals = server.totals()?;
    let sent = program.account().created - 4;
    same(totals.timer_counts.get("flowspan.duration"), sent as f64 * 4.0, "numbers by their rate");
    same(totals.counters.get("flowspan.steps"), 4.0, "counters are not sampled");
    // A thousand of four thousand, give or take six standard deviations.
    assert!(sent.abs_diff(1_000) <= 165, "{sent} of 4000 were sent at a rate of 0.25");
    Ok(())
}

/// What the exporter shows once it has added up so many events.
fn settled(server: &StatsdExporter, events: u64) -> Result<BTreeMap<String, f64>, Box<dyn Error>> {
    let counted = || Some(counted_all(&server.samples().ok()?, "statsd_exporter_events_total"));
    wait_until(PATIENCE, || counted().filter(|counted| *counted >= events)).ok_or("events are missing")?;
    // It counts an event after it has added it up, but shows its own counters in no order with the
    // others: only what is asked for now has all of them.
    let samples = server.samples()?;
    assert_eq!(counted_all(&samples, "statsd_exporter_events_total"), events);
    Ok(samples)
}

fn exporter_found_no_fault(samples: &BTreeMap<String, f64>) {
    for fault in ["sample_errors_total", "tag_errors_total", "events_error_total", "events_conflict_total"] {
        assert_eq!(counted_all(samples, &format!("statsd_exporter_{fault}")), 0, "{fault}: {samples:#?}");
    }
}

/// One of the server's own counters.
fn counted(counters: &BTreeMap<String, f64>, name: &str) -> u64 {
    whole(counters.get(name).copied().unwrap_or_default())
}

/// One of the server's own counters, all series of it together.
fn counted_all(samples: &BTreeMap<String, f64>, name: &str) -> u64 {
    whole(samples.iter().filter(|(series, _)| series.starts_with(name)).map(|(_, value)| value).sum())
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "these count what happened")]
fn whole(number: f64) -> u64 {
    number as u64
}
