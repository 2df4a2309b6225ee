//! What the sink of events wants to hear of.

use flowspan_model::{EventSink, Kind, Moment};

/// The kinds of which a sink wants to hear at one moment, asked once.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted(u64);

impl Wanted {
    pub(super) fn of(sink: &dyn EventSink, moment: Moment) -> Self {
        const { assert!(Kind::COUNT <= u64::BITS as usize) };
        let wanted = Kind::ALL.iter().filter(|kind| sink.wants(moment, **kind));
        Wanted(wanted.fold(0, |set, kind| set | 1 << (*kind as u32)))
    }

    #[inline]
    pub(super) const fn has(self, kind: Kind) -> bool {
        self.0 & (1 << (kind as u32)) != 0
    }
}
