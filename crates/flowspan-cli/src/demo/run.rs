//! One run of the demo, from the arguments to the exit code.

use std::hash::{BuildHasher, RandomState};
use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use flowspan::prelude::{Console, Flowspan};
use flowspan::{Environment, Telemetry};
use tempfile::TempPath;
use tokio::runtime::Runtime;

use super::args::DemoArgs;
use super::context::{Context, EMBEDDED_SILENCE, Model, REMOTE_SILENCE};
use super::counts::Counts;
use super::error::StartError;
use super::progress::Progress;
use super::summary::Summary;
use super::workflow::{self, RunError};
use crate::audit::plan::PlanError;
use crate::interrupt::interrupted;
use crate::model_client::{ApiKey, ModelClient, RetryPolicy};
use crate::model_server::{FaultPlan, Ledger, ModelServer, Pace, ServerConfig};
use crate::output;

/// What ends a run that got input that cannot be used.
const BAD_INPUT: u8 = 2;
/// What ends a run that was broken off, as shells report Ctrl-C.
const BROKEN_OFF: u8 = 130;
/// How long the last telemetry of a run may take on its way.
const DRAIN: Duration = Duration::from_secs(5);
/// The model of the embedded server.
const EMBEDDED_MODEL: &str = "auditor-1";

/// Runs the demo.
pub fn run(args: &DemoArgs) -> ExitCode {
    match start(args) {
        Ok(demo) => demo.run(args),
        Err(error) => {
            output::error(&error);
            ExitCode::from(BAD_INPUT)
        }
    }
}

/// Everything that a run needs, started.
struct Demo {
    context: Context,
    temporary: Option<TempPath>,
    server: Option<ModelServer>,
    counts: Arc<Counts>,
    telemetry: Telemetry,
    collector: Option<String>,
    runtime: Runtime,
}

fn start(args: &DemoArgs) -> Result<Demo, StartError> {
    let environment = Environment::process();
    check_path(args)?;
    let server = match &args.model_url {
        Some(_) => None,
        None => {
            let faults = FaultPlan::Seeded(args.seed);
            Some(ModelServer::start(ServerConfig { faults, pace: Pace::LIVELY })?)
        }
    };
    let (temporary, checkpoint) = checkpoint_file(args)?;
    let context = Context {
        run_id: format!("audit-{:016x}", RandomState::new().hash_one(Instant::now())),
        path: args.path.clone(),
        report: args.report.clone(),
        checkpoint,
        concurrency: usize::from(args.concurrency.get()),
        model: model(args, server.as_ref(), &environment)?,
        progress: Progress::new(),
    };
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(StartError::Runtime)?;
    let counts = Arc::new(Counts::default());
    let telemetry = telemetry(args, Arc::clone(&counts), &environment)?;
    let collector = if args.no_telemetry { None } else { collector(args, &environment) };
    Ok(Demo { context, temporary, server, counts, telemetry, collector, runtime })
}

/// A path that is not there is said at once, before anything is started for it.
fn check_path(args: &DemoArgs) -> Result<(), PlanError> {
    if args.path.as_os_str().is_empty() {
        return Err(PlanError::Empty);
    }
    let there = std::fs::metadata(&args.path);
    there.map(drop).map_err(|source| PlanError::Path { path: args.path.clone(), source })
}

fn checkpoint_file(args: &DemoArgs) -> Result<(Option<TempPath>, PathBuf), StartError> {
    if let Some(path) = &args.checkpoint {
        return Ok((None, path.clone()));
    }
    let file = tempfile::Builder::new().prefix("flowspan-audit-").suffix(".json").tempfile();
    let path = file.map_err(StartError::Temporary)?.into_temp_path();
    let name = path.to_path_buf();
    Ok((Some(path), name))
}

fn model(
    args: &DemoArgs,
    server: Option<&ModelServer>,
    environment: &Environment,
) -> Result<Model, StartError> {
    let name = args.model.clone().unwrap_or_else(|| EMBEDDED_MODEL.to_owned());
    let (provider, endpoint, key, silence) = match (server, &args.model_url) {
        (Some(server), _) => {
            let endpoint = server.base_url().parse().map_err(StartError::Address)?;
            ("flowspan", endpoint, None, EMBEDDED_SILENCE)
        }
        (None, Some(endpoint)) => {
            let key = ApiKey::new(environment.get("OPENAI_API_KEY").unwrap_or_default())?;
            ("openai", endpoint.clone(), key, REMOTE_SILENCE)
        }
        (None, None) => return Err(StartError::NoModel),
    };
    let client =
        ModelClient::new(endpoint, key, args.call_timeout.unwrap_or(silence)).map_err(StartError::Client)?;
    Ok(Model { provider, name, client, retries: RetryPolicy::DEFAULT })
}

fn telemetry(
    args: &DemoArgs,
    counts: Arc<Counts>,
    environment: &Environment,
) -> Result<Telemetry, StartError> {
    let builder = Flowspan::builder("flowspan-demo").environment(environment.clone());
    if args.no_telemetry {
        return Ok(builder.disabled().console(Console::off()).install()?);
    }
    // Retries and the like are in the tree at the end; as log lines they would drown it.
    let console = match environment.get("RUST_LOG") {
        Some(_) => Console::tree(),
        None => Console::tree().filter("warn"),
    };
    Ok(args.telemetry.apply(builder.console(console).event_sink(counts)).install()?)
}

