//! From the name of an error to its class, which may be a label.

use std::{
    borrow::Cow,
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use flowspan_model::OTHER;

/// The program's own way from the name of an error to its class.
pub(crate) type Classifier = Arc<dyn Fn(&str) -> Option<Cow<'static, str>> + Send + Sync>;

/// The longest name of a class, in bytes.
const MAX_CLASS: usize = 64;
/// The longest number in the name of a class. `E0308` and `10054` are classes, more digits are an
/// identifier.
const MAX_DIGITS: usize = 5;
/// So many hexadecimal digits together, some of them numbers, are an identifier.
const RANDOM: usize = 8;

/// Says what class an error belongs to.
#[derive(Clone)]
pub(crate) struct ErrorClasses {
    classifier: Option<Classifier>,
}

impl ErrorClasses {
    pub(crate) fn new(classifier: Option<Classifier>) -> Self {
        ErrorClasses { classifier }
    }

    /// The class of an error of this name: what the program says, else the name itself if it looks
    /// like a class, else [`OTHER`].
    pub(crate) fn of<'name>(&self, name: &'name str) -> Cow<'name, str> {
        let own = self.classifier.as_ref();
        // The program's own function must not take the measurement with it.
        own.and_then(|classify| catch_unwind(AssertUnwindSafe(|| classify(name))).ok().flatten())
            .unwrap_or_else(|| Cow::Borrowed(if looks_like_a_class(name) { name } else { OTHER }))
    }
}

impl fmt::Debug for ErrorClasses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ErrorClasses").field("has_own", &self.classifier.is_some()).finish()
    }
}

/// Whether a name looks like a class of errors: one word of letters, digits and the signs of type
/// names, and no identifier.
fn looks_like_a_class(name: &str) -> bool {
    let is_word = name.len() <= MAX_CLASS
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.:-<>,".contains(&byte));
    let longest_number = name.split(|c: char| !c.is_ascii_digit()).map(str::len).max().unwrap_or(0);
    // The groups of a UUID or a digest are long and mix digits with letters.
    let looks_random = name
        .split(|c: char| !c.is_ascii_hexdigit())
        .any(|part| part.len() >= RANDOM && part.bytes().filter(u8::is_ascii_digit).count() >= 2);
    is_word && longest_number <= MAX_DIGITS && !looks_random
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_paths_and_identifiers_are_no_classes() {
        for class in ["timeout", "429", "_OTHER", "io::Error", "java.net.UnknownHostException", "E0308"] {
            assert!(looks_like_a_class(class), "{class}");
        }
        for other in [
            "connection refused",
            "/home/user/secret.txt",
            "C:\\temp",
            "0193f2a4-77c1-7e02-9d30-5f0b4c9b8a11",
            "request_1234567",
            "bad\nnews",
            "größe",
        ] {
            assert!(!looks_like_a_class(other), "{other}");
        }
    }

    #[test]
    fn the_program_s_own_classes_win_and_its_panics_do_not() {
        let classes = ErrorClasses::new(Some(Arc::new(|name: &str| match name {
            "the server said no" => Some("refused".into()),
            "boom" => panic!("a classifier of the user's own"),
            _ => None,
        })));
        assert_eq!(classes.of("the server said no"), "refused");
        assert_eq!(classes.of("boom"), "boom");
        assert_eq!(classes.of("some other text"), OTHER);
    }
}
