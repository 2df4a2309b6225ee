//! Events that were written down earlier, once more.

use std::{
    fmt,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use flowspan_layer::Replay as Spans;
use flowspan_model::{Event, EventSink};
use opentelemetry_sdk::trace::SpanProcessor;

use crate::{
    Telemetry,
    telemetry::{Parts, SCOPE, wait_for},
};

/// After how many events it looks how much waits.
const STRIDE: u32 = 128;
/// How many items may wait before it waits for them. Every queue is larger, with this and what comes
/// from one stride, unless it was made smaller.
const WAITING: u64 = 512;
/// How long it waits for a queue to become shorter.
const PATIENCE: Duration = Duration::from_secs(30);

/// Events that happened earlier, or elsewhere, go the way of those that happen now: they are measured,
/// all event sinks get them, and spans are made of them with their own times and identifiers, whatever
/// the sampler would have decided.
///
/// They come more quickly than anybody can send them, and nothing of them shall be lost: it waits, up to
/// half a minute each time, until the queues have room. So it must not be fed where waiting is forbidden,
/// in an async task.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use flowspan::{Flowspan, model::{Event, EventSink, Kind, Moment}};
///
/// let telemetry = Flowspan::builder("bot").totals().build()?;
/// telemetry.replay().event(&Event::new(Moment::Occurred, Kind::CheckpointCreated));
/// assert_eq!(telemetry.snapshot().sum("flowspan.checkpoints.created"), 1.0);
/// # Ok(())
/// # }
/// ```
pub struct Replay<'telemetry> {
    telemetry: &'telemetry Telemetry,
    state: Mutex<State>,
}

struct State {
    spans: Spans,
    events: u32,
    /// How much waited when waiting for it was in vain.
    in_vain: Option<u64>,
}

impl Telemetry {
    /// Takes events that happened earlier, or elsewhere. See [`Replay`].
    pub fn replay(&self) -> Replay<'_> {
        let state = State { spans: Spans::new(SCOPE), events: 0, in_vain: None };
        Replay { telemetry: self, state: Mutex::new(state) }
    }
}

impl EventSink for Replay<'_> {
    fn event(&self, event: &Event) {
        let Some(parts) = &self.telemetry.parts else { return };
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        parts.recorder.event(event);
        if let Some(span) = state.spans.take(event) {
            parts.normalizer.on_end(span);
        }
        state.events += 1;
        if state.events >= STRIDE {
            state.events = 0;
            state.keep_pace(parts);
        }
    }
}

impl State {
    /// Waits for the queues that are filling, and for no other output: to flush all of them each time
    /// would save sessions and push metrics hundreds of times over.
    fn keep_pace(&mut self, parts: &Parts) {
        let drains = parts.book.drains();
        let most = || drains.iter().map(|drain| drain.waiting()).max().unwrap_or(0);
        let waiting = most();
        // Who did not take anything in all that time is not waited for until that changes.
        if waiting < WAITING || self.in_vain.is_some_and(|in_vain| waiting >= in_vain) {
            return;
        }
        let filling = drains.iter().filter(|drain| drain.waiting() >= WAITING);
        wait_for(filling.map(|drain| drain.begin_flush()).collect(), PATIENCE);
        let left = most();
        self.in_vain = (left >= WAITING).then_some(left);
    }
}

impl fmt::Debug for Replay<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Replay").field("telemetry", self.telemetry).finish_non_exhaustive()
    }
}
