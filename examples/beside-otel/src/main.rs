//! flowspan beside an OpenTelemetry set-up and a `tracing` subscriber that a program already has.
//!
//! The program keeps its global tracer provider, its exporter and its subscriber. flowspan is built
//! without touching a global, and adds one layer.
//!
//! ```text
//! cargo run -p example-beside-otel
//! ```

use std::{io, time::Duration};

use flowspan::prelude::*;
use opentelemetry::{
    global,
    trace::{Tracer, TracerProvider},
};
use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider};
use tracing_subscriber::prelude::*;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // What the program had before: a provider of its own, set as the global one.
    let theirs = InMemorySpanExporter::default();
    let provider = SdkTracerProvider::builder().with_simple_exporter(theirs.clone()).build();
    global::set_tracer_provider(provider.clone());

    // flowspan, with a way out of its own. `build` touches no global.
    let ours = InMemorySpanExporter::default();
    let telemetry = Flowspan::builder("support-bot")
        .span_exporter("memory", ours.clone())
        .prometheus(Prometheus::on(([127, 0, 0, 1], 0)))
        .build()?;

    // The program's own subscriber, with one more layer.
    tracing_subscriber::registry()
        .with(tracing_subscriber::fmt::layer().with_writer(io::stderr))
        .with(telemetry.layer())
        .init();

    Workflow::new("triage").in_scope(|| {
        tracing::info!("heard by the program's own subscriber, too");
        // Through the program's own provider, inside the workflow: the same trace.
        global::tracer("theirs").in_span("their own work", |_| {});
        provider.tracer("theirs").in_span("more of it", |_| {});
        Ok::<_, io::Error>(())
    })?;

    telemetry.flush(Duration::from_secs(5));
    let (theirs, ours) = (theirs.get_finished_spans()?, ours.get_finished_spans()?);
    let traces: std::collections::HashSet<_> =
        theirs.iter().chain(&ours).map(|span| span.span_context.trace_id()).collect();
    report(theirs.len(), ours.len(), traces.len());
    telemetry.shutdown(Duration::from_secs(5)).into_result()?;
    if (theirs.len(), ours.len(), traces.len()) != (2, 1, 1) {
        return Err("each span belongs to the provider that made it, and all to one trace".into());
    }
    Ok(())
}

#[expect(clippy::print_stdout, reason = "this is what the program is for")]
fn report(theirs: usize, ours: usize, traces: usize) {
    println!("{theirs} spans of theirs, {ours} of flowspan's, in {traces} trace");
}
