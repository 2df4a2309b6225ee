//! One run of the demo, from its start to the exit code.

use std::io::IsTerminal;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use tempfile::TempPath;

use super::args::DemoArgs;
use super::context::Context;
use super::counts::Counts;
use super::start::{Demo, start};
use super::summary::Summary;
use super::workflow::{self, RunError};
use crate::interrupt::interrupted;
use crate::model_server::{Ledger, ModelServer};
use crate::output;

/// What ends a run that got input that cannot be used.
const BAD_INPUT: u8 = 2;
/// What ends a run that was broken off, as shells report Ctrl-C.
const BROKEN_OFF: u8 = 130;
/// How long the last telemetry of a run may take on its way.
const DRAIN: Duration = Duration::from_secs(5);

/// Runs the demo.
pub fn run(args: &DemoArgs) -> ExitCode {
    match start(args) {
        Ok(demo) => demo.run(args),
        Err(error) => {
            output::error(&error);
            if error.is_bad_input() { ExitCode::from(BAD_INPUT) } else { ExitCode::FAILURE }
        }
    }
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
        cost_usd: counts.cost_usd(),
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
            if error.is_bad_input() { ExitCode::from(BAD_INPUT) } else { ExitCode::FAILURE }
        }
    }
}
