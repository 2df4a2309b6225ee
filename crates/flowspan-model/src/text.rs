//! Text that is cheap to pass on.

use std::{borrow::Cow, fmt, ops::Deref, sync::Arc};

/// A text that is never copied when it is cloned.
///
/// Names of workflows, steps and models come again and again, and are carried from a workflow to
/// everything inside it. One that lives as long as the program costs nothing to clone; any other is
/// shared and counted.
#[derive(Clone)]
pub struct Text(Form);

#[derive(Clone)]
enum Form {
    Static(&'static str),
    Shared(Arc<str>),
}

impl Text {
    /// A text that lives as long as the program.
    #[inline]
    pub const fn from_static(text: &'static str) -> Self {
        Text(Form::Static(text))
    }

    /// The text.
    #[inline]
    pub fn as_str(&self) -> &str {
        match &self.0 {
            Form::Static(text) => text,
            Form::Shared(text) => text,
        }
    }

    /// The text, if it lives as long as the program.
    #[inline]
    pub fn as_static(&self) -> Option<&'static str> {
        match &self.0 {
            Form::Static(text) => Some(text),
            Form::Shared(_) => None,
        }
    }

    /// The text in the form in which any part of a program can share it. Copies only a text that lives
    /// as long as the program.
    #[inline]
    pub fn to_shared(&self) -> Arc<str> {
        match &self.0 {
            Form::Static(text) => Arc::from(*text),
            Form::Shared(text) => Arc::clone(text),
        }
    }
}

impl Deref for Text {
    type Target = str;

    #[inline]
    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl PartialEq for Text {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        let (one, other) = (self.as_str(), other.as_str());
        // The same place holds the same text; most texts that are compared are the same.
        std::ptr::eq(one, other) || one == other
    }
}

impl Eq for Text {}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self)
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Text(Form::Shared(Arc::from(text)))
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Text(Form::Shared(Arc::from(text)))
    }
}

impl From<Arc<str>> for Text {
    fn from(text: Arc<str>) -> Self {
        Text(Form::Shared(text))
    }
}

impl From<Cow<'static, str>> for Text {
    fn from(text: Cow<'static, str>) -> Self {
        match text {
            Cow::Borrowed(text) => Text::from_static(text),
            Cow::Owned(text) => Text::from(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_text_is_equal_in_every_form() {
        let forms =
            [Text::from_static("a"), Text::from("a"), Text::from("a".to_owned()), Text::from(Arc::from("a"))];
        assert!(forms.iter().all(|form| *form == forms[0] && &**form == "a"));
        assert_ne!(forms[0], Text::from("b"));
    }
}
