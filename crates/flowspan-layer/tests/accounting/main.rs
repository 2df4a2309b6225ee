//! The rules of `docs/tokens-and-cost.md`, each by its name.

#[path = "../support/mod.rs"]
mod support;

mod bounds;
mod counting;
mod overheard;
mod pricing;

use flowspan_api::{Inference, Usage};
use flowspan_layer::{Accounting, Engine};
use opentelemetry_sdk::trace::Sampler;
use tracing::Span;

use support::Bench;

/// A layer with this accounting.
fn bench(engine: Engine, accounting: Accounting) -> Bench {
    Bench::made(engine, Sampler::AlwaysOn, None, accounting, support::no_content())
}

/// Does something inside a span.
fn within(span: &Span, work: impl FnOnce()) {
    span.in_scope(work);
}

/// Calls a model, and does something with the call while it lasts.
fn ask(work: impl FnOnce(&Inference)) {
    let call = Inference::chat("p", "m");
    call.span().in_scope(|| work(&call));
}

/// A usage of ten and three.
fn some() -> Usage {
    Usage::new().input(10).output(3)
}
