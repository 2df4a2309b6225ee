//! The endpoint that Prometheus scrapes.

use flowspan_prometheus::{Endpoint, Prometheus};

use super::{Assembly, Output, Way};
use crate::{BuildError, Builder};

impl Builder {
    /// Serves `/metrics` and `/health`, and `/session` if a session is kept. A port that is taken is an
    /// error of `build` and `install`.
    pub fn prometheus(self, prometheus: Prometheus) -> Self {
        self.output(prometheus)
    }
}

impl Output for Prometheus {
    fn way(&self) -> Option<Way> {
        Some(Way::Prometheus)
    }

    fn start(self: Box<Self>, assembly: &mut Assembly<'_>) -> Result<(), BuildError> {
        let (endpoint, reader) = self.bind(assembly.environment)?;
        assembly.metrics_address = Some(endpoint.address());
        assembly.read_metrics(|provider| provider.with_reader(reader));
        // What else there is to be seen is known when all outputs have started.
        assembly.at_last.push(Box::new(|assembly| serve(endpoint, assembly)));
        Ok(())
    }
}

fn serve(endpoint: Endpoint, assembly: &mut Assembly<'_>) -> Result<(), BuildError> {
    let endpoint = pages::add(endpoint, assembly)?;
    let book = assembly.book.clone();
    let accounts =
        move || book.accounts().into_iter().map(|(signal, account)| (signal.as_str(), account)).collect();
    let server = endpoint.serve(assembly.worker, assembly.health, accounts)?;
    assembly.servers.push(Box::new(server));
    Ok(())
}

/// The pages of other outputs.
mod pages {
    use super::{Assembly, BuildError, Endpoint};

    #[cfg(feature = "session")]
    pub(super) fn add(endpoint: Endpoint, assembly: &Assembly<'_>) -> Result<Endpoint, BuildError> {
        use flowspan_session::SessionDocument;

        let Some(session) = assembly.session.clone() else { return Ok(endpoint) };
        Ok(endpoint.route("/session", move || SessionDocument::from(session.snapshot()))?)
    }

    #[cfg(not(feature = "session"))]
    pub(super) fn add(endpoint: Endpoint, _: &Assembly<'_>) -> Result<Endpoint, BuildError> {
        Ok(endpoint)
    }
}
