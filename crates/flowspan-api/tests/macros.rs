//! What the attribute macros make of a function.

#![cfg(feature = "macros")]

mod support;

use std::{fmt, fmt::Display, future::pending, io, time::Duration};

use flowspan_api::{agent, phase, step, tool, workflow};
use support::Recording;

#[step]
async fn parse(text: &str) -> Result<u32, std::num::ParseIntError> {
    let number = text.parse::<u32>()?;
    tracing::info!(number, "parsed");
    Ok(number)
}

#[tokio::test]
async fn an_asynchronous_result_gives_the_status() {
    let (heard, _guard) = Recording::start();
    assert_eq!(parse("7").await, Ok(7));
    let span = heard.span("step");
    assert_eq!(span.get("flowspan.step.name"), Some("parse"));
    assert_eq!(span.get("flowspan.step.type"), Some("function"));
    assert_eq!(span.status(), Some("success"));
    assert_eq!(heard.events()[0].parent, Some("step"));
}

#[tokio::test]
async fn a_question_mark_ends_the_work_as_failed() {
    let (heard, _guard) = Recording::start();
    assert!(parse("x").await.is_err());
    assert_eq!(heard.span("step").status(), Some("failed"));
    assert_eq!(heard.span("step").get("error.type"), Some("error::ParseIntError"));
}

#[tokio::test]
async fn nothing_begins_before_the_first_poll() {
    let (heard, _guard) = Recording::start();
    let work = parse("7");
    assert!(heard.spans().is_empty());
    drop(work);
    assert!(heard.spans().is_empty());
}

#[phase("plan")]
async fn wait_for_ever() {
    pending().await
}

#[tokio::test]
async fn an_unfinished_function_counts_as_cancelled() {
    let (heard, _guard) = Recording::start();
    assert!(tokio::time::timeout(Duration::ZERO, wait_for_ever()).await.is_err());
    assert_eq!(heard.span("phase").get("flowspan.phase.name"), Some("plan"));
    assert_eq!(heard.span("phase").status(), Some("cancelled"));
}

#[step(name = "clone", type = "shell")]
fn clone_repository(fail: Option<io::ErrorKind>) -> io::Result<()> {
    if let Some(kind) = fail {
        return Err(kind.into());
    }
    Ok(())
}

#[test]
fn a_synchronous_result_gives_the_status() {
    let (heard, _guard) = Recording::start();
    assert!(clone_repository(Some(io::ErrorKind::TimedOut)).is_err());
    let span = heard.span("step");
    assert_eq!(span.get("flowspan.step.name"), Some("clone"));
    assert_eq!(span.get("flowspan.step.type"), Some("shell"));
    assert_eq!(span.status(), Some("timeout"));
}

#[test]
fn a_synchronous_success_is_one() {
    let (heard, _guard) = Recording::start();
    assert!(clone_repository(None).is_ok());
    assert_eq!(heard.span("step").status(), Some("success"));
}

#[tool]
fn r#match(words: &[&'static str]) -> impl Iterator<Item = &'static str> + use<> {
    tracing::info!("inside");
    let longest = words.iter().copied().max_by_key(|word| word.len());
    longest.into_iter()
}

