//! What of prompts, answers, tool arguments and results leaves the program.

use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicBool, Ordering},
};

use flowspan_content::{Carrier, Content, ContentPolicy, MIN_LIMIT, Outcome, Refusal};
use flowspan_runtime::{Environment, Health, Report, SettingError, WorkerHandle};

use crate::{Builder, Signal};

/// The standard variable: whether content is wanted, and where.
pub(crate) const STANDARD_VARIABLE: &str = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT";
const STANDARD_ACCEPTED: &str = "NO_CONTENT, SPAN_ONLY, EVENT_ONLY or SPAN_AND_EVENT";
/// flowspan's own variable: how much of content is wanted.
pub(crate) const VARIABLE: &str = "FLOWSPAN_CONTENT";
const ACCEPTED: &str = "off, sizes, redacted or full";
const LIMIT_VARIABLE: &str = "FLOWSPAN_CONTENT_LIMIT";

impl Builder {
    /// How much of prompts, answers, tool arguments and results leaves the program. Default:
    /// `FLOWSPAN_CONTENT`, then `OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT`, then
    /// [`Content::Off`]. A [`ContentPolicy`] says more than the level: limits, a deadline, a key.
    ///
    /// ```
    /// use flowspan::{Flowspan, content::{Content, ContentPolicy}};
    ///
    /// let builder = Flowspan::builder("bot").content(Content::Sizes);
    /// let builder = builder.content(ContentPolicy::new(Content::Redacted).with_limit(64 * 1024));
    /// # drop(builder);
    /// ```
    pub fn content(mut self, policy: impl Into<ContentPolicy>) -> Self {
        self.content.policy = Some(policy.into());
        self
    }

    /// Whether content stands on spans, on an event for each model call, or on both. Default:
    /// `OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT`, then [`Carrier::Spans`].
    ///
    /// The event is a log record, `gen_ai.client.inference.operation.details` of the GenAI convention, with the
    /// attributes of the call's span. It goes wherever log records go, whatever the
    /// [level](Builder::content) is; at [`Content::Off`] it has everything but content.
    ///
    /// ```
    /// use flowspan::{Flowspan, content::{Carrier, Content}};
    ///
    /// let builder = Flowspan::builder("bot").content(Content::Redacted).content_carrier(Carrier::Events);
    /// # drop(builder);
    /// ```
    pub fn content_carrier(mut self, carrier: Carrier) -> Self {
        self.content.carrier = Some(carrier);
        self
    }

    /// Adds a function that sees every text of content after flowspan's own rules, where content is
    /// [redacted](Content::Redacted), and gives what may be shown of it. Default: none.
    ///
    /// It runs on a thread of its own. If it panics or takes longer than the deadline, nothing of the value
    /// is shown, and `/health` says so.
    pub fn redactor(mut self, redact: impl Fn(&str) -> String + Send + Sync + 'static) -> Self {
        self.content.redactor = Some(Box::new(redact));
        self
    }
}

/// What a builder was told about content.
#[derive(Default)]
pub(crate) struct Contents {
    policy: Option<ContentPolicy>,
    carrier: Option<Carrier>,
    redactor: Option<Redact>,
}

type Redact = Box<dyn Fn(&str) -> String + Send + Sync>;

impl Contents {
    /// The policy, and what content stands on: the builder's, else those of the environment.
    pub(crate) fn resolve(self, environment: &Environment) -> Result<(ContentPolicy, Carrier), SettingError> {
        // A program that has said all of it itself does not depend on what others write there.
        let standard = match (&self.policy, self.carrier) {
            (Some(_), Some(_)) => None,
            _ => environment.parse(STANDARD_VARIABLE, STANDARD_ACCEPTED, of_standard)?,
        };
        let policy = match self.policy {
            Some(policy) => policy,
            None => from_environment(environment, standard)?,
        };
        let policy = match self.redactor {
            Some(redactor) => policy.with_redactor(redactor),
            None => policy,
        };
        let carrier = self.carrier.or(standard.and_then(Standard::carrier)).unwrap_or_default();
        Ok((policy, carrier))
    }
}

/// What the standard variable asks for. It says where content shall stand, not that secrets shall: these go
/// only if somebody asks for [`Content::Full`] by name.
#[derive(Clone, Copy, PartialEq)]
enum Standard {
    NoContent,
    On(Carrier),
}

impl Standard {
    fn carrier(self) -> Option<Carrier> {
        match self {
            Standard::NoContent => None,
            Standard::On(carrier) => Some(carrier),
        }
    }

    fn level(self) -> Content {
        match self {
            Standard::NoContent => Content::Off,
            Standard::On(_) => Content::Redacted,
        }
    }
}

