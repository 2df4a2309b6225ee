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
    /// How many series came back; none if Prometheus has refused or given up.
    pub(crate) series: usize,
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
            // As long as one would keep a month; blocks are compacted up to a tenth of it.
            .args(["--storage.tsdb.retention.time=45d", "--log.level=error"])
            .stderr(Stdio::null())
            .spawn()?;
        let server = Self { child, url: format!("http://{address}") };
        let ready = format!("{}/-/ready", server.url);
        wait_until(Duration::from_secs(120), || ureq::get(&ready).call().ok())
            .ok_or("Prometheus is not ready")?;
        Ok(server)
    }

    /// Waits until the blocks are compacted, as they would have been in the course of the month.
    pub(crate) fn settle(&self) -> Result<(), Box<dyn Error>> {
        const TRIGGERED: &str = "prometheus_tsdb_compactions_triggered_total ";
        let metrics = format!("{}/metrics", self.url);
        let triggered = || {
            let text = ureq::get(&metrics).call().ok()?.body_mut().read_to_string().ok()?;
            let number = text.lines().find_map(|line| line.strip_prefix(TRIGGERED))?;
            // One after the other: when the second has begun, the first has left nothing to do.
            number.parse::<f64>().ok().filter(|number| *number >= 2.0)
        };
        wait_until(Duration::from_secs(3600), triggered).ok_or("the blocks are not compacted in an hour")?;
        Ok(())
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
        let mut request = ureq::get(format!("{}/api/v1/{way}", self.url))
            .query("query", query)
            .config()
            .http_status_as_error(false)
            .build();
        for (name, value) in arguments {
            request = request.query(*name, value.to_string());
        }
        let (begun, worked) = (Instant::now(), self.processor_time()?);
        let answer = request.call()?.body_mut().with_config().limit(1 << 30).read_to_string()?;
        let took = begun.elapsed();
        let answer: serde_json::Value = serde_json::from_str(&answer)?;
        let series = answer["data"]["result"].as_array().map_or(0, Vec::len);
        Ok(Cost { took, worked: self.processor_time()?.saturating_sub(worked), series })
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
