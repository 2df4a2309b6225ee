//! A Prometheus on blocks that are there already.

use std::{
    error::Error,
    net::TcpListener,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use flowspan_stack::{Part, locate, wait_until};

/// What an answer cost.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Cost {
    /// From the question to the last byte of the answer.
    pub(crate) took: Duration,
    /// How long processors worked for it, which a busy machine does not change.
    pub(crate) worked: Duration,
}

/// A running server; it ends when this is dropped.
pub(crate) struct Server {
    child: Child,
    url: String,
}

impl Server {
    pub(crate) fn start(data: &Path) -> Result<Self, Box<dyn Error>> {
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let config = data.join("prometheus.yaml");
        std::fs::write(&config, "{}")?;
        let child = Command::new(locate(Part::Prometheus)?)
            .arg(format!("--config.file={}", config.display()))
            .arg(format!("--storage.tsdb.path={}", data.display()))
            .arg(format!("--web.listen-address={address}"))
            .args(["--storage.tsdb.retention.time=1y", "--log.level=error"])
            .stderr(Stdio::null())
            .spawn()?;
        let server = Self { child, url: format!("http://{address}") };
        let ready = format!("{}/-/ready", server.url);
        wait_until(Duration::from_secs(120), || ureq::get(&ready).call().ok())
            .ok_or("Prometheus is not ready")?;
        Ok(server)
    }

    pub(crate) fn instant(&self, query: &str, at: u64) -> Result<Cost, Box<dyn Error>> {
        self.ask("query", query, &[("time", at)])
    }

    pub(crate) fn range(
        &self,
        query: &str,
        end: u64,
        seconds: u64,
        step: u64,
    ) -> Result<Cost, Box<dyn Error>> {
        self.ask("query_range", query, &[("start", end - seconds), ("end", end), ("step", step)])
    }

    fn ask(&self, way: &str, query: &str, arguments: &[(&str, u64)]) -> Result<Cost, Box<dyn Error>> {
        let mut request = ureq::get(format!("{}/api/v1/{way}", self.url)).query("query", query);
        for (name, value) in arguments {
            request = request.query(*name, value.to_string());
        }
        let (begun, worked) = (Instant::now(), self.processor_time()?);
        request.call()?.body_mut().with_config().limit(1 << 30).read_to_string()?;
        Ok(Cost { took: begun.elapsed(), worked: self.processor_time()?.saturating_sub(worked) })
    }

    /// How long processors have worked for the server, all its threads together.
    fn processor_time(&self) -> Result<Duration, Box<dyn Error>> {
        let mut nanoseconds = 0;
        for thread in std::fs::read_dir(format!("/proc/{}/task", self.child.id()))? {
            // A thread may end meanwhile.
            let statistics = std::fs::read_to_string(thread?.path().join("schedstat")).unwrap_or_default();
            nanoseconds += statistics.split(' ').next().and_then(|first| first.parse().ok()).unwrap_or(0);
        }
        Ok(Duration::from_nanos(nanoseconds))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It has nothing to save.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
