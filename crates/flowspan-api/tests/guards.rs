//! Synchronous work under observation.

mod support;

use std::panic::{AssertUnwindSafe, catch_unwind};

use flowspan_api::{Status, Step, Verdict, Workflow};
use support::Recording;

#[test]
fn a_guard_that_is_dropped_counts_as_success() {
    let (heard, _guard) = Recording::start();
    {
        let _step = Step::shell("sort").enter();
        tracing::info!("inside");
    }
    assert_eq!(heard.span("step").status(), Some("success"));
    assert_eq!(heard.events()[0].parent, Some("step"));
    assert!(heard.has("close step"));
}

#[test]
fn a_guard_can_fail_with_an_error() {
    let (heard, _guard) = Recording::start();
    let step = Step::shell("parse").enter();
    if let Err(error) = "x".parse::<u32>() {
        step.fail(&error);
    }
    let span = heard.span("step");
    assert_eq!(span.status(), Some("failed"));
    assert_eq!(span.get("error.type"), Some("error::ParseIntError"));
}

#[test]
fn a_guard_takes_a_verdict() {
    let (heard, _guard) = Recording::start();
    Step::shell("wait").enter().finish(&Verdict::ended(Status::Timeout));
    let span = heard.span("step");
    assert_eq!(span.status(), Some("timeout"));
    assert_eq!(span.get("error.type"), Some("timeout"));
}

#[test]
fn a_panic_under_a_guard_counts_as_failed() {
    let (heard, _guard) = Recording::start();
    let unwound = catch_unwind(AssertUnwindSafe(|| {
        let _step = Step::shell("boom").enter();
        panic!("on purpose");
    }));
    assert!(unwound.is_err());
    let span = heard.span("step");
    assert_eq!(span.status(), Some("failed"));
    assert_eq!(span.get("error.type"), Some("panic"));
}

#[test]
fn work_that_succeeds_while_another_panic_passes_counts_as_success() {
    struct CleansUp;
    impl Drop for CleansUp {
        fn drop(&mut self) {
            let _step = Step::shell("clean up").enter();
        }
    }
    let (heard, _guard) = Recording::start();
    let unwound = catch_unwind(AssertUnwindSafe(|| {
        let _cleans_up = CleansUp;
        panic!("on purpose");
    }));
    assert!(unwound.is_err());
    assert_eq!(heard.span("step").status(), Some("success"));
}

#[test]
fn a_scope_takes_the_status_from_the_result() {
    let (heard, _guard) = Recording::start();
    let result = Workflow::new("outer").in_scope(|| Step::shell("parse").in_scope(|| "x".parse::<u32>()));
    assert!(result.is_err());
    assert_eq!(heard.span("step").status(), Some("failed"));
    assert_eq!(heard.span("workflow").status(), Some("failed"));
    assert_eq!(heard.span("step").parent, Some("workflow"));
    assert!(heard.position("close step") < heard.position("end workflow"));
}
