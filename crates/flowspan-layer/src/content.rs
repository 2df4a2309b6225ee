//! Where the policy of content is asked, and how its answer is said in attributes.

use std::{
    fmt::{self, Write},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use flowspan_content::{Content, ContentPolicy, MAX_INPUT, Outcome, Refusal};
use flowspan_model::{SEAL, unseal};
use flowspan_span::{MAX_ATTRIBUTES, keep_last};
use opentelemetry::{Key, KeyValue, Value};

/// The policy of content of a layer. Default: nothing leaves.
#[derive(Clone, Debug)]
pub(crate) struct Contents {
    policy: Arc<ContentPolicy>,
    is_wanted: bool,
}

impl Default for Contents {
    fn default() -> Self {
        Contents::new(Arc::new(ContentPolicy::new(Content::Off)))
    }
}

impl Contents {
    pub(crate) fn new(policy: Arc<ContentPolicy>) -> Self {
        Contents { is_wanted: policy.content() != Content::Off, policy }
    }

    /// Whether there is any need to look at content.
    #[inline]
    pub(crate) fn is_wanted(&self) -> bool {
        self.is_wanted
    }

    /// What attributes say of a text that is content.
    #[cold]
    pub(crate) fn of_text(&self, key: &str, text: &str) -> Vec<KeyValue> {
        told(key, self.policy.treat(text))
    }

    /// What attributes say of a value that is content, be it sealed.
    #[cold]
    pub(crate) fn of_value(&self, key: &str, value: &dyn fmt::Debug) -> Vec<KeyValue> {
        match written(value) {
            Ok(text) => self.of_text(key, &text),
            Err(reason) => self.of_refused(key, reason),
        }
    }

    /// What attributes say of content that could not be written down.
    #[cold]
    pub(crate) fn of_refused(&self, key: &str, reason: Refusal) -> Vec<KeyValue> {
        told(key, self.policy.refuse(reason))
    }

    /// Replaces the attributes that are content by what may be said of them.
    pub(crate) fn sweep(&self, attributes: &mut Vec<KeyValue>, is_content: impl Fn(&str) -> bool) {
        if !self.is_wanted {
            attributes.retain(|attribute| !is_content(attribute.key.as_str()));
            return;
        }
        // What was said first and corrected later is asked about once.
        keep_last(attributes, MAX_ATTRIBUTES);
        let found: Vec<_> =
            attributes.extract_if(.., |attribute| is_content(attribute.key.as_str())).collect();
        // What stayed sealed has been refused.
        let found = found.iter().filter(|found| found.value.as_str() != SEAL);
        attributes.extend(found.flat_map(|found| self.of_text(found.key.as_str(), &found.value.as_str())));
    }
}

/// What a value is when it is written, its seal broken.
pub(crate) fn written(value: &dyn fmt::Debug) -> Result<String, Refusal> {
    let mut bounded = Bounded { text: String::new(), is_full: false };
    // Content is made only where somebody wants it: a panic in there would come as a surprise.
    let result = catch_unwind(AssertUnwindSafe(|| unseal(value, &mut bounded)));
    match result {
        _ if bounded.is_full => Err(Refusal::TooLarge),
        Ok(Ok(())) => Ok(bounded.text),
        _ => Err(Refusal::Unwritable),
    }
}

/// The names of the attributes that say something about a value that is not there, or not whole, begin so;
/// its own name follows.
const ABOUT: &str = "flowspan.content";

fn told(key: &str, outcome: Outcome) -> Vec<KeyValue> {
    let about = |what: &str, value: Value| KeyValue::new(Key::from(format!("{ABOUT}.{key}.{what}")), value);
    let number = |bytes: usize| Value::I64(i64::try_from(bytes).unwrap_or(i64::MAX));
    match outcome {
        Outcome::Nothing => Vec::new(),
        Outcome::Measured { bytes, fingerprint } => {
            let fingerprint = fingerprint.map(|fingerprint| about("hash", fingerprint.to_string().into()));
            std::iter::once(about("size", number(bytes))).chain(fingerprint).collect()
        }
        Outcome::Shown { text, cut } => {
            let cut = (cut > 0).then(|| about("cut", number(cut)));
            std::iter::once(KeyValue::new(Key::from(key.to_owned()), text)).chain(cut).collect()
        }
        Outcome::Refused(reason) => vec![about("refused", reason.as_str().into())],
    }
}

/// Takes no more than a policy would look at.
struct Bounded {
    text: String,
    is_full: bool,
}

impl Write for Bounded {
    fn write_str(&mut self, part: &str) -> fmt::Result {
        if self.text.len() + part.len() > MAX_INPUT {
            self.is_full = true;
            return Err(fmt::Error);
        }
        self.text.push_str(part);
        Ok(())
    }
}
