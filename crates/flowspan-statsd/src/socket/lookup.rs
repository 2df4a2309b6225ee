//! From a name to addresses.

use std::{
    fmt,
    future::Future,
    io,
    net::{IpAddr, SocketAddr},
    pin::Pin,
    time::Duration,
};

use super::SendError;

/// How long a look-up may take.
const TIMEOUT: Duration = Duration::from_secs(5);

type Addresses = Pin<Box<dyn Future<Output = io::Result<Vec<SocketAddr>>> + Send>>;

/// A name, and the way to look it up.
pub(crate) struct Names {
    name: String,
    look_up: Box<dyn Fn() -> Addresses + Send + Sync>,
    can_change: bool,
}

impl Names {
    /// A host, looked up as the system does it.
    pub(crate) fn of_system(host: &str, port: u16) -> Self {
        let name = match host.parse::<IpAddr>() {
            Ok(address) => SocketAddr::new(address, port).to_string(),
            Err(_) => format!("{host}:{port}"),
        };
        let host = host.to_owned();
        Names {
            name,
            can_change: host.parse::<IpAddr>().is_err(),
            look_up: Box::new(move || {
                let host = host.clone();
                Box::pin(async move { Ok(tokio::net::lookup_host((host, port)).await?.collect()) })
            }),
        }
    }

    /// A name whose addresses a function tells.
    #[cfg(test)]
    pub(crate) fn told_by(look_up: impl Fn() -> io::Result<Vec<SocketAddr>> + Send + Sync + 'static) -> Self {
        Names {
            name: "statsd.test:8125".to_owned(),
            can_change: true,
            look_up: Box::new(move || Box::pin(std::future::ready(look_up()))),
        }
    }

    /// The name, with its port.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Whether a later look-up can tell something else.
    pub(crate) fn can_change(&self) -> bool {
        self.can_change
    }

    /// The addresses; at least one.
    pub(crate) fn look_up(&self) -> impl Future<Output = Result<Vec<SocketAddr>, SendError>> + Send + use<> {
        let addresses = (self.look_up)();
        let what = format!("cannot look up {}", self.name);
        async move {
            match tokio::time::timeout(TIMEOUT, addresses).await {
                Ok(Ok(addresses)) if !addresses.is_empty() => Ok(addresses),
                Ok(Ok(_)) => Err(SendError::Failed(format!("{what}: it has no address"))),
                Ok(Err(error)) => Err(SendError::of(&what, &error)),
                Err(_elapsed) => Err(SendError::Failed(format!("{what}: no answer within {TIMEOUT:?}"))),
            }
        }
    }
}

impl fmt::Debug for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Names").field("name", &self.name).finish_non_exhaustive()
    }
}
