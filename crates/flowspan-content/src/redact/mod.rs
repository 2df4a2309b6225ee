//! Taking out what nobody else should read.

mod checks;
mod document;
mod keys;
mod own;
mod rules;
mod scan;

use std::{
    fmt,
    time::{Duration, Instant},
};

use self::own::Own;
use crate::Refusal;

pub use self::scan::marker;

/// Takes out of texts what looks like a key, a token, an address or a number of a person.
///
/// The rules know:
///
/// - keys and tokens of providers of models and of other services by their prefixes, JSON web tokens,
///   private keys, and what follows `Bearer` or `Basic`;
/// - what is given to a name such as `password`, `api_key` or `authorization`, in prose, in configurations,
///   in headers, in URLs; in JSON the whole value of such a key;
/// - e-mail addresses, numbers of cards (by their check digit) and of bank accounts (IBAN, by its check
///   digits), telephone numbers, social security numbers;
/// - bytes in base64, such as images, in which no rule could find anything.
///
/// They do not know names, postal addresses, or secrets without any form. A function of the program's own,
/// which sees the text after them, can add what they lack.
///
/// Each finding is replaced by a [`marker`]. The patterns are matched in linear time, and the whole of a
/// value has a deadline.
pub struct Redactor {
    own: Option<Own>,
    deadline: Duration,
}

impl Redactor {
    pub(crate) fn new(deadline: Duration) -> Self {
        Redactor { own: None, deadline }
    }

    /// Compiles the rules, so that the first value does not have to wait for it.
    pub(crate) fn prepare() {
        rules::rules();
    }

    pub(crate) fn set_deadline(&mut self, deadline: Duration) {
        self.deadline = deadline;
    }

    pub(crate) fn set_own(&mut self, redact: impl Fn(&str) -> String + Send + Sync + 'static) {
        self.own = Some(Own::new(redact));
    }

    /// The text without what was found.
    pub(crate) fn redact(&self, text: &str) -> Result<Redacted, Refusal> {
        let deadline = Deadline::after(self.deadline);
        let mut redacted = document::redact(text, &deadline)?;
        if let Some(own) = &self.own {
            redacted.replace_texts(|texts| own.redact(texts, &deadline))?;
        }
        Ok(redacted)
    }
}

pub(crate) use self::document::Redacted;

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let own = self.own.is_some();
        f.debug_struct("Redactor").field("own", &own).field("deadline", &self.deadline).finish()
    }
}

/// When redaction has to be done.
pub(crate) struct Deadline {
    started: Instant,
    allowed: Duration,
}

impl Deadline {
    fn after(allowed: Duration) -> Self {
        Deadline { started: Instant::now(), allowed }
    }

    /// How much time is left.
    fn left(&self) -> Result<Duration, Refusal> {
        let left = self.allowed.saturating_sub(self.started.elapsed());
        if left.is_zero() { Err(Refusal::RedactorTooSlow) } else { Ok(left) }
    }
}