fn of_standard(value: &str) -> Option<Standard> {
    match value.to_ascii_uppercase().as_str() {
        "NO_CONTENT" => Some(Standard::NoContent),
        "SPAN_ONLY" => Some(Standard::On(Carrier::Spans)),
        "EVENT_ONLY" => Some(Standard::On(Carrier::Events)),
        "SPAN_AND_EVENT" => Some(Standard::On(Carrier::SpansAndEvents)),
        _ => None,
    }
}

fn from_environment(
    environment: &Environment,
    standard: Option<Standard>,
) -> Result<ContentPolicy, SettingError> {
    let own = environment.parse(VARIABLE, ACCEPTED, Content::from_word)?;
    // Who says that there shall be no content must not be overheard.
    if let (Some(Standard::NoContent), Some(own)) = (standard, own)
        && own.has_text()
    {
        let accepted = format!("off or sizes, because {STANDARD_VARIABLE} asks for no content");
        return Err(SettingError::new(VARIABLE, own.as_str(), accepted));
    }
    let policy = ContentPolicy::new(own.or(standard.map(Standard::level)).unwrap_or_default());
    let accepted = format!("a number of bytes, at least {MIN_LIMIT}");
    let limit = environment
        .parse(LIMIT_VARIABLE, &accepted, |value| value.parse().ok().filter(|limit| *limit >= MIN_LIMIT))?;
    Ok(limit.into_iter().fold(policy, ContentPolicy::with_limit))
}

/// What there is to tell if nobody takes what wanted content may stand on.
pub(crate) fn untaken(
    content: Content,
    carrier: Carrier,
    is_taken: impl Fn(Signal) -> bool,
) -> Option<Report> {
    // The program's own log events keep their content where all of it may be shown.
    let on_logs = carrier.has_events() || content == Content::Full;
    let goes = carrier.has_spans() && is_taken(Signal::Spans) || on_logs && is_taken(Signal::Logs);
    let carriers = match carrier {
        Carrier::Spans => "spans",
        Carrier::Events => "log records",
        Carrier::SpansAndEvents => "spans or log records",
    };
    (content != Content::Off && !goes).then_some(Report::ContentUntaken { carriers })
}

/// Lets `/health` show what became of content.
pub(crate) fn watch(health: &Health, policy: &Arc<ContentPolicy>) {
    if policy.content() == Content::Off {
        return;
    }
    let policy = Arc::clone(policy);
    health.watch_counts("content", move || {
        let counts = policy.counts();
        let refused = Refusal::ALL.map(|reason| (reason.as_str(), counts.refused(reason)));
        [("measured", counts.measured), ("shown", counts.shown), ("cut", counts.cut)]
            .into_iter()
            .chain(refused)
            .collect()
    });
}

