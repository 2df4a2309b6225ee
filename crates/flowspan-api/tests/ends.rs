//! How a handle knows the way its work ended.

mod support;

use std::{
    future::{Future, pending, poll_fn},
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    task::{Context, Poll, Waker},
    time::Duration,
};

use flowspan_api::{Status, Step, Verdict, Workflow};
use support::Recording;
use tokio::time::timeout;

fn poll_once<F: Future>(future: std::pin::Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

#[tokio::test]
async fn an_ok_counts_as_success() {
    let (heard, _guard) = Recording::start();
    let answer: Result<u32, io::Error> = Step::shell("count").run(async { Ok(42) }).await;
    assert_eq!(answer.ok(), Some(42));
    let span = heard.span("step");
    assert_eq!(span.status(), Some("success"));
    assert_eq!(span.get("error.type"), None);
    assert_eq!(span.get("otel.status_code"), None);
}

#[tokio::test]
async fn an_error_gives_its_type_and_message() {
    let (heard, _guard) = Recording::start();
    let result = Step::shell("parse").run(async { "x".parse::<u32>() }).await;
    assert!(result.is_err());
    let span = heard.span("step");
    assert_eq!(span.status(), Some("failed"));
    assert_eq!(span.get("error.type"), Some("error::ParseIntError"));
    assert_eq!(span.get("otel.status_code"), Some("error"));
    assert_eq!(span.get("otel.status_description"), Some("invalid digit found in string"));
}

#[test]
fn a_dropped_future_counts_as_cancelled() {
    let (heard, _guard) = Recording::start();
    {
        let mut work = pin!(Step::shell("wait").watch(pending::<()>()));
        assert!(poll_once(work.as_mut()).is_pending());
        assert_eq!(heard.span("step").status(), None);
    }
    let span = heard.span("step");
    assert_eq!(span.status(), Some("cancelled"));
    assert_eq!(span.get("error.type"), Some("cancelled"));
    assert!(heard.has("close step"));
}

#[test]
fn a_future_that_was_never_polled_counts_as_cancelled() {
    let (heard, _guard) = Recording::start();
    drop(Step::shell("wait").watch(pending::<()>()));
    assert_eq!(heard.span("step").status(), Some("cancelled"));
}

#[tokio::test]
async fn an_elapsed_deadline_counts_as_a_timeout() {
    let (heard, _guard) = Recording::start();
    let result = Step::shell("slow").run(timeout(Duration::ZERO, pending::<()>())).await;
    assert!(result.is_err());
    let span = heard.span("step");
    assert_eq!(span.status(), Some("timeout"));
    assert_eq!(span.get("error.type"), Some("timeout"));
}

#[tokio::test]
async fn a_deadline_around_the_handle_cancels_it() {
    let (heard, _guard) = Recording::start();
    let result = timeout(Duration::ZERO, Step::shell("slow").watch(pending::<()>())).await;
    assert!(result.is_err());
    assert_eq!(heard.span("step").status(), Some("cancelled"));
}

#[test]
fn a_panic_counts_as_failed_and_goes_on_unwinding() {
    let (heard, _guard) = Recording::start();
    let unwound = catch_unwind(AssertUnwindSafe(|| {
        let mut work = pin!(Step::shell("boom").watch(async { panic!("on purpose") }));
        let _: Poll<()> = poll_once(work.as_mut());
    }));
    let payload = unwound.expect_err("the panic goes on");
    assert_eq!(payload.downcast_ref::<&str>(), Some(&"on purpose"));
    let span = heard.span("step");
    assert_eq!(span.status(), Some("failed"));
    assert_eq!(span.get("error.type"), Some("panic"));
}

#[tokio::test]
async fn a_panic_that_tokio_catches_counts_as_failed() {
    let (heard, _guard) = Recording::start();
    let task = tokio::spawn(Step::shell("boom").watch(async { panic!("on purpose") }));
    assert!(task.await.expect_err("the task panicked").is_panic());
    assert_eq!(heard.span("step").status(), Some("failed"));
    assert!(heard.has("close step"));
}

#[test]
fn a_future_dropped_after_its_panic_was_caught_stays_failed() {
    let (heard, _guard) = Recording::start();
    {
        let mut work = pin!(Step::shell("boom").watch(async { panic!("on purpose") }));
        let unwound = catch_unwind(AssertUnwindSafe(|| {
            let _: Poll<()> = poll_once(work.as_mut());
        }));
        assert!(unwound.is_err());
        assert_eq!(heard.span("step").status(), Some("failed"));
    }
    assert_eq!(heard.span("step").status(), Some("failed"));
}

#[tokio::test]
async fn an_aborted_task_counts_as_cancelled() {
    let (heard, _guard) = Recording::start();
    let (started, has_started) = tokio::sync::oneshot::channel();
    let task = tokio::spawn(Step::shell("wait").watch(async move {
        started.send(()).expect("the test listens");
        pending::<()>().await;
    }));
    has_started.await.expect("the task starts");
    task.abort();
    assert!(task.await.expect_err("the task was aborted").is_cancelled());
    assert_eq!(heard.span("step").status(), Some("cancelled"));
}

#[tokio::test]
async fn a_judge_decides_how_the_work_ended() {
    let (heard, _guard) = Recording::start();
    let judge = |found: &Option<u32>| match found {
        Some(_) => Verdict::success(),
        None => Verdict::ended(Status::Failed).error_type("not_found").message("nothing there"),
    };
    assert_eq!(Step::new("lookup", "cache").judge(async { None }, judge).await, None);
    let span = heard.span("step");
    assert_eq!(span.status(), Some("failed"));
    assert_eq!(span.get("error.type"), Some("not_found"));
    assert_eq!(span.get("otel.status_description"), Some("nothing there"));
}

#[tokio::test]
async fn children_end_before_their_parent() {
    let (heard, _guard) = Recording::start();
    Workflow::new("outer").watch(async { Step::shell("inner").watch(async {}).await }).await;
    assert_eq!(heard.span("step").parent, Some("workflow"));
    assert_eq!(
        heard.order(),
        ["start workflow", "start step", "end step", "close step", "end workflow", "close workflow"]
    );
}

#[test]
fn children_end_before_their_parent_when_it_is_cancelled() {
    let (heard, _guard) = Recording::start();
    {
        let mut work =
            pin!(Workflow::new("outer").watch(async { Step::shell("inner").watch(pending::<()>()).await }));
        assert!(poll_once(work.as_mut()).is_pending());
    }
    assert!(heard.position("end step") < heard.position("end workflow"));
    assert!(heard.position("close step") < heard.position("close workflow"));
    assert_eq!(heard.span("step").status(), Some("cancelled"));
    assert_eq!(heard.span("workflow").status(), Some("cancelled"));
}

#[test]
fn a_finished_future_closes_its_span_even_if_it_is_kept() {
    let (heard, _guard) = Recording::start();
    let mut work = pin!(Step::shell("done").watch(async {}));
    assert!(poll_once(work.as_mut()).is_ready());
    assert!(heard.has("close step"));
}

#[test]
fn what_a_future_holds_is_dropped_inside_its_span() {
    struct SaysWhere;
    impl Drop for SaysWhere {
        fn drop(&mut self) {
            tracing::info!("dropped");
        }
    }
    let (heard, _guard) = Recording::start();
    {
        let held = SaysWhere;
        let mut work = pin!(Step::shell("wait").watch(async move {
            let _held = held;
            pending::<()>().await;
        }));
        assert!(poll_once(work.as_mut()).is_pending());
    }
    let events = heard.events();
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].parent, Some("step"));
}

#[test]
fn the_span_is_current_only_while_the_future_is_polled() {
    let (heard, _guard) = Recording::start();
    let mut polled = false;
    let mut work = pin!(Step::shell("wait").watch(poll_fn(|_| {
        tracing::info!("inside");
        if std::mem::replace(&mut polled, true) { Poll::Ready(()) } else { Poll::Pending }
    })));
    assert!(poll_once(work.as_mut()).is_pending());
    tracing::info!("between");
    assert!(poll_once(work.as_mut()).is_ready());
    let parents: Vec<_> = heard.events().iter().map(|event| event.parent).collect();
    assert_eq!(parents, [Some("step"), None, Some("step")]);
}

#[test]
fn futures_are_send_when_what_they_run_is() {
    fn send<T: Send>(_: T) {}
    fn send_and_sync<T: Send + Sync>() {}
    send(Step::shell("a").run(async { Ok::<_, io::Error>(()) }));
    send(Step::shell("a").watch(async {}));
    send(Step::shell("a").judge(async {}, |(): &()| Verdict::success()));
    send_and_sync::<Step>();
    send_and_sync::<flowspan_api::Inference>();
}
