//! The endpoint that Prometheus scrapes.

use flowspan_prometheus::Prometheus;

use super::{Assembly, Output};
use crate::{BuildError, Builder};

impl Builder {
    /// Serves `/metrics` and `/health`. A port that is taken is an error of `build` and `install`.
    pub fn prometheus(self, prometheus: Prometheus) -> Self {
        self.output(prometheus)
    }
}

impl Output for Prometheus {
    fn start(self: Box<Self>, assembly: &mut Assembly<'_>) -> Result<(), BuildError> {
        let (endpoint, reader) = self.bind(assembly.environment)?;
        assembly.metrics_address = Some(endpoint.address());
        assembly.read_metrics(|provider| provider.with_reader(reader));
        let book = assembly.book.clone();
        let accounts =
            move || book.accounts().into_iter().map(|(signal, account)| (signal.as_str(), account)).collect();
        let server = endpoint.serve(assembly.worker, assembly.health, accounts)?;
        assembly.servers.push(Box::new(server));
        Ok(())
    }
}
