//! Where to serve, and taking the place.

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener},
};

use flowspan_runtime::{Environment, Health, SettingError, WorkerHandle};

use serde::Serialize;

use crate::{
    Accounts, PrometheusError, Reader, Server,
    page::{Make, Page},
    routes::is_free,
    server,
};

/// Where metrics are served unless code or environment say otherwise: `127.0.0.1:9464`.
pub const DEFAULT_ADDRESS: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 9464);

const HOST: &str = "OTEL_EXPORTER_PROMETHEUS_HOST";
const PORT: &str = "OTEL_EXPORTER_PROMETHEUS_PORT";

/// The endpoint that Prometheus scrapes.
///
/// What is set here wins over the environment (`OTEL_EXPORTER_PROMETHEUS_HOST` and
/// `OTEL_EXPORTER_PROMETHEUS_PORT`), and the environment over the default, [`DEFAULT_ADDRESS`].
///
/// The endpoint asks for no password and speaks no TLS. By default nobody but this machine can
/// reach it; on another address, everybody who can reach that address can read the metrics.
///
/// ```
/// use flowspan_prometheus::Prometheus;
///
/// let here = Prometheus::on(([127, 0, 0, 1], 9464));
/// let wherever_the_environment_says = Prometheus::from_env();
/// let on_a_free_port = Prometheus::from_env().port(0);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct Prometheus {
    host: Option<IpAddr>,
    port: Option<u16>,
}

impl Prometheus {
    /// Serves on this address. Port 0 takes a free one; [`Server::address`] says which.
    pub fn on(address: impl Into<SocketAddr>) -> Self {
        let address = address.into();
        Prometheus { host: Some(address.ip()), port: Some(address.port()) }
    }

    /// Serves where the environment says, by default on [`DEFAULT_ADDRESS`].
    pub fn from_env() -> Self {
        Prometheus::default()
    }

    /// Sets the address alone, and leaves the port to the environment.
    pub fn host(mut self, host: IpAddr) -> Self {
        self.host = Some(host);
        self
    }

    /// Sets the port alone, and leaves the address to the environment. 0 takes a free one.
    pub fn port(mut self, port: u16) -> Self {
        self.port = Some(port);
        self
    }

    /// The address that will be asked for.
    ///
    /// # Errors
    ///
    /// An environment variable that is needed has a value that cannot be used.
    pub fn address(&self, environment: &Environment) -> Result<SocketAddr, SettingError> {
        let host = match self.host {
            Some(host) => Some(host),
            None => environment.parse(HOST, "an IP address or localhost", host)?,
        };
        let port = match self.port {
            Some(port) => Some(port),
            None => environment.parse(PORT, "a port number from 0 to 65535", |value| value.parse().ok())?,
        };
        Ok(SocketAddr::new(host.unwrap_or(DEFAULT_ADDRESS.ip()), port.unwrap_or(DEFAULT_ADDRESS.port())))
    }

    /// Takes the address. Nobody is served before [`Endpoint::serve`]; who connects meanwhile waits.
    ///
    /// The reader goes to the SDK's meter provider.
    ///
    /// # Errors
    ///
    /// The environment is of no use, or the address cannot be had. The error says what to do.
    pub fn bind(&self, environment: &Environment) -> Result<(Endpoint, Reader), PrometheusError> {
        let asked = self.address(environment)?;
        let listen = || {
            let listener = TcpListener::bind(asked)?;
            listener.set_nonblocking(true)?;
            let address = listener.local_addr()?;
            Ok((listener, address))
        };
        let (listener, address) = listen().map_err(|source| PrometheusError::of_address(asked, source))?;
        let reader = Reader::new();
        Ok((Endpoint { listener, address, reader: reader.clone(), routes: BTreeMap::new() }, reader))
    }
}

/// `localhost` is 127.0.0.1: no name is looked up, because that could take any time.
fn host(value: &str) -> Option<IpAddr> {
    if value.eq_ignore_ascii_case("localhost") {
        return Some(DEFAULT_ADDRESS.ip());
    }
    value.trim_start_matches('[').trim_end_matches(']').parse().ok()
}

/// An address that has been taken.
#[derive(Debug)]
#[must_use = "nobody is served before `serve`"]
pub struct Endpoint {
    pub(crate) listener: TcpListener,
    pub(crate) address: SocketAddr,
    pub(crate) reader: Reader,
    pub(crate) routes: BTreeMap<&'static str, Page>,
}

