//! Parts that refuse, die and come back.

use std::collections::BTreeSet;

use flowspan_stack::{Collector, Part, require, wait_until};

use crate::{
    Outcome, PATIENCE,
    back_end::BackEnd,
    fleet::Fleet,
    load::{Trace, send_spans},
    readings::{counted, decided, told, traces},
};

/// How many requests of the gateways the back end refuses at least, and how many traces come through.
const REFUSALS: u64 = 10;
const THROUGH: usize = 20;

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
    let mut numbers = 0..;
    let refused = wait_until(PATIENCE, || {
        send(numbers.next()?).expect("the agent takes it");
        (back_end.refused() >= REFUSALS && traces(&sink).len() >= THROUGH).then_some(())
    });
    assert!(refused.is_some(), "{} refusals, {} traces", back_end.refused(), traces(&sink).len());

    // The sink crashes. It is left alone before: what it has taken is on its disk then, because its
    // own promises are not looked at here.
    back_end.refuse(10);
    let written = || (back_end.is_idle() && spans(&sink) >= back_end.forwarded()).then_some(());
    wait_until(PATIENCE, written).ok_or("the sink did not write what it took")?;
    sink.kill();
    back_end.refuse(0);
    for number in numbers.by_ref().take(100) {
        send(number)?;
    }
    let sent_so_far = sent.len();
    // All of it has been judged, and waits for the back end on the gateways' disks, …
    let judged = || {
        let spans = counted(&fleet.gateways, "traces_span_metrics_calls_total", "").ok()?;
        let is_judged = decided(&fleet.gateways, "").ok()? >= sent_so_far as f64;
        (spans >= (sent_so_far * 2) as f64 && is_judged).then_some(())
    };
    wait_until(PATIENCE, judged).ok_or("not all traces were judged")?;
    let arrived = spans(&sink) as f64;
    let kept = || {
        let waiting = told(&fleet.gateways, "otelcol_exporter_queue_size", "otlp_grpc/jaeger").ok()?;
        (arrived + waiting >= (sent_so_far * 2) as f64).then_some(())
    };
    wait_until(PATIENCE, kept).ok_or("not all spans wait on the gateways' disks")?;
    // … when the gateways crash, too. What comes now waits on the agent's disk, which crashes as well.
    for gateway in &mut fleet.gateways {
        gateway.kill();
    }
    // It has said of each request that it has it, so it needs no time.
    let mut late = Vec::new();
    for number in numbers.take(100) {
        let trace = Trace::new(number)?;
        send_spans(&endpoint, [trace.step, trace.workflow])?;
        late.push(trace.id);
    }
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

fn spans(sink: &Collector) -> usize {
    traces(sink).values().map(BTreeSet::len).sum()
}
