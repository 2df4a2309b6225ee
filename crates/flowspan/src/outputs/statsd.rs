//! Every measurement to a StatsD server.

use std::sync::Arc;

use flowspan_runtime::Account;
use flowspan_statsd::{Statsd, StatsdSink};

use super::{Assembly, Drain, Output, Wait, Way};
use crate::{BuildError, Builder, Signal};

impl Builder {
    /// Pushes every measurement to a StatsD server. One that is away is no error; it is told once, and
    /// what is lost meanwhile is counted.
    ///
    /// ```
    /// use flowspan::{Flowspan, statsd::{Dialect, Statsd}};
    ///
    /// let builder =
    ///     Flowspan::builder("bot").statsd(Statsd::to("localhost:8125").dialect(Dialect::DogStatsD));
    /// # drop(builder);
    /// ```
    pub fn statsd(self, statsd: Statsd) -> Self {
        self.output(statsd)
    }
}

impl Output for Statsd {
    fn way(&self) -> Option<Way> {
        Some(Way::Statsd)
    }

    fn start(self: Box<Self>, assembly: &mut Assembly<'_>) -> Result<(), BuildError> {
        let resolved = self.resolve(assembly.environment)?;
        let sink = StatsdSink::start(resolved, assembly.worker, assembly.health);
        assembly.metric_sinks.push(("statsd".to_owned(), Arc::new(sink.clone())));
        assembly.drains.push(Box::new(sink));
        Ok(())
    }
}

impl Drain for StatsdSink {
    fn begin_flush(&self) -> Wait {
        let wait = self.pipeline().begin_flush();
        Box::new(move |timeout| drop(wait(timeout)))
    }

    fn begin_shutdown(&self) -> Wait {
        let wait = self.pipeline().begin_shutdown();
        Box::new(move |timeout| drop(wait(timeout)))
    }

    fn accounts(&self) -> Vec<(Signal, Account)> {
        vec![(Signal::Metrics, self.account())]
    }
}
