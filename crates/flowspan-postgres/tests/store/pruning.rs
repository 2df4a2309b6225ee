//! What is old goes.

use std::num::NonZeroU32;
use std::time::{Duration, SystemTime};

use flowspan_model::{Event, EventSink as _, Field, Kind};
use flowspan_postgres::{Postgres, prune};

use crate::support::{Rig, SOON, Trace, resolved, run, server};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

#[test]
fn what_is_older_goes_in_chunks_and_the_rest_stays() {
    let Some(server) = server() else { return };
    let config = Postgres::to(server.url()).schema("pruned");
    let rig = Rig::start(&config);
    for (trace, age) in [(1, 40), (2, 31), (3, 29), (4, 0)] {
        for event in run(Trace(trace)) {
            rig.store.event(&Event { time: SystemTime::now() - DAY * age, ..event });
        }
    }
    // The oldest letter of this job was dealt with, that of the runs above was not.
    for (kind, age) in [(Kind::DeadLetterAdded, 50), (Kind::DeadLetterRemoved, 45)] {
        let event = Trace(5).occurred(kind, 1, 0).with(Field::Job, "settled").with(Field::Count, 1_i64);
        rig.store.event(&Event { time: SystemTime::now() - DAY * age, ..event });
    }
    assert!(rig.store.shutdown(SOON).is_clean(), "{:?}", rig.reports());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let prune = || {
        let chunk = NonZeroU32::new(5).expect("above zero");
        runtime.block_on(prune(&resolved(&config), DAY * 30, chunk)).expect("pruned")
    };
    let gone = prune();
    let of = |table| gone.of(table);
    assert_eq!((of("events"), of("workflow_executions"), of("step_executions")), (2 * 26 + 2, 2, 4));
    assert_eq!((of("mapreduce_jobs"), of("agent_executions")), (2, 2));
    assert_eq!((of("model_calls"), of("tool_calls"), of("dead_letters")), (4, 2, 2));
    assert_eq!(prune().total(), 0, "a second time there is nothing to do");
    let left = server.psql("SET search_path = pruned; SELECT (SELECT count(*) FROM events), (SELECT count(*) FROM workflow_executions), (SELECT sum(items) FROM dead_letters)").expect("rows");
    assert_eq!(left.trim(), "52|2|4", "letters that wait are kept, however old");
}
