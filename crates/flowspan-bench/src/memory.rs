//! How much memory telemetry holds.
//!
//! Each holding is put up in a process of its own, which tells how much more of its memory holds data
//! than before. Pages of the program's file are not among it: how many of them there are depends on how
//! it was built, and every program shares them.

use std::{env, fmt::Write as _, fs, hint::black_box, process::Command, time::Duration};

use flowspan::{
    Environment, LabelPolicies, Reporter,
    prelude::{Flowspan, Otlp, Prometheus, Step, Telemetry},
};
use opentelemetry::{
    KeyValue,
    metrics::{Counter, Histogram, MeterProvider},
};
use opentelemetry_sdk::metrics::{ManualReader, SdkMeterProvider};

/// The argument by which the benchmark knows that it runs for its memory alone.
pub const ARGUMENT: &str = "--tell-memory-of";

/// As many instruments as the catalog feeds by events.
const INSTRUMENTS: usize = 44;

/// What is put up: its name, by whom, and how.
type Holding = (&'static str, &'static str, fn() -> u64);

const HOLDINGS: [Holding; 8] = [
    ("idle, the whole catalog, two readers (goal 4 MB)", "flowspan", || {
        held(|| telemetry(LabelPolicies::new()))
    }),
    ("idle, the whole catalog, two readers (goal 4 MB)", "opentelemetry_sdk by hand", || {
        held(|| by_hand(INSTRUMENTS, 1))
    }),
    ("10,000 counters (goal 10 MB)", "flowspan", || {
        let telemetry = telemetry(LabelPolicies::new().limit("l", 1000));
        held(|| own_counters(&telemetry, 10, 1000))
    }),
    ("10,000 counters (goal 10 MB)", "opentelemetry_sdk by hand", || held(|| by_hand(10, 1000))),
    ("5,000 counters and 5,000 histograms (goal 10 MB)", "flowspan", || held_by_steps(5000, 1)),
    ("5,000 counters and 5,000 histograms (goal 10 MB)", "opentelemetry_sdk by hand", || {
        held(|| both_by_hand(5000))
    }),
    ("the same, each measured 20 times (goal 10 MB)", "flowspan", || held_by_steps(5000, 20)),
    ("the same, each measured 20 times (goal 10 MB)", "opentelemetry_sdk by hand, bound", || {
        held(|| both_bound_by_hand(5000))
    }),
];

/// What each holds, as a table of Markdown.
pub fn table() -> String {
    let mut text = "### memory\n\n| what | who | kB |\n|---|---|---:|\n".to_owned();
    for (index, (what, who, _)) in HOLDINGS.iter().enumerate() {
        let kilobytes = tell(index).map_or_else(|| "–".to_owned(), |kilobytes| kilobytes.to_string());
        let _ = writeln!(text, "| {what} | {who} | {kilobytes} |");
    }
    text
}

/// Does what is looked at: the part of the process that runs for its memory.
#[expect(clippy::print_stdout, reason = "the benchmark that started this process reads it")]
pub fn perform(holding: &str) {
    let holding = holding.parse::<usize>().ok().and_then(|index| HOLDINGS.get(index));
    if let Some((_, _, hold)) = holding {
        println!("{}", hold());
    }
}

fn tell(holding: usize) -> Option<u64> {
    let output =
        Command::new(env::current_exe().ok()?).args([ARGUMENT, &holding.to_string()]).output().ok()?;
    String::from_utf8(output.stdout).ok()?.trim().parse().ok()
}

/// Kilobytes that something needs as long as it is there.
fn held<T>(make: impl FnOnce() -> T) -> u64 {
    let before = resident();
    let made = black_box(make());
    let held = resident().saturating_sub(before);
    drop(made);
    held
}

fn resident() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or_default()
}

/// What the front door puts up for two readers: one pushes, to nobody, the other is scraped.
fn telemetry(policies: LabelPolicies) -> Telemetry {
    Flowspan::builder("bench")
        .environment(Environment::empty())
        .reporter(Reporter::silent())
        .label_policies(policies)
        .otlp(
            Otlp::to("http://127.0.0.1:9").without_traces().without_logs().timeout(Duration::from_millis(1)),
        )
        .prometheus(Prometheus::on(([127, 0, 0, 1], 0)))
        .build()
        .expect("the settings are good")
}

fn own_counters(telemetry: &Telemetry, metrics: usize, series: usize) {
    for metric in 0..metrics {
        let counter =
            telemetry.counter(format!("mine.{metric}")).labels(["l"]).build().expect("a good metric");
        (0..series).for_each(|n| counter.add(1, [&format!("value-{n}")]));
    }
}

/// So many steps of different names, over and over.
fn held_by_steps(count: usize, times: usize) -> u64 {
    let policies = LabelPolicies::new()
        .limit("step_name", count)
        .series_limit_of("step.executions", count)
        .series_limit_of("step.duration", count);
    let telemetry = telemetry(policies);
    let _guard = telemetry.set_default();
    held(|| {
        for _ in 0..times {
            (0..count).for_each(|n| drop(Step::shell(&format!("step-{n}")).enter()));
        }
    })
}

/// The SDK with two readers and its default limits.
fn provider() -> SdkMeterProvider {
    SdkMeterProvider::builder()
        .with_reader(ManualReader::default())
        .with_reader(ManualReader::default())
        .build()
}

fn by_hand(metrics: usize, series: usize) -> impl Sized {
    let provider = provider();
    let meter = provider.meter("bench");
    let counters: Vec<_> =
        (0..metrics).map(|metric| meter.u64_counter(format!("mine.{metric}")).build()).collect();
    for counter in &counters {
        (0..series).for_each(|n| counter.add(1, &[KeyValue::new("l", format!("value-{n}"))]));
    }
    (provider, counters)
}

/// Three metrics of each kind, because one keeps 2000 series at most by default.
const PARTS: usize = 3;

type Both = (Counter<u64>, Histogram<f64>);

fn both_by_hand(count: usize) -> impl Sized {
    let (provider, both) = both_unused();
    for n in 0..count {
        let (counter, histogram) = &both[n % PARTS];
        let (of_counter, of_histogram) = labels(n);
        counter.add(1, &of_counter);
        histogram.record(1.0, &of_histogram);
    }
    (provider, both)
}

fn both_bound_by_hand(count: usize) -> impl Sized {
    let (provider, both) = both_unused();
    let bind = |n: usize| {
        let (counter, histogram) = &both[n % PARTS];
        let (of_counter, of_histogram) = labels(n);
        (counter.bind(&of_counter), histogram.bind(&of_histogram))
    };
    let bound: Vec<_> = (0..count).map(bind).collect();
    (provider, bound)
}

fn both_unused() -> (SdkMeterProvider, [Both; PARTS]) {
    let provider = provider();
    let meter = provider.meter("bench");
    let bounds = vec![0.1, 1.0, 5.0, 10.0, 30.0, 60.0];
    let both = std::array::from_fn(|part| {
        let counter = meter.u64_counter(format!("executions.{part}")).build();
        let histogram = meter.f64_histogram(format!("duration.{part}")).with_boundaries(bounds.clone());
        (counter, histogram.build())
    });
    (provider, both)
}

/// The labels of a counter and of a histogram, in the order in which the SDK keeps one copy of them.
fn labels(n: usize) -> ([KeyValue; 3], [KeyValue; 2]) {
    let name = KeyValue::new("step_name", format!("step-{n}"));
    let of_type = KeyValue::new("step_type", "shell");
    ([KeyValue::new("status", "success"), name.clone(), of_type.clone()], [name, of_type])
}
