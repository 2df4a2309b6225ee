//! What is stored again is stored once.

use flowspan_model::EventSink as _;
use flowspan_postgres::Postgres;

use crate::support::{Rig, SOON, Trace, run, server};

#[test]
fn the_same_events_again_change_nothing() {
    let Some(server) = server() else { return };
    let events: Vec<_> = (1..=20).flat_map(|trace| run(Trace(trace))).collect();
    let counted = || {
        let rig = Rig::start(&Postgres::to(server.url()).schema("again"));
        events.iter().for_each(|event| rig.store.event(event));
        assert!(rig.store.shutdown(SOON).is_clean(), "{:?}", rig.reports());
        let sql = "SET search_path = again; SELECT (SELECT count(*) FROM events), (SELECT sum(items) FROM dead_letters), \
                   (SELECT sum(input_tokens) FROM model_calls)";
        server.psql(sql).expect("counts")
    };
    let once = counted();
    assert!(once.starts_with(&format!("{}|", events.len())), "{once}");
    assert_eq!(counted(), once);
}
