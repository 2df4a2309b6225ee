//! The progress bar: on a terminal only, and on stderr.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// How far the map side is. Draws nothing when stderr is no terminal.
#[derive(Debug)]
pub(super) struct Progress(ProgressBar);

impl Progress {
    /// A bar that does not show yet.
    pub(super) fn new() -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
        let style = ProgressStyle::with_template("auditing {bar:32} {pos}/{len} files, {elapsed}");
        Self(match style {
            Ok(style) => bar.with_style(style),
            // The template is a constant that the tests draw once; without it the bar is plainer.
            Err(_) => bar,
        })
    }

    /// Shows the bar, if there is a terminal, until the guard is dropped: also when the run is broken
    /// off, whose end shall not find half a bar on the terminal.
    pub(super) fn show(&self, files: usize) -> Shown<'_> {
        self.0.set_length(files as u64);
        self.0.set_draw_target(ProgressDrawTarget::stderr());
        Shown(&self.0)
    }

    /// One file is done.
    pub(super) fn advance(&self) {
        self.0.inc(1);
    }
}

/// Keeps the bar on the terminal.
#[must_use = "the bar goes when this is dropped"]
pub(super) struct Shown<'a>(&'a ProgressBar);

impl Drop for Shown<'_> {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    use indicatif::ProgressStyle;

    #[test]
    fn the_template_of_the_bar_is_valid() {
        assert!(ProgressStyle::with_template("auditing {bar:32} {pos}/{len} files, {elapsed}").is_ok());
    }
}
