//! What lasts is over when its guard is gone, whatever happens.

mod support;

use std::{
    future::pending,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    task::{Context, Waker},
};

use flowspan_api::{Blocked, Session, Worktree};
use support::Recording;

#[test]
fn what_is_held_and_ended_counts_as_success() {
    let (heard, _guard) = Recording::start();
    let worktree = Worktree::new("w-1").branch("fix/1").hold();
    worktree.handle().merged("main");
    worktree.end();
    let span = heard.span("worktree");
    assert_eq!(span.status(), Some("success"));
    assert_eq!(span.get("flowspan.worktree.branch"), Some("fix/1"));
    let merged = &heard.events()[0];
    assert_eq!((merged.name, merged.parent), ("worktree_merged", Some("worktree")));
    assert_eq!(merged.get("flowspan.worktree.branch"), Some("main"));
    assert!(heard.has("close worktree"));
}

#[test]
fn what_is_held_by_a_future_that_is_dropped_counts_as_cancelled() {
    let (heard, _guard) = Recording::start();
    {
        let waits = pin!(async {
            let _session = Session::new("openai").hold();
            pending::<()>().await;
        });
        assert!(waits.poll(&mut Context::from_waker(Waker::noop())).is_pending());
        assert!(!heard.has("close session"));
    }
    assert_eq!(heard.span("session").status(), Some("cancelled"));
    assert!(heard.has("close session"));
}

#[test]
fn what_is_held_by_code_that_panics_counts_as_failed() {
    let (heard, _guard) = Recording::start();
    let unwound = catch_unwind(AssertUnwindSafe(|| {
        let _blocked = Blocked::on("approval").hold();
        panic!("on purpose");
    }));
    assert!(unwound.is_err());
    assert_eq!(heard.span("blocked").status(), Some("failed"));
    assert_eq!(heard.span("blocked").get("error.type"), Some("panic"));
}

#[test]
fn what_happens_while_something_is_held_is_not_inside_it() {
    let (heard, _guard) = Recording::start();
    let worktree = Worktree::new("w-1").hold();
    tracing::info!("beside it");
    worktree.fail(&std::io::Error::other("not clean"));
    assert_eq!(heard.events()[0].parent, None);
    assert_eq!(heard.span("worktree").status(), Some("failed"));
}