/// The collector that telemetry is sent to, as far as one name says it.
fn collector(args: &DemoArgs, environment: &Environment) -> Option<String> {
    let variables = ["OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"];
    let named = || environment.first(&variables).map(|(_, value)| value.to_owned());
    args.telemetry.otlp_endpoint.clone().or_else(named)
}

/// How a run came to its end.
enum End {
    Done,
    Failed(RunError),
    BrokenOff,
}

impl Demo {
    fn run(self, args: &DemoArgs) -> ExitCode {
        let Self { context, temporary, server, counts, telemetry, collector, runtime } = self;
        let metrics = telemetry.metrics_address();
        if let Some(address) = metrics {
            output::note(&format!("metrics are served at http://{address}/metrics"));
        }
        let began = Instant::now();
        let end = runtime.block_on(work(&context));
        let took = began.elapsed();
        // The book is closed before it is read: calls that were broken off are booked by then.
        let ledger = server.map(ModelServer::end);

        // Nothing is sent from here on, so the accounts are final; /metrics is served on.
        let accounts = telemetry.shutdown(DRAIN).accounts;
        let facts = Facts {
            took,
            ledger,
            metrics_url: metrics.map(|address| format!("http://{address}/metrics")),
            collector,
        };
        output::summary(&summarize(&context, &end, &counts, &accounts, facts).render(args.summary));
        let code = conclude(&end, &context, temporary.filter(|_| counts.items().success > 0));
        if let Some(wait) = waiting(args, &end, metrics.is_some()) {
            runtime.block_on(keep_open(wait));
        }
        drop(telemetry);
        code
    }
}

/// Works until the work is done or somebody asks to end. Then the work is dropped where it stands,
/// which is what makes all of it `cancelled`.
async fn work(context: &Context) -> End {
    tokio::select! {
        outcome = workflow::run(context) => match outcome {
            Ok(_) => End::Done,
            Err(error) => End::Failed(error),
        },
        // Who cannot listen for signals is ended by them as ever.
        Ok(()) = interrupted() => End::BrokenOff,
    }
}

/// How long to go on serving metrics.
enum Wait {
    For(Duration),
    UntilInterrupted,
}

fn waiting(args: &DemoArgs, end: &End, serves_metrics: bool) -> Option<Wait> {
    let is_watched = std::io::stdout().is_terminal() && std::io::stderr().is_terminal();
    match (end, args.keep_open) {
        (End::BrokenOff, _) | (End::Failed(_), None) => None,
        (_, Some(duration)) => (!duration.is_zero()).then_some(Wait::For(duration)),
        (_, None) => (is_watched && serves_metrics).then_some(Wait::UntilInterrupted),
    }
}

async fn keep_open(wait: Wait) {
    match wait {
        Wait::For(duration) => {
            output::note(&format!("kept open for {} s; Ctrl-C ends it", duration.as_secs_f64()));
            let _ = tokio::time::timeout(duration, interrupted()).await;
        }
        Wait::UntilInterrupted => {
            output::note("kept open; Ctrl-C ends it");
            let _ = interrupted().await;
        }
    }
}

/// What is known of a run besides what telemetry observed.
struct Facts {
    took: Duration,
    ledger: Option<Ledger>,
    metrics_url: Option<String>,
    collector: Option<String>,
}

fn summarize(
    context: &Context,
    end: &End,
    counts: &Counts,
    accounts: &flowspan::Accounts,
    facts: Facts,
) -> Summary {
    let run = counts.run();
    let observed_end = run.and_then(|run| run.end);
    let status = match end {
        End::Done => "success",
        End::Failed(_) => "failed",
        End::BrokenOff => "cancelled",
    };
    Summary {
        run_id: context.run_id.clone(),
        trace_id: run.map(|run| run.trace.iter().map(|byte| format!("{byte:02x}")).collect()),
        status: observed_end.map_or(status, |(status, _)| status.as_str()),
        duration_seconds: observed_end.map_or(facts.took, |(_, duration)| duration).as_secs_f64(),
        counts: counts.observed(),
        items: counts.items(),
        tokens: counts.tokens(),
        model_server: facts.ledger,
        telemetry: accounts.into(),
        metrics_url: facts.metrics_url,
        otlp_endpoint: facts.collector,
    }
}

/// Says what there is to say at the end, and keeps the checkpoint of an unfinished run that has got
/// somewhere.
fn conclude(end: &End, context: &Context, temporary: Option<TempPath>) -> ExitCode {
    if !matches!(end, End::Done) && temporary.is_some_and(|path| path.keep().is_ok()) {
        output::note(&format!(
            "to go on where this run ended, add --checkpoint {}",
            context.checkpoint.display()
        ));
    }
    match end {
        End::Done => ExitCode::SUCCESS,
        End::BrokenOff => ExitCode::from(BROKEN_OFF),
        End::Failed(error) => {
            output::error(error);
            if matches!(error, RunError::Plan(_)) { ExitCode::from(BAD_INPUT) } else { ExitCode::FAILURE }
        }
    }
}
