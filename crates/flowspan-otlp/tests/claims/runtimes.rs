//! It does not matter what runtime the program has, if any.

use std::time::Duration;

use flowspan_otlp::{Otlp, Protocol};

use crate::program::{BOTH, LONG, Program};
use crate::sink::{Manner, Sink};

fn blocking(protocol: Protocol) {
    let sink = Sink::start(protocol, Manner::Takes);
    let program = Program::start(Otlp::to(sink.url()).protocol(protocol));
    program.spans(1);
    program.data_points(1);
    program.records(1);
    assert!(program.pipelines.flush(LONG).is_clean());
    program.meter_provider.force_flush().unwrap();
    program.spans(1);
    assert!(program.pipelines.shutdown(LONG).is_clean());
    assert_eq!(sink.arrived().spans.len(), 2);
}

#[test]
fn without_a_runtime() {
    BOTH.into_iter().for_each(blocking);
}

#[tokio::test(flavor = "current_thread")]
async fn in_a_task_of_a_current_thread_runtime() {
    tokio::spawn(async { BOTH.into_iter().for_each(blocking) }).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn in_a_task_of_the_only_worker() {
    tokio::spawn(async { BOTH.into_iter().for_each(blocking) }).await.unwrap();
}

#[tokio::test(flavor = "current_thread")]
async fn the_async_forms_leave_the_executor_free() {
    let sink = Sink::start(Protocol::Grpc, Manner::Hangs);
    let program = Program::start(Otlp::to(sink.url()).protocol(Protocol::Grpc));
    program.spans(1);
    let (tick, ticked) = tokio::sync::oneshot::channel();
    let (end, _) = tokio::join!(program.pipelines.shutdown_async(Duration::from_millis(200)), async {
        tick.send(()).unwrap();
        ticked.await.unwrap();
    });
    assert_eq!(end.traces.unwrap().lost, 1);
}

#[tokio::test(flavor = "current_thread")]
async fn everything_can_be_dropped_in_an_async_task() {
    let sink = Sink::start(Protocol::Grpc, Manner::Hangs);
    let program = Program::start(Otlp::to(sink.url()).protocol(Protocol::Grpc));
    program.spans(1);
    let Program { worker, pipelines, .. } = program;
    drop(worker);
    let end = pipelines.shutdown(LONG).traces.unwrap();
    assert_eq!(end.account.to_string(), "created 1, delivered 0, queued 0, dropped 1 (shutdown 1)");
}
