//! What of prompts, answers, tool arguments and results leaves the program.

use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicBool, Ordering},
};

use flowspan_content::{Content, ContentPolicy, MIN_LIMIT, Outcome, Refusal};
use flowspan_runtime::{Environment, Health, SettingError, WorkerHandle};

use crate::Builder;

/// The standard variable: whether content is wanted, and where.
pub(crate) const STANDARD_VARIABLE: &str = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT";
const STANDARD_ACCEPTED: &str = "NO_CONTENT, SPAN_ONLY, EVENT_ONLY or SPAN_AND_EVENT";
/// flowspan's own variable: how much of content is wanted.
pub(crate) const VARIABLE: &str = "FLOWSPAN_CONTENT";
const ACCEPTED: &str = "off, sizes, redacted or full";
const LIMIT_VARIABLE: &str = "FLOWSPAN_CONTENT_LIMIT";

impl Builder {
    /// How much of prompts, answers, tool arguments and results stands on spans. Default:
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
    redactor: Option<Redact>,
}

type Redact = Box<dyn Fn(&str) -> String + Send + Sync>;

impl Contents {
    /// The policy: the builder's, else that of the environment.
    pub(crate) fn resolve(self, environment: &Environment) -> Result<ContentPolicy, SettingError> {
        let policy = match self.policy {
            Some(policy) => policy,
            None => from_environment(environment)?,
        };
        Ok(match self.redactor {
            Some(redactor) => policy.with_redactor(redactor),
            None => policy,
        })
    }
}

fn from_environment(environment: &Environment) -> Result<ContentPolicy, SettingError> {
    let standard = environment.parse(STANDARD_VARIABLE, STANDARD_ACCEPTED, of_standard)?;
    let own = environment.parse(VARIABLE, ACCEPTED, Content::from_word)?;
    // Who says that there shall be no content on spans must not be overheard.
    if let (Some(Content::Off), Some(own)) = (standard, own)
        && own.has_text()
    {
        let accepted = format!("off or sizes, because {STANDARD_VARIABLE} asks for no content on spans");
        return Err(SettingError::new(VARIABLE, own.as_str(), accepted));
    }
    let policy = ContentPolicy::new(own.or(standard).unwrap_or_default());
    let accepted = format!("a number of bytes, at least {MIN_LIMIT}");
    let limit = environment
        .parse(LIMIT_VARIABLE, &accepted, |value| value.parse().ok().filter(|limit| *limit >= MIN_LIMIT))?;
    Ok(limit.into_iter().fold(policy, ContentPolicy::with_limit))
}

/// What a value of the standard variable asks for. It says where content shall stand, not that secrets
/// shall: these go only if somebody asks for [`Content::Full`] by name. flowspan has no events with
/// content, so who wants it on events alone gets none.
fn of_standard(value: &str) -> Option<Content> {
    match value.to_ascii_uppercase().as_str() {
        "NO_CONTENT" | "EVENT_ONLY" => Some(Content::Off),
        "SPAN_ONLY" | "SPAN_AND_EVENT" => Some(Content::Redacted),
        _ => None,
    }
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

    fn level(pairs: &[(&str, &str)]) -> Result<Content, String> {
        let environment = Environment::from_pairs(pairs.iter().copied());
        let policy = Contents::default().resolve(&environment);
        policy.map(|policy| policy.content()).map_err(|error| error.to_string())
    }

    #[test]
    fn nobody_says_anything_so_nothing_leaves() {
        assert_eq!(level(&[]), Ok(Content::Off));
    }

    #[test]
    fn the_standard_values_are_understood_and_never_mean_secrets() {
        for (value, content) in [
            ("NO_CONTENT", Content::Off),
            ("EVENT_ONLY", Content::Off),
            ("SPAN_ONLY", Content::Redacted),
            ("span_and_event", Content::Redacted),
        ] {
            assert_eq!(level(&[(STANDARD_VARIABLE, value)]), Ok(content), "{value}");
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
    fn what_the_program_says_wins() {
        let contents = Contents { policy: Some(Content::Full.into()), redactor: None };
        let environment = Environment::from_pairs([(STANDARD_VARIABLE, "NO_CONTENT")]);
        assert_eq!(contents.resolve(&environment).map(|policy| policy.content()).ok(), Some(Content::Full));
    }
}
