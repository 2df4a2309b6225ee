//! Identifiers that make storing repeatable.

use std::time::{SystemTime, UNIX_EPOCH};

use flowspan_model::SpanIds;
use uuid::{Builder, NoContext, Timestamp, Uuid};

/// A new identifier of an event that happened at this time: a UUID of version 7 (RFC 9562), which
/// begins with the milliseconds since 1970, so that identifiers sort by time.
///
/// An event gets its identifier once, before it waits for anything: however often it is sent, it is
/// stored once. A time outside of what 48 bits can say becomes the nearest one that they can.
pub fn event_id(time: SystemTime) -> Uuid {
    const LAST_SECOND: u64 = (1 << 48) / 1_000 - 1;
    let since_epoch = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    let seconds = since_epoch.as_secs().min(LAST_SECOND);
    Uuid::new_v7(Timestamp::from_unix(NoContext, seconds, since_epoch.subsec_nanos()))
}

/// The identifier of the row that a span becomes, a UUID of version 8 (RFC 9562): half of it is the
/// trace's, half is the span's. Every program that knows the two knows the row.
///
/// `None` for what stands in no trace.
pub fn execution_id(ids: &SpanIds) -> Option<Uuid> {
    of_span(ids.trace, ids.span)
}

/// The identifier of the row of the span around.
pub(crate) fn parent_execution_id(ids: &SpanIds) -> Option<Uuid> {
    of_span(ids.trace, ids.parent?)
}

fn of_span(trace: [u8; 16], span: [u8; 8]) -> Option<Uuid> {
    if trace == [0; 16] || span == [0; 8] {
        return None;
    }
    let mut bytes = [0; 16];
    // The end of a trace id is random even where its beginning is a time.
    bytes[..8].copy_from_slice(&trace[8..]);
    bytes[8..].copy_from_slice(&span);
    Some(Builder::from_custom_bytes(bytes).into_uuid())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn ids_of_events_sort_by_time(millis: u32, later in 1_u32..) {
            let at = |millis: u64| UNIX_EPOCH + Duration::from_millis(millis);
            let early = event_id(at(millis.into()));
            let late = event_id(at(u64::from(millis) + u64::from(later)));
            prop_assert!(early < late);
            prop_assert_eq!(early.get_version_num(), 7);
        }

        #[test]
        fn a_span_has_one_row_and_another_span_another(trace in 1_u128.., span in 1_u64.., other in 1_u64..) {
            let ids = |span: u64| SpanIds { trace: trace.to_be_bytes(), span: span.to_be_bytes(), parent: None };
            prop_assert_eq!(execution_id(&ids(span)), execution_id(&ids(span)));
            // Version and variant take six bits, two of them from the span.
            if span << 2 != other << 2 {
                prop_assert_ne!(execution_id(&ids(span)), execution_id(&ids(other)));
            }
        }
    }

    #[test]
    fn what_stands_in_no_trace_has_no_row_of_a_span() {
        assert_eq!(execution_id(&SpanIds::default()), None);
    }

    #[test]
    fn times_that_cannot_be_said_become_the_nearest() {
        let before = event_id(UNIX_EPOCH - Duration::from_secs(1));
        let after = event_id(UNIX_EPOCH + Duration::from_secs(1 << 60));
        assert!(before < event_id(SystemTime::now()) && event_id(SystemTime::now()) < after);
    }
}
