//! A file of its own: `tracing` remembers for the whole process that somebody listens.

use std::{
    future::Future,
    pin::pin,
    task::{Context, Poll, Waker},
};

use flowspan_api::{Inference, Status, Step, Usage, Verdict, Workflow};

#[test]
fn nothing_happens_without_a_subscriber() {
    let step = Step::shell("quiet").index(3).attempt(2);
    assert!(step.span().is_disabled());
    let mut work = pin!(step.run(async { "7".parse::<u32>() }));
    let Poll::Ready(answer) = work.as_mut().poll(&mut Context::from_waker(Waker::noop())) else {
        panic!("nothing to wait for")
    };
    assert_eq!(answer.ok(), Some(7));
    let call = Inference::chat("openai", "gpt-5-mini");
    call.token(3);
    call.usage(Usage::new().input(1));
    Workflow::new("quiet").enter().finish(&Verdict::ended(Status::Timeout));
    assert!(Step::shell("quiet").in_scope(|| "x".parse::<u32>()).is_err());
}
