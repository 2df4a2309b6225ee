//! Who decides.

use std::{
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    time::Duration,
};

use serde_json::Value;

use crate::{
    Content, Counts, FingerprintKey, Outcome, Redactor, Refusal,
    counts::Counters,
    cut::{cut_document, cut_text},
    nesting::{is_within, may_be_json},
    redact::Redacted,
};

/// How many bytes of a value are shown, unless [`ContentPolicy::with_limit`] says otherwise.
pub const DEFAULT_LIMIT: usize = 16 * 1024;

/// The smallest limit: room for a few messages and the marks of what was cut.
pub const MIN_LIMIT: usize = 1024;

/// How many bytes a value may have to be looked at. Larger ones are refused: redacting them would take
/// too long.
pub const MAX_INPUT: usize = 2 * 1024 * 1024;

/// How deep JSON may be nested to be looked at.
pub const MAX_DEPTH: usize = 64;

/// How long the redaction of one value may take, unless [`ContentPolicy::with_deadline`] says otherwise.
pub const DEFAULT_DEADLINE: Duration = Duration::from_millis(250);

/// Decides what of content leaves the program. See the [crate documentation](crate).
pub struct ContentPolicy {
    content: Content,
    limit: usize,
    key: FingerprintKey,
    redactor: Redactor,
    counters: Counters,
    listener: Option<Listener>,
}

type Listener = Box<dyn Fn(&Outcome) + Send + Sync>;

impl ContentPolicy {
    /// A policy of this level, with the default limits.
    pub fn new(content: Content) -> Self {
        if content == Content::Redacted {
            Redactor::prepare();
        }
        ContentPolicy {
            content,
            limit: DEFAULT_LIMIT,
            key: FingerprintKey::random(),
            redactor: Redactor::new(DEFAULT_DEADLINE),
            counters: Counters::default(),
            listener: None,
        }
    }

    /// Sets how many bytes of a value are shown. Default: [`DEFAULT_LIMIT`]; no less than [`MIN_LIMIT`].
    #[must_use]
    pub fn with_limit(mut self, bytes: usize) -> Self {
        self.limit = bytes.max(MIN_LIMIT);
        self
    }

    /// Sets how long the redaction of one value may take. Default: [`DEFAULT_DEADLINE`].
    #[must_use]
    pub fn with_deadline(mut self, deadline: Duration) -> Self {
        self.redactor.set_deadline(deadline);
        self
    }

    /// Sets the key of fingerprints. Default: a random one, which is forgotten with the program.
    #[must_use]
    pub fn with_fingerprint_key(mut self, key: FingerprintKey) -> Self {
        self.key = key;
        self
    }

    /// Adds a function that sees every text after the rules, at [`Content::Redacted`], and gives what may
    /// be shown of it. It runs on a thread of its own.
    #[must_use]
    pub fn with_redactor(mut self, redact: impl Fn(&str) -> String + Send + Sync + 'static) -> Self {
        self.redactor.set_own(redact);
        self
    }

    /// Tells this function of every outcome. Whoever made the value waits for it.
    #[must_use]
    pub fn with_listener(mut self, listener: impl Fn(&Outcome) + Send + Sync + 'static) -> Self {
        self.listener = Some(Box::new(listener));
        self
    }

    /// The level.
    pub fn content(&self) -> Content {
        self.content
    }

    /// What becomes of a value.
    ///
    /// Never panics, whatever the value and the program's own redactor do.
    pub fn treat(&self, value: &str) -> Outcome {
        let outcome = match self.content {
            Content::Off => Outcome::Nothing,
            Content::Sizes => Outcome::Measured {
                bytes: value.len(),
                fingerprint: (value.len() <= MAX_INPUT).then(|| self.key.of(value.as_bytes())),
            },
            Content::Redacted | Content::Full => catch_unwind(AssertUnwindSafe(|| self.show(value)))
                .unwrap_or(Err(Refusal::RedactorPanicked))
                .unwrap_or_else(Outcome::Refused),
        };
        self.tell(&outcome);
        outcome
    }

    /// Refuses a value that could not be handed over.
    pub fn refuse(&self, reason: Refusal) -> Outcome {
        let outcome = match self.content {
            Content::Off => Outcome::Nothing,
            _ => Outcome::Refused(reason),
        };
        self.tell(&outcome);
        outcome
    }

    /// How often what has become of values.
    pub fn counts(&self) -> Counts {
        self.counters.now()
    }

    fn tell(&self, outcome: &Outcome) {
        self.counters.count(outcome);
        if let Some(listener) = &self.listener {
            // What was decided holds, whatever the listener does.
            let _ = catch_unwind(AssertUnwindSafe(|| listener(outcome)));
        }
    }

    fn show(&self, value: &str) -> Result<Outcome, Refusal> {
        if value.len() > MAX_INPUT {
            return Err(Refusal::TooLarge);
        }
        if !is_within(value, MAX_DEPTH) {
            return Err(Refusal::TooDeep);
        }
        let (text, cut) = match self.content {
            Content::Redacted => self.fit(self.redactor.redact(value)?)?,
            _ if value.len() <= self.limit => (value.to_owned(), 0),
            _ => self.fit(as_it_is(value))?,
        };
        Ok(Outcome::Shown { text, cut })
    }

    fn fit(&self, value: Redacted) -> Result<(String, usize), Refusal> {
        match value {
            Redacted::Document(mut document) => {
                let cut = cut_document(&mut document, self.limit)?;
                Ok((document.to_string(), cut))
            }
            Redacted::Text(text) => Ok(cut_text(text, self.limit)),
        }
    }
}

impl From<Content> for ContentPolicy {
    fn from(content: Content) -> Self {
        ContentPolicy::new(content)
    }
}

impl fmt::Debug for ContentPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ContentPolicy")
            .field("content", &self.content)
            .field("limit", &self.limit)
            .field("redactor", &self.redactor)
            .finish_non_exhaustive()
    }
}

fn as_it_is(value: &str) -> Redacted {
    let document: Option<Value> = if may_be_json(value) { serde_json::from_str(value).ok() } else { None };
    document.map_or_else(|| Redacted::Text(value.to_owned()), Redacted::Document)
}
