//! A busy program in which everything happens that flowspan knows.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use flowspan::{
    Agent, Blocked, Environment, Inference, MapReduce, Phase, Reporter, Session, Step, ToolCall, Verdict,
    Workflow, Worktree,
    event::{self, Evaluation, Progress, Recovered, Validation},
    model::{LabelPolicy, Semconv, Status, Usage},
    prelude::{Console, Flowspan, Prometheus, Telemetry},
};

/// Runs until it is dropped.
pub(crate) struct Workload {
    pub(crate) target: String,
    stop: Arc<AtomicBool>,
    worker: Option<JoinHandle<()>>,
}

/// A program with metrics on a free port.
pub(crate) fn telemetry(service: &str) -> flowspan::Builder {
    Flowspan::builder(service)
        .environment(Environment::empty())
        .console(Console::off())
        .reporter(Reporter::silent())
        .prometheus(Prometheus::on(([127, 0, 0, 1], 0)))
}

pub(crate) fn target(telemetry: &Telemetry) -> String {
    telemetry.metrics_address().expect("metrics are served").to_string()
}

impl Workload {
    pub(crate) fn start(store: &str) -> Self {
        let telemetry = telemetry("workload")
            .postgres(flowspan::prelude::Postgres::to(store))
            // For the panels of both.
            .semconv(Semconv::Both)
            // Two tools are one too many.
            .label_policy("tool_name", LabelPolicy::allow(["make"]))
            .build()
            .expect("it builds");
        let (target, stop) = (target(&telemetry), Arc::new(AtomicBool::new(false)));
        let stopped = Arc::clone(&stop);
        let worker = thread::spawn(move || {
            let _guard = telemetry.set_default();
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async {
                while !stopped.load(Ordering::Relaxed) {
                    round().await;
                    // Between the scrapes, so that rates have something to rise from.
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            });
            // What the run lost at its end is nothing that a panel shows.
            let _ = telemetry.shutdown(Duration::from_secs(10));
        });
        Self { target, stop, worker: Some(worker) }
    }
}

impl Drop for Workload {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(worker) = self.worker.take() {
            let _ = worker.join();
        }
    }
}

async fn round() {
    let _ = Workflow::new("release").run(build()).await;
    let _ = Workflow::new("release").run(async { Err::<(), _>(io::Error::other("refused")) }).await;
    surroundings();
    // Somebody always waits for a person while the program is scraped.
    Agent::new("asker")
        .watch(Blocked::on("approval").watch(tokio::time::sleep(Duration::from_millis(400))))
        .await;
}

async fn build() -> io::Result<()> {
    Phase::new("build")
        .run(async {
            event::heal(Progress::Triggered);
            event::heal(Progress::Succeeded);
            event::bisect(Progress::Failed);
            let _ = Step::shell("compile").run(work(Err(io::Error::other("no compiler")))).await;
            event::retry(2, Duration::ZERO, "no compiler");
            Step::shell("compile").attempt(2).run(recovered()).await?;
            Step::agent("review").run(Agent::new("reviewer").run(review())).await?;
            packages().await
        })
        .await
}

/// A model is asked, and then it goes wrong or not.
async fn work(outcome: io::Result<()>) -> io::Result<()> {
    ask(Ok(())).await;
    outcome
}

async fn recovered() -> io::Result<()> {
    event::recovery(Recovered::Yes);
    event::validation(Validation::Passed);
    event::validation(Validation::Failed);
    Ok(())
}

async fn ask(outcome: io::Result<()>) {
    let call = Inference::chat("openai", "gpt-5-mini");
    let stream = async {
        call.token(1);
        call.token(1);
        outcome
    };
    let _ = call.run(stream).await;
    call.usage(Usage::new().input(1000).output(200).cache_read(400).cache_write(10).reasoning(50));
    call.cost(0.002, "USD");
}

async fn review() -> io::Result<()> {
    ask(Ok(())).await;
    Session::new("openai").run(async { io::Result::Ok(()) }).await?;
    let failed = Inference::chat("openai", "gpt-5-mini");
    let _ = failed.run(async { Err::<(), _>(io::Error::new(io::ErrorKind::TimedOut, "late")) }).await;
    let _ = ToolCall::new("make").run(async { Err::<(), _>(io::Error::other("no rule")) }).await;
    ToolCall::new("git").run(async { io::Result::Ok(()) }).await?;
    event::handoff("releaser", "reviewed");
    event::evaluation(Evaluation::of("quality").score(0.8).label("good"));
    // A rating that is no number is refused, and counted.
    event::evaluation(Evaluation::of("quality").score(f64::NAN));
    Ok(())
}

/// Twelve packages, three of which go to the dead-letter queue and one comes back.
async fn packages() -> io::Result<()> {
    MapReduce::new("packages", 12)
        .run_with(|job| async move {
            for number in 0..12 {
                let item = job.item(&format!("package-{number}"));
                let is_bad = number % 4 == 0;
                let begun = async {
                    let tree = Worktree::new("tree").hold();
                    event::worktree_merged("tree", "main");
                    tree.end();
                };
                let verdict = move |(): &()| match is_bad {
                    true => Verdict::ended(Status::Failed).error_type("bad"),
                    false => Verdict::success(),
                };
                if is_bad {
                    item.dead_letter("it does not build");
                }
                item.judge(begun, verdict).await;
            }
            event::dead_letters_reprocessed(1);
            event::dead_letter_age(Duration::from_secs(30));
            Ok(())
        })
        .await
}

fn surroundings() {
    event::cache_hit("pages");
    event::cache_miss("pages");
    event::checkpoint_created("release");
    event::checkpoint_loaded("release");
    event::checkpoint_failed("release", "disk full");
    event::storage_written("log", 5);
    event::queue_depth("builds", 3);
    event::worktree_pool(2);
    event::memory_pressure(900, 1000);
    event::phase_transition("build", "publish");
}
