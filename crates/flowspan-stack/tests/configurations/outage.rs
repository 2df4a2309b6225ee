//! Parts that refuse, die and come back.

use std::{
    collections::BTreeSet,
    thread,
    time::{Duration, Instant},
};

use flowspan_stack::{Collector, Part, require, wait_until};

use crate::{
    Outcome, PATIENCE,
    back_end::BackEnd,
    fleet::Fleet,
    load::{Trace, send_spans},
    readings::{counted, traces},
};

/// How long the back end refuses most of what it gets.
const REFUSES_FOR: Duration = Duration::from_secs(6);

#[test]
fn everything_arrives_after_refusals_and_crashes() -> Outcome {
    let Some(()) = require(&[Part::Collector]) else {
        return Ok(());
    };
    let mut sink = Collector::builder().into_files().start()?;
    let back_end = BackEnd::start(sink.otlp_grpc_endpoint())?;
    let mut fleet = Fleet::start(&back_end.address(), &[("COLLECTOR_KEEP_PERCENT", "100")])?;
    let endpoint = fleet.agent.otlp_http_endpoint();
    let mut sent = BTreeSet::new();
    let mut send = |number: u64| -> Outcome {
        let trace = Trace::new(number)?;
        send_spans(&endpoint, [trace.step, trace.workflow])?;
        sent.insert(trace.id);
        Ok(())
    };

    // Most of it is refused for a while.
    back_end.refuse(7);
    let start = Instant::now();
    let mut numbers = 0..;
    while start.elapsed() < REFUSES_FOR {
        send(numbers.next().ok_or("there are more numbers")?)?;
        thread::sleep(Duration::from_millis(20));
    }
    assert!(back_end.refused() > 0, "something was refused");

    // The sink crashes. It is left alone before: what it has taken is on its disk then, because its
    // own promises are not looked at here.
    back_end.refuse(10);
    thread::sleep(Duration::from_millis(300));
    sink.kill();
    back_end.refuse(0);
    for number in numbers.by_ref().take(100) {
        send(number)?;
    }
    let sent_so_far = sent.len();
    // All of it has been judged, and waits for the back end on the gateways' disks, …
    let judged = || {
        let spans = counted(&fleet.gateways, "traces_span_metrics_calls_total", "").ok()?;
        (spans >= (sent_so_far * 2) as f64).then_some(())
    };
    wait_until(PATIENCE, judged).ok_or("not all spans came to the gateways")?;
    thread::sleep(Duration::from_secs(3));
    // … when the gateways crash, too. What comes now waits on the agent's disk, which crashes as well.
    for gateway in &mut fleet.gateways {
        gateway.kill();
    }
    let mut late = Vec::new();
    for number in numbers.take(100) {
        let trace = Trace::new(number)?;
        send_spans(&endpoint, [trace.step, trace.workflow])?;
        late.push(trace.id);
    }
    thread::sleep(Duration::from_millis(500));
    fleet.agent.kill();
    sent.extend(late);

    fleet.agent.restart()?;
    for gateway in &mut fleet.gateways {
        gateway.restart()?;
    }
    sink.restart()?;
    let missing = || {
        let arrived = traces(&sink);
        sent.iter().filter(|id| arrived.get(*id).is_none_or(|spans| spans.len() < 2)).count()
    };
    let complete = wait_until(PATIENCE, || (missing() == 0).then_some(()));
    assert!(complete.is_some(), "{} of {} traces are missing", missing(), sent.len());
    assert_eq!(traces(&sink).len(), sent.len(), "nothing came that was not sent");
    Ok(())
}