/// Tells a person, once and on flowspan's thread, that redaction fails or works again.
pub(crate) fn watched(policy: ContentPolicy, health: &Health, worker: &WorkerHandle) -> ContentPolicy {
    if policy.content() != Content::Redacted {
        return policy;
    }
    let (health, worker) = (health.clone(), worker.clone());
    let (redactor, fails) = (Arc::new(OnceLock::new()), AtomicBool::new(false));
    policy.with_listener(move |outcome| {
        let failed = match outcome {
            Outcome::Refused(reason) if reason.is_redactors_fault() => Some(*reason),
            Outcome::Shown { .. } if fails.load(Ordering::Relaxed) => None,
            _ => return,
        };
        fails.store(failed.is_some(), Ordering::Relaxed);
        let (health, redactor) = (health.clone(), Arc::clone(&redactor));
        worker.spawn(async move {
            let advice = "content is withheld meanwhile; look at the redactor, or at its deadline";
            let redactor = redactor.get_or_init(|| health.exporter("content.redactor", advice));
            match failed {
                Some(reason) => redactor.failed(reason.as_str()),
                None => redactor.succeeded(),
            }
        });
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolved(contents: Contents, pairs: &[(&str, &str)]) -> Result<(Content, Carrier), String> {
        let resolved = contents.resolve(&Environment::from_pairs(pairs.iter().copied()));
        resolved.map(|(policy, carrier)| (policy.content(), carrier)).map_err(|error| error.to_string())
    }

    fn level(pairs: &[(&str, &str)]) -> Result<Content, String> {
        resolved(Contents::default(), pairs).map(|(content, _)| content)
    }

    #[test]
    fn nobody_says_anything_so_nothing_leaves() {
        assert_eq!(resolved(Contents::default(), &[]), Ok((Content::Off, Carrier::Spans)));
    }

    #[test]
    fn the_standard_values_are_understood_and_never_mean_secrets() {
        for (value, content, carrier) in [
            ("NO_CONTENT", Content::Off, Carrier::Spans),
            ("SPAN_ONLY", Content::Redacted, Carrier::Spans),
            ("EVENT_ONLY", Content::Redacted, Carrier::Events),
            ("span_and_event", Content::Redacted, Carrier::SpansAndEvents),
        ] {
            let resolved = resolved(Contents::default(), &[(STANDARD_VARIABLE, value)]);
            assert_eq!(resolved, Ok((content, carrier)), "{value}");
        }
    }

    #[test]
    fn the_own_variable_says_how_much() {
        for content in Content::ALL {
            assert_eq!(level(&[(VARIABLE, content.as_str())]), Ok(content));
            assert_eq!(level(&[(VARIABLE, content.as_str()), (STANDARD_VARIABLE, "SPAN_ONLY")]), Ok(content));
        }
        assert_eq!(level(&[(VARIABLE, "sizes"), (STANDARD_VARIABLE, "NO_CONTENT")]), Ok(Content::Sizes));
    }

    #[test]
    fn a_bad_value_or_a_contradiction_is_an_error_that_names_it() {
        for (pairs, words) in [
            (&[(STANDARD_VARIABLE, "true")][..], [STANDARD_VARIABLE, "true", "SPAN_ONLY"]),
            (&[(VARIABLE, "all")], [VARIABLE, "all", "redacted"]),
            (&[(LIMIT_VARIABLE, "16 KiB")], [LIMIT_VARIABLE, "16 KiB", "bytes"]),
            (&[(LIMIT_VARIABLE, "10")], [LIMIT_VARIABLE, "10", "1024"]),
            (&[(VARIABLE, "full"), (STANDARD_VARIABLE, "NO_CONTENT")], [VARIABLE, "full", STANDARD_VARIABLE]),
        ] {
            let error = level(pairs).unwrap_err();
            assert!(words.iter().all(|word| error.contains(word)), "{error}");
        }
    }

    #[test]
    fn the_standard_variable_says_where_and_the_own_one_how_much() {
        let pairs = [(VARIABLE, "full"), (STANDARD_VARIABLE, "EVENT_ONLY")];
        assert_eq!(resolved(Contents::default(), &pairs), Ok((Content::Full, Carrier::Events)));
    }

    #[test]
    fn what_the_program_says_wins() {
        let program = |policy: Option<Content>, carrier| {
            let policy = policy.map(ContentPolicy::from);
            resolved(Contents { policy, carrier, redactor: None }, &[(STANDARD_VARIABLE, "EVENT_ONLY")])
        };
        assert_eq!(program(Some(Content::Full), None), Ok((Content::Full, Carrier::Events)));
        assert_eq!(program(None, Some(Carrier::Spans)), Ok((Content::Redacted, Carrier::Spans)));
        let contents = Contents { policy: Some(Content::Full.into()), ..Contents::default() };
        let no_content = [(STANDARD_VARIABLE, "NO_CONTENT")];
        assert_eq!(resolved(contents, &no_content), Ok((Content::Full, Carrier::Spans)));
    }

    #[test]
    fn it_is_told_if_content_is_wanted_and_goes_nowhere() {
        let told = |content, carrier, taken: &[Signal]| {
            let report = untaken(content, carrier, |signal| taken.contains(&signal))?;
            let Report::ContentUntaken { carriers } = report else { panic!("{report}") };
            Some(carriers)
        };
        let both = [Signal::Spans, Signal::Logs];
        for carrier in Carrier::ALL {
            assert_eq!(told(Content::Off, carrier, &[]), None, "nothing is wanted");
            for content in [Content::Sizes, Content::Redacted, Content::Full] {
                assert_eq!(told(content, carrier, &both), None);
                assert!(told(content, carrier, &[Signal::Metrics, Signal::Events]).is_some());
            }
        }
        for content in [Content::Sizes, Content::Redacted] {
            assert_eq!(told(content, Carrier::Spans, &[Signal::Logs]), Some("spans"));
            assert_eq!(told(content, Carrier::Events, &[Signal::Spans]), Some("log records"));
            assert_eq!(told(content, Carrier::SpansAndEvents, &[]), Some("spans or log records"));
            assert_eq!(told(content, Carrier::SpansAndEvents, &[Signal::Logs]), None);
            assert_eq!(told(content, Carrier::SpansAndEvents, &[Signal::Spans]), None);
        }
        assert_eq!(told(Content::Full, Carrier::Spans, &[Signal::Logs]), None, "log events have it");
        assert_eq!(told(Content::Full, Carrier::Events, &[Signal::Spans]), Some("log records"));
    }
}
