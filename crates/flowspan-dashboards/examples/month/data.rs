//! The month as blocks of Prometheus, two hours at a time.

use std::{
    error::Error,
    fs::{self, File},
    io::{BufWriter, Write},
    path::Path,
    process::{Command, Stdio},
    thread,
    time::{Duration, SystemTime},
};

use flowspan_stack::{Part, locate};

use crate::series::{Series, series};

/// A block of Prometheus before it compacts any.
const BLOCK: u64 = 2 * 3600;
const DAY: u64 = 24 * 3600;
const MONTH: u64 = 30 * DAY;
/// Blocks that are made at once.
const WORKERS: u64 = 2;

/// Holds the last moment of the data, once all of it is there.
const END: &str = "end";

/// The last moment of the data that are there already, in seconds.
pub(crate) fn found(directory: &Path) -> Option<u64> {
    fs::read_to_string(directory.join(END)).ok()?.parse().ok()
}

/// Makes the blocks of 30 days up to now, of which the last `days` have what was scraped and all have what
/// the rules have kept. Returns the last moment of the data, in seconds.
pub(crate) fn write(directory: &Path, days: u64) -> Result<u64, Box<dyn Error>> {
    let promtool = locate(Part::Promtool)?;
    let all = series()?;
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO);
    let end = now.as_secs() / BLOCK * BLOCK;
    let begin = end - MONTH;
    let scraped = end.saturating_sub(days * DAY);
    let make = |worker: u64| -> Result<u64, String> {
        let mut samples = 0;
        for block in (begin..end).step_by(BLOCK as usize).skip(worker as usize).step_by(WORKERS as usize) {
            let kept = all.iter().filter(|series| block >= scraped || series.is_history());
            let made = make_block(&promtool, directory, kept, begin, block);
            samples += made.map_err(|error| error.to_string())?;
        }
        Ok(samples)
    };
    let samples = thread::scope(|scope| {
        let workers: Vec<_> = (0..WORKERS).map(|worker| scope.spawn(move || make(worker))).collect();
        workers.into_iter().map(|worker| worker.join().expect("it cannot panic")).sum::<Result<u64, _>>()
    })?;
    println!("{} series, {samples} samples", all.len());
    fs::write(directory.join(END), end.to_string())?;
    Ok(end)
}

/// One block: its samples as OpenMetrics, which promtool reads.
fn make_block<'a>(
    promtool: &Path,
    directory: &Path,
    kept: impl Iterator<Item = &'a Series>,
    begin: u64,
    block: u64,
) -> Result<u64, Box<dyn Error>> {
    let path = directory.join(format!("{block}.txt"));
    let mut text = BufWriter::with_capacity(1 << 20, File::create(&path)?);
    let mut samples = 0;
    for series in kept {
        for time in (block..block + BLOCK).step_by(series.every as usize) {
            writeln!(text, "{} {} {time}", series.name, series.value(time - begin))?;
            samples += 1;
        }
    }
    writeln!(text, "# EOF")?;
    text.flush()?;
    let status = Command::new(promtool)
        .args(["tsdb", "create-blocks-from", "openmetrics", "--quiet"])
        .args([&path, directory])
        // Memory is plenty, time is not.
        .env("GOGC", "400")
        .stdout(Stdio::null())
        .status()?;
    fs::remove_file(path)?;
    if status.success() { Ok(samples) } else { Err(format!("promtool ended with {status}").into()) }
}
