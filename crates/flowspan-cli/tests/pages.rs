//! What the pages tell a reader to open and to type, done beside a stack and a demo, on free ports.

use std::{
    collections::BTreeMap,
    error::Error,
    fs,
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use flowspan_stack::{Part, Stack, require, wait_until};
use serde_json::Value;

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

const PATIENCE: Duration = Duration::from_secs(60);
const HERE: &str = "http://127.0.0.1:";

/// A demo that goes on serving its metrics.
struct Demo(Child);

impl Drop for Demo {
    fn drop(&mut self) {
        // It serves until it is told to end; a test that is over has no further use for it.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn demo(endpoint: &str) -> Outcome<(Demo, String)> {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/audit");
    let mut demo = Demo(
        Command::new(env!("CARGO_BIN_EXE_flowspan"))
            .arg("demo")
            .arg(sources)
            .args(["--summary", "json", "--keep-open", "10m", "--metrics-port", "0"])
            .args(["--otlp-protocol", "grpc", "--otlp-endpoint", endpoint])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?,
    );
    let stdout = demo.0.stdout.take().ok_or("stdout is piped")?;
    let summary: Value =
        serde_json::Deserializer::from_reader(stdout).into_iter().next().ok_or("no summary")??;
    let metrics = summary["metrics_url"].as_str().ok_or("it serves metrics")?;
    Ok((demo, metrics.trim_end_matches("/metrics").to_owned()))
}

fn pages() -> Outcome<Vec<(PathBuf, String)>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let docs = fs::read_dir(root.join("docs"))?.map(|entry| entry.map(|entry| entry.path()));
    let mut pages = docs.collect::<Result<Vec<_>, _>>()?;
    pages.push(root.join("README.md"));
    pages.retain(|page| page.extension().is_some_and(|extension| extension == "md"));
    pages.into_iter().map(|page| Ok((page.clone(), fs::read_to_string(page)?))).collect()
}

/// The addresses of this machine that a page names.
fn addresses(text: &str) -> impl Iterator<Item = &str> {
    text.match_indices(HERE).map(move |(start, _)| {
        let rest = &text[start..];
        let end = rest.find(|c: char| c.is_whitespace() || "<>()\"'`,".contains(c)).unwrap_or(rest.len());
        rest[..end].trim_end_matches('.')
    })
}

/// The commands of a page that ask something, each in one line.
fn commands(text: &str) -> Vec<String> {
    text.replace("\\\n", " ")
        .lines()
        .map(str::trim)
        .filter(|line| line.starts_with("curl "))
        .map(str::to_owned)
        .collect()
}

#[test]
fn every_address_that_the_pages_name_answers() -> Outcome {
    let Some(()) = require(&[Part::Collector, Part::Jaeger, Part::Prometheus]) else {
        return Ok(());
    };
    let stack = Stack::builder().start()?;
    let (_demo, metrics) = demo(&stack.collector.otlp_grpc_endpoint())?;
    let url = |target: String| format!("http://{target}");
    // Where each of the usual ports is here. Grafana, at 3000, cannot be had without Docker.
    let ours = BTreeMap::from([
        ("4317", stack.collector.otlp_grpc_endpoint()),
        ("4318", stack.collector.otlp_http_endpoint()),
        ("8888", url(stack.collector.telemetry_target())),
        ("8889", url(stack.collector.metrics_target())),
        ("9090", stack.prometheus.url()),
        ("9464", metrics),
        ("16686", stack.jaeger.query_url()),
    ]);
    let here = |text: &str| {
        ours.iter().fold(text.to_owned(), |text, (port, url)| {
            // Not 90901 for 9090: a port ends where its digits do.
            ["/", " ", "\""]
                .iter()
                .fold(text, |text, end| text.replace(&format!("{HERE}{port}{end}"), &format!("{url}{end}")))
        })
    };
    let (mut asked, mut typed) = (0, 0);
    for (page, text) in pages()? {
        let page = page.display();
        for address in addresses(&text) {
            let port: String = address[HERE.len()..].chars().take_while(char::is_ascii_digit).collect();
            let Some(target) = ours.get(port.as_str()) else { continue };
            asked += 1;
            let path = &address[HERE.len() + port.len()..];
            // What wants more than an address is typed below, or sent to by a program; and the pages of
            // Prometheus are not in its Go module.
            let is_page = port == "9090" && path.trim_matches('/').is_empty();
            if is_page || port.starts_with("431") || ["/api/traces", "/api/v1/query"].contains(&path) {
                TcpStream::connect(target.trim_start_matches("http://"))
                    .map_err(|error| format!("{page}: {address}: {error}"))?;
            } else {
                ureq::get(format!("{target}{path}"))
                    .call()
                    .map_err(|error| format!("{page}: {address}: {error}"))?;
            }
        }
        for command in commands(&text) {
            typed += 1;
            let answer = || {
                let output = Command::new("/bin/sh").args(["-ec", &here(&command)]).output().ok()?;
                (output.status.success() && output.stdout.len() > 2).then_some(output)
            };
            wait_until(PATIENCE, answer).ok_or_else(|| format!("{page}: no answer to {command}"))?;
        }
    }
    assert!(asked >= 10 && typed >= 4, "the pages name addresses: {asked}, and commands: {typed}");
    Ok(())
}
