//! What all handles have in common.

use std::{fmt, fmt::Display, future::Future, marker::PhantomData};

use flowspan_model::Field;
use tracing::{Span, field::Value};

use crate::{AlwaysSuccess, ByResult, Guard, Judge, Observed, Verdict, guard::Scope};

/// One piece of work that is being observed.
///
/// You meet it under the names of the kinds of work: [`Workflow`](crate::Workflow),
/// [`Step`](crate::Step), [`Agent`](crate::Agent) and so on. It is a `tracing` span with the fields
/// of its kind; its clock starts when it is made, its parent is the span that is current then.
/// Clones stand for the same piece of work.
pub struct Handle<K> {
    span: Span,
    kind: PhantomData<fn() -> K>,
}

impl<K> Handle<K> {
    /// Runs a future that returns a `Result`, and takes the status from it.
    ///
    /// ```
    /// # use flowspan_api::Step;
    /// # async fn build() -> Result<(), std::io::Error> {
    /// let lines = Step::shell("count").run(async { Ok::<_, std::io::Error>(42) }).await?;
    /// # Ok(()) }
    /// ```
    pub fn run<F, T, E>(self, future: F) -> Observed<F, ByResult>
    where
        F: Future<Output = Result<T, E>>,
        E: Display + 'static,
    {
        Observed::new(future, self.span, ByResult)
    }

    /// Runs a future that cannot fail.
    pub fn watch<F: Future>(self, future: F) -> Observed<F, AlwaysSuccess> {
        Observed::new(future, self.span, AlwaysSuccess)
    }

    /// Runs a future whose output is judged by a function of yours.
    ///
    /// ```
    /// # use flowspan_api::{Status, Step, Verdict};
    /// # async fn check() {
    /// let found: Option<u32> = Step::new("lookup", "cache")
    ///     .judge(async { None }, |found: &Option<u32>| match found {
    ///         Some(_) => Verdict::success(),
    ///         None => Verdict::ended(Status::Failed).error_type("not_found"),
    ///     })
    ///     .await;
    /// # }
    /// ```
    pub fn judge<F, J>(self, future: F, judge: J) -> Observed<F, J>
    where
        F: Future,
        J: Judge<F::Output>,
    {
        Observed::new(future, self.span, judge)
    }

    /// Runs a future that needs the handle itself, otherwise like [`run`](Handle::run).
    pub fn run_with<F, T, E>(self, work: impl FnOnce(Self) -> F) -> Observed<F, ByResult>
    where
        F: Future<Output = Result<T, E>>,
        E: Display + 'static,
    {
        let future = work(self.clone());
        self.run(future)
    }

    /// Runs synchronous code that returns a `Result`, and takes the status from it.
    ///
    /// # Errors
    ///
    /// Returns what the code returns.
    #[inline]
    pub fn in_scope<T, E: Display + 'static>(self, work: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
        if self.span.is_disabled() { work() } else { observe(self.span, work) }
    }

    /// Observes plain synchronous code until the guard is dropped.
    ///
    /// The work counts as success unless [`Guard::fail`] says otherwise or a panic passes.
    pub fn enter(self) -> Guard {
        Guard::new(self.span)
    }

    /// The `tracing` span behind the handle, for fields and links of your own.
    pub fn span(&self) -> &Span {
        &self.span
    }

    #[inline]
    pub(crate) const fn from_span(span: Span) -> Self {
        Handle { span, kind: PhantomData }
    }

    /// Sets a field that the handle's span has declared.
    #[inline]
    pub(crate) fn record(self, field: Field, value: impl Value) -> Self {
        set(&self.span, field, value);
        self
    }
}

impl<K> Clone for Handle<K> {
    fn clone(&self) -> Self {
        Handle::from_span(self.span.clone())
    }
}

impl<K> fmt::Debug for Handle<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Handle").field(&self.span).finish()
    }
}

/// Runs code inside a span, and takes the status from its result. Apart, so that code that nobody observes is
/// not burdened with it.
#[inline(never)]
fn observe<T, E: Display + 'static>(span: Span, work: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
    let scope = Scope::enter(&span);
    let result = work();
    scope.finish(&ByResult.verdict(&result));
    result
}

/// Sets a field of a span, if anybody listens: `record` would look for the field by its name first.
#[inline]
pub(crate) fn set(span: &Span, field: Field, value: impl Value) {
    if !span.is_disabled() {
        span.record(field.key(), value);
    }
}

/// Writes down how the work of a span ended. Its end is the moment of this call.
pub(crate) fn finish(span: &Span, verdict: &Verdict) {
    if span.is_disabled() {
        return;
    }
    if let Some(error_type) = &verdict.error_type {
        span.record(Field::ErrorType.key(), error_type.as_ref());
        span.record("otel.status_code", "error");
    }
    if let Some(message) = &verdict.message {
        span.record(Field::ErrorMessage.key(), message.as_str());
    }
    span.record(Field::Status.key(), verdict.status.as_str());
}
