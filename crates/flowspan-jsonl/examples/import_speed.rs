//! How quickly a large file is imported, up to the sink, on one core.
//!
//! ```sh
//! cargo run --release -p flowspan-jsonl --example import_speed -- 1000
//! ```
//!
//! The number is that of megabytes; the file is made for the purpose and deleted. The peak of the memory
//! is that of the whole process (on Linux).

use std::fs;
use std::io::{BufWriter, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, UNIX_EPOCH};

use flowspan_jsonl::{AtEnd, Import, write_line};
use flowspan_model::{Event, EventSink, Field, Fields, Kind, Moment, SpanIds};

#[derive(Default)]
struct Tokens(AtomicU64);

impl EventSink for Tokens {
    fn event(&self, event: &Event) {
        let tokens = event.fields.integer(Field::InputTokens).unwrap_or(0);
        self.0.fetch_add(tokens.unsigned_abs(), Ordering::Relaxed);
    }
}

#[expect(clippy::print_stdout, reason = "an example tells")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let megabytes: u64 = std::env::args().nth(1).map_or(Ok(200), |number| number.parse())?;
    let directory = tempfile::tempdir()?;
    let path = directory.path().join("events.jsonl");
    let mut file = BufWriter::new(fs::File::create(&path)?);
    let (mut bytes, mut tokens, mut line) = (0, 0, Vec::new());
    for number in 0_u64.. {
        if bytes >= megabytes * 1_000_000 {
            break;
        }
        line.clear();
        let event = event(number);
        tokens += event.fields.integer(Field::InputTokens).unwrap_or(0).unsigned_abs();
        write_line(&event, &mut line);
        file.write_all(&line)?;
        bytes += line.len() as u64;
    }
    file.flush()?;
    drop(file);

    for _ in 0..3 {
        let sink = Tokens::default();
        let began = processor_time();
        let mut import = Import::new(&sink);
        import.path(&path, AtEnd::Finish);
        let took = processor_time() - began;
        let imported = import.imported();
        assert_eq!((imported.bytes, imported.malformed), (bytes, 0));
        assert_eq!(sink.0.load(Ordering::Relaxed), tokens);
        #[expect(clippy::cast_precision_loss, reason = "a speed")]
        let speed = bytes as f64 / 1e6 / took.as_secs_f64();
        println!(
            "{} events, {speed:.0} MB/s, {:?} for each",
            imported.events,
            took / u32::try_from(imported.events)?
        );
    }
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    println!("{}", status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or("the peak is not known"));
    Ok(())
}

/// How long this thread has been on a processor: other programs on the machine do not count. On other
/// systems than Linux, the time on the wall.
fn processor_time() -> Duration {
    let nanoseconds = || {
        let schedule = fs::read_to_string("/proc/thread-self/schedstat").ok()?;
        schedule.split(' ').next()?.parse().ok()
    };
    nanoseconds().map_or_else(|| UNIX_EPOCH.elapsed().unwrap_or_default(), Duration::from_nanos)
}

/// Events as a program makes them: model calls, tool calls, steps, retries.
fn event(number: u64) -> Event {
    let (trace, span) = (u128::from(number / 50) << 64 | 7, number.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let (moment, kind) = match number % 6 {
        0 => (Moment::Started, Kind::Inference),
        1 | 2 => (Moment::Ended, Kind::Inference),
        3 => (Moment::Ended, Kind::ToolCall),
        4 => (Moment::Ended, Kind::Step),
        _ => (Moment::Occurred, Kind::Retry),
    };
    let event = Event {
        moment,
        kind,
        time: UNIX_EPOCH + Duration::from_nanos(1_767_225_600_000_000_000 + number * 1_234_567),
        ids: SpanIds {
            trace: trace.to_be_bytes(),
            span: span.to_be_bytes(),
            parent: Some((span ^ 7).to_be_bytes()),
        },
        duration: (moment == Moment::Ended).then(|| Duration::from_nanos(number * 7_919)),
        fields: Fields::default(),
    }
    .with(Field::WorkflowName, "audit")
    .with(Field::RunId, format!("audit-{:016x}", number / 5_000))
    .with(Field::AgentName, "auditor")
    .with(Field::StepType, "agent");
    match kind {
        Kind::Inference => event
            .with(Field::Operation, "chat")
            .with(Field::Provider, "openai")
            .with(Field::RequestModel, "gpt-5-mini")
            .with(Field::InputTokens, number % 8_000)
            .with(Field::OutputTokens, number % 900)
            .with(Field::CacheReadTokens, number % 700)
            .with(
                Field::TimeToFirstChunk,
                0.125 + f64::from(u32::try_from(number % 1_000).unwrap_or(0)) / 997.0,
            )
            .with(Field::ResponseId, format!("chatcmpl-{number:012}"))
            .with(Field::Status, "success"),
        Kind::ToolCall => event
            .with(Field::ToolName, ["ripgrep", "wc", "read"][(number % 3) as usize])
            .with(Field::ToolCallId, format!("call_{number}"))
            .with(Field::Status, "success"),
        Kind::Step => event.with(Field::StepName, "audit-file").with(Field::Status, "success"),
        _ => event.with(Field::Attempt, number % 4).with(Field::Reason, "the model said \"try again\"\n"),
    }
}
