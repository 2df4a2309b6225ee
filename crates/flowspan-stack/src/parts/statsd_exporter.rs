//! Prometheus' StatsD server, for all dialects, over UDP and a Unix socket.

use std::{collections::BTreeMap, path::PathBuf};

use rustix::process::Signal;

use crate::{
    Part, StackError,
    home::Home,
    http,
    life::life,
    locate,
    ports::{self, address},
    process::{Launch, Process},
};

const SOCKET: &str = "socket";

/// A StatsD exporter that runs until it is dropped, and its numbers with it.
#[derive(Debug)]
pub struct StatsdExporter {
    process: Process,
    udp: u16,
    web: u16,
}

life!(StatsdExporter);

impl StatsdExporter {
    /// Starts a server on free ports and a socket in its directory.
    ///
    /// # Errors
    ///
    /// [`StackError`] when it is absent or does not become ready; the end of
    /// its log is in the error.
    pub fn start() -> Result<Self, StackError> {
        let program = locate(Part::StatsdExporter)?;
        let home = Home::new(Part::StatsdExporter)?;
        let (udp, web) = (ports::free()?, ports::free()?);
        let argument = |name: &str, value: &str| format!("--{name}={value}").into();
        let ready = format!("http://{}/-/ready", address(web));
        let launch = Launch {
            part: Part::StatsdExporter,
            program,
            arguments: vec![
                argument("web.listen-address", &address(web)),
                argument("statsd.listen-udp", &address(udp)),
                argument("statsd.listen-tcp", ""),
                argument("statsd.listen-unixgram", &home.join(SOCKET).display().to_string()),
            ],
            environment: Vec::new(),
            user: None,
            stop_signal: Signal::TERM,
            ready: Box::new(move || http::is_ready(&ready)),
        };
        Ok(Self { process: Process::start(launch, home)?, udp, web })
    }

    /// Where lines are taken over UDP, as `host:port`.
    #[must_use]
    pub fn address(&self) -> String {
        address(self.udp)
    }

    /// The Unix datagram socket on which lines are taken.
    #[must_use]
    pub fn socket(&self) -> PathBuf {
        self.process.home().join(SOCKET)
    }

    /// Every series and its value, as they stand in the text format. The
    /// server's own are among them, such as `statsd_exporter_sample_errors_total`.
    ///
    /// # Errors
    ///
    /// [`StackError`] when the server does not answer.
    pub fn samples(&self) -> Result<BTreeMap<String, f64>, StackError> {
        let text = http::text(&format!("http://{}/metrics", address(self.web)))?;
        Ok(text
            .lines()
            .filter(|line| !line.starts_with('#'))
            .filter_map(|line| line.rsplit_once(' '))
            .filter_map(|(series, value)| Some((series.to_owned(), value.parse().ok()?)))
            .collect())
    }
}
