//! Content that shows itself to nobody but who decides about it.

use std::{
    cell::{Cell, OnceCell},
    fmt,
};

/// Something that is made when it is first asked for, and shows itself to [`unseal`] alone. Everybody else
/// who writes it, such as a layer that prints the fields of spans, gets [`SEAL`].
///
/// So content can be offered on a `tracing` span without being made if nobody wants it, and without being
/// printed by somebody who knows nothing of a policy.
///
/// ```
/// use flowspan_model::{Sealed, unseal};
///
/// let prompt = Sealed::new(|| "What is the answer?");
/// assert_eq!(format!("{prompt:?}, {prompt}"), "[content], [content]");
///
/// let mut text = String::new();
/// unseal(&prompt, &mut text)?;
/// assert_eq!(text, "What is the answer?");
/// # Ok::<(), std::fmt::Error>(())
/// ```
pub struct Sealed<C, F> {
    make: Cell<Option<F>>,
    made: OnceCell<C>,
}

/// What everybody sees of it who does not ask by [`unseal`].
pub const SEAL: &str = "[content]";

impl<C: fmt::Display, F: FnOnce() -> C> Sealed<C, F> {
    /// Seals what this function makes.
    pub const fn new(make: F) -> Self {
        Sealed { make: Cell::new(Some(make)), made: OnceCell::new() }
    }

    fn content(&self) -> Option<&C> {
        if let Some(make) = self.make.take() {
            // Nothing else fills it: who took the function is the only one.
            let _ = self.made.set(make());
        }
        self.made.get()
    }
}

/// Writes a value, and what is sealed with its seal broken. For who asks a policy what may be shown of it.
///
/// # Errors
///
/// The value, or where it is written to, fails.
pub fn unseal(value: &dyn fmt::Debug, out: &mut dyn fmt::Write) -> fmt::Result {
    // The flag `-` has no meaning in Rust, no value of std looks at it, and wrappers hand it on: it tells a
    // sealed value that it is asked by somebody who knows what it is.
    write!(out, "{value:-?}")
}

impl<C: fmt::Display, F: FnOnce() -> C> fmt::Display for Sealed<C, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !f.sign_minus() {
            return f.write_str(SEAL);
        }
        // `None` if making it has panicked.
        self.content().ok_or(fmt::Error)?.fmt(f)
    }
}

impl<C: fmt::Display, F: FnOnce() -> C> fmt::Debug for Sealed<C, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_asks_for_is_not_made() {
        let sealed = Sealed::new(|| -> &str { panic!("nobody asked") });
        assert_eq!(format!("{sealed} {sealed:?} {sealed:#?}"), "[content] [content] [content]");
    }

    #[test]
    fn it_is_made_once_however_often_it_is_asked_for() {
        let made = Cell::new(0);
        let sealed = Sealed::new(|| made.replace(made.get() + 1));
        let (mut first, mut second) = (String::new(), String::new());
        unseal(&sealed, &mut first).expect("it can be written");
        unseal(&sealed, &mut second).expect("it can be written");
        assert_eq!((first.as_str(), second.as_str(), made.get()), ("0", "0", 1));
    }

    #[test]
    fn what_is_not_sealed_is_written_as_ever() {
        for value in [&"a \"b\"" as &dyn fmt::Debug, &-1.5, &Some([1, 2])] {
            let mut text = String::new();
            unseal(value, &mut text).expect("it can be written");
            assert_eq!(text, format!("{value:?}"));
        }
    }
}
