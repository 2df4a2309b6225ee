//! A Prometheus on blocks that are there already.

use std::{
    error::Error,
    net::TcpListener,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use flowspan_stack::{Part, locate, wait_until};

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

    pub(crate) fn instant(&self, query: &str, at: u64) -> Result<f64, Box<dyn Error>> {
        self.ask("query", query, &[("time", at)])
    }

    pub(crate) fn range(
        &self,
        query: &str,
        end: u64,
        seconds: u64,
        step: u64,
    ) -> Result<f64, Box<dyn Error>> {
        self.ask("query_range", query, &[("start", end - seconds), ("end", end), ("step", step)])
    }

    /// How many seconds the answer took, from the question to its last byte.
    fn ask(&self, way: &str, query: &str, arguments: &[(&str, u64)]) -> Result<f64, Box<dyn Error>> {
        let mut request = ureq::get(format!("{}/api/v1/{way}", self.url)).query("query", query);
        for (name, value) in arguments {
            request = request.query(*name, value.to_string());
        }
        let begun = Instant::now();
        request.call()?.body_mut().read_to_string()?;
        Ok(begun.elapsed().as_secs_f64())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It has nothing to save.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
