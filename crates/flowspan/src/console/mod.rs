//! What a person sees on the terminal: log lines with trace ids, and the run as a tree.
//!
//! Everything goes to standard error. Colours are used on a terminal only, and not if `NO_COLOR`
//! is set.

mod forest;
mod lines;
mod render;

use std::{io::Write, sync::Arc};

use flowspan_runtime::{Environment, SettingError};

use forest::Forest;
pub(crate) use lines::{Lines, LogFilter, Telemetry};

/// The log filter if neither the program nor `RUST_LOG` gives one.
pub const DEFAULT_LOG_FILTER: &str = "info";

/// What goes to the terminal. Default: [`Console::lines`].
#[derive(Clone, Debug)]
#[must_use]
pub struct Console {
    output: Output,
    filter: Option<String>,
    default_filter: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Output {
    Nothing,
    Lines,
    LinesAndTree,
}

impl Console {
    /// Nothing.
    pub const fn off() -> Self {
        Console { output: Output::Nothing, filter: None, default_filter: None }
    }

    /// The program's log lines, each with the id of the trace that it belongs to.
    pub const fn lines() -> Self {
        Console { output: Output::Lines, filter: None, default_filter: None }
    }

    /// The log lines, and each run as a tree when it has ended.
    pub const fn tree() -> Self {
        Console { output: Output::LinesAndTree, filter: None, default_filter: None }
    }

    /// Which log lines are shown, in the form of `RUST_LOG`: `warn,my_program=debug`. Default: the
    /// variable `RUST_LOG`, then the [default filter](Console::default_filter). It concerns the log lines alone; nothing
    /// here switches spans or metrics off.
    pub fn filter(mut self, directives: impl Into<String>) -> Self {
        self.filter = Some(directives.into());
        self
    }

    /// Which log lines are shown if neither [`filter`](Console::filter) nor `RUST_LOG` says it. Default:
    /// [`DEFAULT_LOG_FILTER`].
    pub fn default_filter(mut self, directives: impl Into<String>) -> Self {
        self.default_filter = Some(directives.into());
        self
    }

    /// The console that `FLOWSPAN_CONSOLE` asks for.
    pub(crate) fn from_environment(environment: &Environment) -> Result<Self, SettingError> {
        let named = |name: &str| match name {
            "off" => Some(Console::off()),
            "lines" => Some(Console::lines()),
            "tree" => Some(Console::tree()),
            _ => None,
        };
        Ok(environment.parse("FLOWSPAN_CONSOLE", "off, lines or tree", named)?.unwrap_or_default())
    }

    /// The log lines of this console, if there are to be any.
    pub(crate) fn log_filter(&self, environment: &Environment) -> Result<Option<LogFilter>, SettingError> {
        if self.output == Output::Nothing {
            return Ok(None);
        }
        let (setting, directives) = match (&self.filter, environment.get("RUST_LOG")) {
            (Some(explicit), _) => ("Console::filter", explicit.as_str()),
            (None, Some(variable)) => ("RUST_LOG", variable),
            (None, None) => {
                ("Console::default_filter", self.default_filter.as_deref().unwrap_or(DEFAULT_LOG_FILTER))
            }
        };
        LogFilter::parse(directives).map(Some).map_err(|source| {
            SettingError::new(setting, directives, "directives such as `info` or `warn,my_program=debug`")
                .because(source)
        })
    }

    /// The sink that draws the tree, if there is to be one.
    pub(crate) fn tree_sink(&self) -> Option<Arc<dyn flowspan_model::EventSink>> {
        (self.output == Output::LinesAndTree).then(|| {
            let forest = Forest::new(|tree| {
                let mut stderr = anstream::stderr().lock();
                // Nobody can be told that standard error is closed.
                let _ = stderr.write_all(render::render(tree).as_bytes());
            });
            Arc::new(forest) as Arc<dyn flowspan_model::EventSink>
        })
    }
}

impl Default for Console {
    fn default() -> Self {
        Console::lines()
    }
}
