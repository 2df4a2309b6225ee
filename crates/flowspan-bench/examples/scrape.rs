//! How long a scrape takes while the program is at work.
//!
//! ```text
//! cargo run --release -p flowspan-bench --example scrape
//! ```
//!
//! A program with 10,000 series serves `/metrics` and ends 1000 steps each second, while somebody scrapes it
//! 500 times over HTTP: as Prometheus asks, compressed, and once more as a person does, in plain text.
//! About half a minute.

#![expect(clippy::print_stdout, reason = "a command for people at a terminal")]

use std::{
    error::Error,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use flowspan::{
    Environment, LabelPolicies, Reporter, Step,
    prelude::{Flowspan, Prometheus, Telemetry},
};
use ureq::Agent;

/// Each has its counter, and the nine series of a histogram with six bounds.
const STEPS: u64 = 1000;
/// How often each of them has been before: what is measured is a program that has been running for a while.
const ROUNDS: u64 = 20;
/// For the names of all of them.
const ROOM: usize = 2000;
/// What that comes to at least, as Prometheus counts: a bucket is a series.
const SERIES: usize = 10_000;
const EVENTS_EACH_SECOND: f64 = 1000.0;
const SCRAPES: usize = 500;
/// Between two scrapes: long enough for new events, short enough that a page is never old.
const PAUSE: Duration = Duration::from_millis(20);

/// What is asked for: its name, `Accept` and `Accept-Encoding`.
const ASKED: [(&str, &str, &str); 2] = [
    ("as Prometheus asks, gzip", "application/openmetrics-text;version=1.0.0,text/plain;q=0.5", "gzip"),
    ("text, not compressed", "text/plain", "identity"),
];

fn main() -> Result<(), Box<dyn Error>> {
    let telemetry = Flowspan::builder("scraped")
        .environment(Environment::empty())
        .reporter(Reporter::silent())
        .label_policies(LabelPolicies::new().limit("step_name", ROOM))
        .prometheus(Prometheus::on(([127, 0, 0, 1], 0)))
        .build()?;
    let url = format!("http://{}/metrics", telemetry.metrics_address().ok_or("metrics are served")?);
    let guard = telemetry.set_default();
    (0..STEPS * ROUNDS).for_each(|number| step(number % STEPS));
    drop(guard);
    let agent = Agent::new_with_defaults();
    let series = series(&agent, &url)?;
    if series < SERIES {
        return Err(format!("only {series} series").into());
    }
    println!("{series} series, {SCRAPES} scrapes\n");
    println!("| scraped | p50 ms | p99 ms | max ms | bytes | events each second |");
    println!("|---|---:|---:|---:|---:|---:|");
    for (name, accept, encoding) in ASKED {
        let work = Work::start(&telemetry);
        let mut times = Vec::new();
        let mut bytes = 0;
        for _ in 0..SCRAPES {
            let begun = Instant::now();
            let mut answer =
                agent.get(&url).header("accept", accept).header("accept-encoding", encoding).call()?;
            bytes = answer.body_mut().with_config().limit(1 << 30).read_to_vec()?.len();
            times.push(begun.elapsed());
            thread::sleep(PAUSE);
        }
        let rate = work.end();
        times.sort_unstable();
        let milliseconds = |place: usize| times[place.min(SCRAPES - 1)].as_secs_f64() * 1000.0;
        println!(
            "| {name} | {:.2} | {:.2} | {:.2} | {bytes} | {rate:.0} |",
            milliseconds(SCRAPES / 2),
            milliseconds(SCRAPES * 99 / 100),
            milliseconds(SCRAPES),
        );
    }
    Ok(())
}

fn step(number: u64) {
    drop(Step::shell(&format!("step-{number}")).enter());
}

fn series(agent: &Agent, url: &str) -> Result<usize, Box<dyn Error>> {
    let page = agent.get(url).call()?.body_mut().with_config().limit(1 << 30).read_to_string()?;
    Ok(page.lines().filter(|line| !line.starts_with('#')).count())
}

/// A thread that ends steps at a steady pace.
struct Work {
    stop: Arc<AtomicBool>,
    worker: thread::JoinHandle<f64>,
}

impl Work {
    fn start(telemetry: &Telemetry) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let (stopped, dispatch) = (Arc::clone(&stop), telemetry.dispatch().clone());
        let worker = thread::spawn(move || {
            let _guard = flowspan::tracing::dispatcher::set_default(&dispatch);
            let (begun, mut done) = (Instant::now(), 0_u64);
            while !stopped.load(Ordering::Relaxed) {
                // What a pause or a busy machine has delayed is made up for.
                let due = begun.elapsed().as_secs_f64() * EVENTS_EACH_SECOND;
                while (done as f64) < due {
                    step(done % STEPS);
                    done += 1;
                }
                thread::sleep(Duration::from_micros(500));
            }
            done as f64 / begun.elapsed().as_secs_f64()
        });
        Self { stop, worker }
    }

    /// Ends it, and says how many steps there were each second.
    fn end(self) -> f64 {
        self.stop.store(true, Ordering::Relaxed);
        self.worker.join().expect("it cannot panic")
    }
}