#[test]
fn a_function_that_cannot_fail_is_entered() {
    let (heard, _guard) = Recording::start();
    assert_eq!(r#match(&["a", "bb"]).collect::<Vec<_>>(), ["bb"]);
    let span = heard.span("tool_call");
    assert_eq!(span.get("gen_ai.tool.name"), Some("match"), "the name is the word, not how it is escaped");
    assert_eq!(span.status(), Some("success"));
    assert_eq!(heard.events()[0].parent, Some("tool_call"));
}

struct Researcher<T> {
    notes: Vec<T>,
}

impl<T: Display + Clone + Send + Sync> Researcher<T> {
    /// Documented.
    #[agent("researcher")]
    #[must_use]
    pub(crate) async fn first<'a>(&'a self, or: &'a T) -> &'a T
    where
        T: PartialEq,
    {
        self.notes.first().unwrap_or(or)
    }

    #[agent]
    async fn take_note(&mut self, note: T) -> Result<&mut T, fmt::Error> {
        self.notes.push(note);
        self.notes.last_mut().ok_or(fmt::Error)
    }

    #[tool]
    fn last_mut(&mut self) -> Result<&mut T, fmt::Error> {
        self.notes.last_mut().ok_or(fmt::Error)
    }

    #[tool]
    fn into_notes(mut self, (first, _): (T, u8)) -> Vec<T> {
        self.notes.insert(0, first);
        self.notes
    }

    #[tool]
    fn count<const N: usize>(&self) -> [usize; N] {
        [self.notes.len(); N]
    }

    #[step]
    async fn shown(&self) -> Result<impl Display + use<'_, T>, fmt::Error> {
        self.notes.first().ok_or(fmt::Error)
    }

    #[step]
    fn boxed(&self) -> Result<Box<dyn Display + '_>, fmt::Error> {
        Ok(Box::new(self.notes.len()))
    }

    #[step]
    async fn boxed_later(&self) -> Result<Box<dyn Display + '_>, fmt::Error> {
        if self.notes.is_empty() {
            return Ok(Box::new("none"));
        }
        Ok(Box::new(self.notes.len()))
    }
}

#[tokio::test]
async fn methods_keep_receivers_generics_and_lifetimes() {
    let (heard, _guard) = Recording::start();
    let mut researcher = Researcher { notes: Vec::new() };
    assert_eq!(researcher.first(&"none").await, &"none");
    *researcher.take_note("first").await.expect("there is one") = "changed";
    assert_eq!(researcher.last_mut().expect("there is one"), &"changed");
    assert_eq!(researcher.count::<2>(), [1, 1]);
    assert_eq!(researcher.shown().await.expect("there is one").to_string(), "changed");
    assert_eq!(researcher.boxed().expect("never fails").to_string(), "1");
    assert_eq!(researcher.boxed_later().await.expect("never fails").to_string(), "1");
    assert_eq!(researcher.into_notes(("zeroth", 0)), ["zeroth", "changed"]);
    assert!(heard.spans().iter().all(|span| span.status() == Some("success")));
    assert_eq!(heard.spans().len(), 8);
}

trait Search {
    fn search(&self, text: &str) -> Result<usize, io::Error>;
    fn later(&self) -> impl Future<Output = usize> + Send;
}

impl Search for &'static str {
    #[tool("search")]
    fn search(&self, text: &str) -> Result<usize, io::Error> {
        self.find(text).ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    #[tool("later")]
    async fn later(&self) -> usize {
        self.len()
    }
}

#[tokio::test]
async fn methods_of_a_trait_are_observed_where_they_are_implemented() {
    let (heard, _guard) = Recording::start();
    assert_eq!("haystack".search("stack").ok(), Some(3));
    assert_eq!("haystack".later().await, 8);
    let names: Vec<_> =
        heard.spans().iter().map(|span| span.get("gen_ai.tool.name").map(str::to_owned)).collect();
    assert_eq!(names, [Some("search".to_owned()), Some("later".to_owned())]);
}

#[workflow(crate = "flowspan_api")]
async fn outer() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    #![expect(unused_variables, reason = "an inner attribute stays inside")]
    let unused = 1;
    inner(2).await?;
    Ok(())
}

#[step("inner", crate = flowspan_api)]
async fn inner(depth: u32) -> Result<u32, fmt::Error> {
    if depth == 0 { Ok(0) } else { Box::pin(inner(depth - 1)).await }
}

#[tokio::test]
async fn observed_functions_nest() {
    let (heard, _guard) = Recording::start();
    tokio::spawn(outer()).await.expect("the future is Send").expect("it works");
    let parents: Vec<_> = heard.spans().iter().map(|span| span.parent).collect();
    assert_eq!(parents, [None, Some("workflow"), Some("step"), Some("step")]);
}

#[workflow]
async fn serve_for_ever() -> ! {
    loop {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_function_that_never_returns_is_cancelled() {
    let (heard, _guard) = Recording::start();
    assert!(tokio::time::timeout(Duration::from_millis(1), serve_for_ever()).await.is_err());
    assert_eq!(heard.span("workflow").status(), Some("cancelled"));
}
