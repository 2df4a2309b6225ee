//! Telemetry works with every runtime, and with none, and nothing hangs.

use std::{
    net::TcpListener,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    thread,
    time::{Duration, Instant},
};

use flowspan::{Environment, Reporter, prelude::*};
use opentelemetry_sdk::{
    error::OTelSdkResult,
    trace::{SpanData, SpanExporter},
};

const PATIENCE: Duration = Duration::from_secs(10);

/// How many spans came. The exporter of the SDK's for tests forgets them when it is shut down.
#[derive(Clone, Debug, Default)]
struct Counted(Arc<AtomicUsize>);

impl SpanExporter for Counted {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        self.0.fetch_add(batch.len(), Ordering::SeqCst);
        Ok(())
    }
}

fn telemetry(spans: &Counted) -> Telemetry {
    Flowspan::builder("bot")
        .environment(Environment::empty())
        .console(Console::off())
        .reporter(Reporter::silent())
        .span_exporter("memory", spans.clone())
        .build()
        .expect("it builds")
}

async fn observed(telemetry: Telemetry) {
    let guard = telemetry.set_default();
    Workflow::new("w").watch(async {}).await;
    drop(guard);
    // On purpose the blocking forms, in a task: this is where others stall.
    assert_eq!(telemetry.flush(PATIENCE).spans.delivered, 1);
    telemetry.shutdown(PATIENCE).into_result().expect("nothing is lost");
}

/// Fails if the work takes longer than anybody would wait.
fn in_time(work: impl FnOnce() + Send + 'static) {
    let (done, is_done) = mpsc::channel();
    let worker = thread::spawn(move || {
        work();
        let _ = done.send(());
    });
    match is_done.recv_timeout(Duration::from_secs(60)) {
        Ok(()) | Err(mpsc::RecvTimeoutError::Disconnected) => worker.join().expect("the work goes well"),
        Err(mpsc::RecvTimeoutError::Timeout) => panic!("it hangs"),
    }
}

#[test]
fn without_any_runtime() {
    in_time(|| {
        let spans = Counted::default();
        let telemetry = telemetry(&spans);
        let guard = telemetry.set_default();
        drop(Workflow::new("w").enter());
        drop(guard);
        telemetry.shutdown(PATIENCE).into_result().expect("nothing is lost");
        assert_eq!(spans.0.load(Ordering::SeqCst), 1);
    });
}

#[test]
fn inside_a_current_thread_runtime() {
    in_time(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async { observed(telemetry(&Counted::default())).await });
    });
}

#[test]
fn inside_a_task_of_the_only_worker() {
    in_time(|| {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime");
        let telemetry = telemetry(&Counted::default());
        runtime.block_on(async { tokio::spawn(observed_in_task(telemetry)).await.expect("it goes well") });
    });
}

async fn observed_in_task(telemetry: Telemetry) {
    // A guard of the thread's default must not be held across an await in a task that may move; with
    // a single worker nothing moves, but the compiler cannot know.
    let dispatch = telemetry.dispatch().clone();
    tracing::dispatcher::with_default(&dispatch, || drop(Workflow::new("w").enter()));
    assert_eq!(telemetry.flush(PATIENCE).spans.delivered, 1);
    telemetry.shutdown(PATIENCE).into_result().expect("nothing is lost");
}

#[test]
fn after_the_programs_runtime_is_gone() {
    in_time(|| {
        let spans = Counted::default();
        let telemetry = telemetry(&spans);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let guard = telemetry.set_default();
        runtime.block_on(Workflow::new("w").watch(async {}));
        drop(runtime);
        drop(guard);
        telemetry.shutdown(PATIENCE).into_result().expect("nothing is lost");
    });
}

#[test]
fn dropped_without_a_shutdown_it_still_sends() {
    in_time(|| {
        let spans = Counted::default();
        let telemetry = telemetry(&spans);
        let guard = telemetry.set_default();
        drop(Workflow::new("w").enter());
        drop(guard);
        drop(telemetry);
        assert_eq!(spans.0.load(Ordering::SeqCst), 1);
    });
}

#[test]
fn a_black_hole_cannot_hold_up_the_end() {
    in_time(|| {
        // Accepts (in the backlog of the socket) and never answers.
        let hole = TcpListener::bind("127.0.0.1:0").expect("a port");
        let endpoint = format!("http://{}", hole.local_addr().expect("an address"));
        for protocol in [Protocol::Grpc, Protocol::HttpProtobuf] {
            let telemetry = Flowspan::builder("bot")
                .environment(Environment::empty())
                .console(Console::off())
                .reporter(Reporter::silent())
                .otlp(Otlp::to(&endpoint).protocol(protocol))
                .build()
                .expect("it builds");
            let guard = telemetry.set_default();
            drop(Workflow::new("w").enter());
            drop(guard);
            let timeout = Duration::from_millis(300);
            let began = Instant::now();
            let report = telemetry.shutdown(timeout);
            assert!(began.elapsed() < timeout + Duration::from_millis(500), "{:?}", began.elapsed());
            assert_eq!(report.accounts.spans.lost(), 1, "{report:?}");
            assert!(report.accounts.spans.is_balanced());
        }
    });
}
