//! What the process needs of its machine, on `/metrics`.

use flowspan_model::catalog::process::{CPU_TIME, MEMORY_PEAK, MEMORY_USAGE};
use opentelemetry::KeyValue;
use procfs::{
    ProcResult,
    process::{Process, Stat, Status},
};

use crate::observed::Observed;

/// Creates the metrics of the process. What the system does not tell is not there.
pub(crate) fn observe(observed: &Observed<'_>) {
    observed.up_down_counter(&MEMORY_USAGE, |observer| {
        if let Some(bytes) = status().and_then(|status| bytes(status.vmrss)) {
            observer.observe(i64::try_from(bytes).unwrap_or(i64::MAX), &[]);
        }
    });
    observed.gauge(&MEMORY_PEAK, |observer| {
        if let Some(bytes) = status().and_then(|status| bytes(status.vmhwm)) {
            observer.observe(bytes, &[]);
        }
    });
    observed.float_counter(&CPU_TIME, |observer| {
        if let Some(stat) = stat() {
            observer.observe(seconds(stat.utime), &[KeyValue::new("cpu.mode", "user")]);
            observer.observe(seconds(stat.stime), &[KeyValue::new("cpu.mode", "system")]);
        }
    });
}

/// Memory of the process, and its peak.
#[cfg(feature = "session")]
pub(crate) fn memory() -> Option<flowspan_session::Memory> {
    let status = status()?;
    Some(flowspan_session::Memory { used: bytes(status.vmrss)?, peak: bytes(status.vmhwm) })
}

fn status() -> Option<Status> {
    read(Process::status)
}

fn stat() -> Option<Stat> {
    read(Process::stat)
}

fn read<T>(of: impl FnOnce(&Process) -> ProcResult<T>) -> Option<T> {
    Process::myself().and_then(|process| of(&process)).ok()
}

/// The kernel counts memory in kibibytes.
fn bytes(kibibytes: Option<u64>) -> Option<u64> {
    kibibytes.map(|kibibytes| kibibytes.saturating_mul(1024))
}

/// The kernel counts time in ticks.
#[expect(clippy::cast_precision_loss, reason = "2^53 ticks are millions of years")]
fn seconds(ticks: u64) -> f64 {
    ticks as f64 / procfs::ticks_per_second() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_peak_is_at_least_what_is_in_use() {
        let status = status().expect("this is Linux");
        let (usage, peak) = (bytes(status.vmrss), bytes(status.vmhwm));
        assert!(usage > Some(100_000), "{usage:?}");
        assert!(peak >= usage, "{peak:?} and {usage:?}");
    }

    #[test]
    fn work_takes_time() {
        let time = || stat().map(|stat| stat.utime + stat.stime).expect("this is Linux");
        let before = time();
        let mut number = 1_u64;
        while time() == before {
            for _ in 0..1000 {
                number = std::hint::black_box(number.wrapping_mul(3));
            }
        }
        assert!(seconds(time()) > 0.0);
    }
}