impl Endpoint {
    /// The address, with the port that was found if it was asked for as 0.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers a further path, such as `/session`, with what `provide` returns, as JSON.
    ///
    /// It is called for each request, beside the worker's thread and at most once at a time; requests
    /// that come meanwhile share its answer. If it panics, or what it returns has no form in JSON, the
    /// request is answered with 500.
    ///
    /// # Errors
    ///
    /// The path is served already, or is none: a path begins with a slash and goes on with letters,
    /// digits and any of `/_-.`.
    pub fn route<T: Serialize>(
        mut self,
        path: &'static str,
        provide: impl Fn() -> T + Send + Sync + 'static,
    ) -> Result<Self, PrometheusError> {
        if !is_free(path) || self.routes.contains_key(path) {
            return Err(PrometheusError::Route { path: path.to_owned() });
        }
        let make: Make = Box::new(move || match serde_json::to_vec(&provide()) {
            Ok(json) => Ok(json.into()),
            Err(error) => Err(format!("what {path} provides has no form in JSON: {error}")),
        });
        self.routes.insert(path, Page::new(make));
        Ok(self)
    }

    /// Begins to serve, on the worker.
    ///
    /// `/health` shows the exporters of `health`, to which this endpoint adds itself as `prometheus`,
    /// and whatever `accounts` returns at that moment.
    ///
    /// # Errors
    ///
    /// The worker cannot listen, for example because it has no file descriptors left.
    pub fn serve(
        self,
        worker: &WorkerHandle,
        health: &Health,
        accounts: impl Fn() -> Accounts + Send + Sync + 'static,
    ) -> Result<Server, PrometheusError> {
        server::start(self, worker, health, accounts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(config: &Prometheus, variables: &[(&str, &str)]) -> Result<String, String> {
        let environment = Environment::from_pairs(variables.iter().copied());
        config.address(&environment).map(|address| address.to_string()).map_err(|error| error.to_string())
    }

    #[test]
    fn the_default_is_port_9464_of_this_machine() {
        assert_eq!(address(&Prometheus::from_env(), &[]).as_deref(), Ok("127.0.0.1:9464"));
    }

    #[test]
    fn the_environment_wins_over_the_default() {
        let from_env = Prometheus::from_env();
        assert_eq!(address(&from_env, &[(HOST, "0.0.0.0"), (PORT, "80")]).as_deref(), Ok("0.0.0.0:80"));
        assert_eq!(address(&from_env, &[(HOST, "localhost")]).as_deref(), Ok("127.0.0.1:9464"));
        assert_eq!(address(&from_env, &[(HOST, "[::1]")]).as_deref(), Ok("[::1]:9464"));
        assert_eq!(address(&from_env, &[(PORT, " 0 ")]).as_deref(), Ok("127.0.0.1:0"));
    }

    #[test]
    fn code_wins_over_the_environment_even_if_that_is_of_no_use() {
        let nonsense = [(HOST, "nowhere"), (PORT, "many")];
        assert_eq!(address(&Prometheus::on(([10, 0, 0, 1], 1)), &nonsense).as_deref(), Ok("10.0.0.1:1"));
        assert_eq!(address(&Prometheus::from_env().port(1), &[(PORT, "2")]).as_deref(), Ok("127.0.0.1:1"));
    }

    #[test]
    fn a_bad_value_names_the_variable_the_value_and_the_accepted_form() {
        assert_eq!(
            address(&Prometheus::from_env(), &[(PORT, "70000")]),
            Err(format!("{PORT} is \"70000\", but must be a port number from 0 to 65535"))
        );
        assert_eq!(
            address(&Prometheus::from_env(), &[(HOST, "example.org")]),
            Err(format!("{HOST} is \"example.org\", but must be an IP address or localhost"))
        );
    }

    #[test]
    fn a_taken_address_is_an_error_that_says_how_to_choose_another() {
        let environment = Environment::empty();
        let (first, _reader) = Prometheus::on(([127, 0, 0, 1], 0)).bind(&environment).expect("a free port");
        assert_ne!(first.address().port(), 0);
        let error = Prometheus::on(first.address()).bind(&environment).expect_err("it is taken");
        assert!(matches!(error, PrometheusError::AddressTaken { .. }));
        let text = error.to_string();
        for part in
            [&*first.address().to_string(), "Prometheus::on", "--metrics-port", "FLOWSPAN_METRICS_PORT"]
        {
            assert!(text.contains(part), "{part} in {text}");
        }
    }

    #[test]
    fn an_address_of_another_machine_is_an_error() {
        let error = Prometheus::on(([192, 0, 2, 1], 0)).bind(&Environment::empty()).expect_err("not ours");
        assert!(matches!(error, PrometheusError::Address { .. }));
        assert!(error.to_string().contains("192.0.2.1:0"));
    }
}
