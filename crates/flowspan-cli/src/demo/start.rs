//! From the arguments to everything that a run needs.

use std::hash::{BuildHasher, RandomState};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use flowspan::prelude::{Console, Flowspan};
use flowspan::{BuildError, ConfigFile, Environment, Price, Prices, Telemetry};
use tempfile::TempPath;
use tokio::runtime::Runtime;

use super::args::DemoArgs;
use super::context::{Context, EMBEDDED_SILENCE, Model, REMOTE_SILENCE};
use super::counts::Counts;
use super::error::StartError;
use super::progress::Progress;
use super::worktrees::Worktrees;
use crate::audit::plan::PlanError;
use crate::model_client::{ApiKey, ModelClient, RetryPolicy};
use crate::model_server::{FaultPlan, ModelServer, Pace, ServerConfig};

/// The model of the embedded server.
const EMBEDDED_MODEL: &str = "auditor-1";

/// What the embedded model would cost if anybody had to pay for it: as much as a small one of today.
fn prices() -> Prices {
    let price = Price::new().input(0.25).output(2.0).cache_read(0.025);
    Prices::builtin().model("flowspan/*", price)
}

/// Everything that a run needs, started.
pub(super) struct Demo {
    pub(super) context: Context,
    /// The checkpoint, if nobody asked for one.
    pub(super) temporary: Option<TempPath>,
    /// The model, if it is the embedded one.
    pub(super) server: Option<ModelServer>,
    pub(super) counts: Arc<Counts>,
    pub(super) telemetry: Telemetry,
    /// Where telemetry is sent, as far as one name says it.
    pub(super) collector: Option<String>,
    pub(super) runtime: Runtime,
}

pub(super) fn start(args: &DemoArgs) -> Result<Demo, StartError> {
    let environment = Environment::process();
    let config =
        ConfigFile::find(args.telemetry.config.as_deref(), &environment).map_err(BuildError::from)?;
    check_path(args)?;
    let (model, server) = model(args, &environment)?;
    let (temporary, checkpoint) = checkpoint_file(args)?;
    let concurrency = usize::from(args.concurrency.get());
    let context = Context {
        run_id: format!("audit-{:016x}", RandomState::new().hash_one(Instant::now())),
        path: args.path.clone(),
        report: args.report.clone(),
        review: args.review_with.clone(),
        checkpoint,
        concurrency,
        retry_dead_letters: args.retry_dead_letters,
        worktrees: Worktrees::new(concurrency).map_err(StartError::Worktrees)?,
        model,
        progress: Progress::new(),
    };
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(StartError::Runtime)?;
    let counts = Arc::new(Counts::default());
    let telemetry = telemetry(args, Arc::clone(&counts), &environment)?;
    let environment = match config {
        Some(file) => file.beneath(environment),
        None => environment,
    };
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

fn model(args: &DemoArgs, environment: &Environment) -> Result<(Model, Option<ModelServer>), StartError> {
    let (provider, name, endpoint, key, silence, server) = match &args.model_url {
        Some(endpoint) => {
            let key = ApiKey::new(environment.get("OPENAI_API_KEY").unwrap_or_default())?;
            // clap asks for the name along with the URL.
            ("openai", args.model.as_deref().unwrap_or_default(), endpoint.clone(), key, REMOTE_SILENCE, None)
        }
        None => {
            let faults = FaultPlan::Seeded(args.seed);
            let server = ModelServer::start(ServerConfig { faults, pace: Pace::LIVELY })?;
            let endpoint = server.base_url().parse().map_err(StartError::Address)?;
            let name = args.model.as_deref().unwrap_or(EMBEDDED_MODEL);
            ("flowspan", name, endpoint, None, EMBEDDED_SILENCE, Some(server))
        }
    };
    let client =
        ModelClient::new(endpoint, key, args.call_timeout.unwrap_or(silence)).map_err(StartError::Client)?;
    let model = Model { provider, name: name.to_owned(), client, retries: RetryPolicy::DEFAULT };
    Ok((model, server))
}

fn telemetry(
    args: &DemoArgs,
    counts: Arc<Counts>,
    environment: &Environment,
) -> Result<Telemetry, StartError> {
    let builder = Flowspan::builder("flowspan-demo").environment(environment.clone()).prices(prices());
    if args.no_telemetry {
        return Ok(builder.disabled().console(Console::off()).install()?);
    }
    // Retries and the like are in the tree at the end; as log lines they would drown it.
    let console = Console::tree().default_filter("warn");
    Ok(args.telemetry.apply_in(builder.console(console).event_sink(counts), environment).install()?)
}

/// The collector that telemetry is sent to, as far as one name says it.
fn collector(args: &DemoArgs, environment: &Environment) -> Option<String> {
    let variables = ["OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"];
    let named = || environment.first(&variables).map(|(_, value)| value.to_owned());
    args.telemetry.otlp_endpoint.clone().or_else(named)
}
