//! The parts by name, and where each is found.

use std::{
    env, fmt,
    path::{Path, PathBuf},
};

use crate::{StackError, cache, recipe::Recipe};

/// A program that flowspan is tested against.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Part {
    /// Docker Compose's reader of compose files; it needs no Docker.
    Compose,
    /// The OpenTelemetry Collector with the components that flowspan uses.
    Collector,
    /// Jaeger v2, in one process with traces in memory.
    Jaeger,
    /// The Prometheus server.
    Prometheus,
    /// Prometheus' checker of configurations, rules and metrics.
    Promtool,
    /// The PostgreSQL server, from the operating system.
    Postgres,
    /// The first StatsD server, which runs on Node.js.
    Statsd,
    /// Prometheus' StatsD server, which knows the dialects with tags, too.
    StatsdExporter,
    /// Grafana's published types of dashboards, with the compiler that checks by them.
    GrafanaSchema,
}

impl Part {
    /// Every part.
    pub const ALL: [Self; 9] = [
        Self::Compose,
        Self::Collector,
        Self::Jaeger,
        Self::Prometheus,
        Self::Promtool,
        Self::Postgres,
        Self::Statsd,
        Self::StatsdExporter,
        Self::GrafanaSchema,
    ];

    /// The file name of the part's program.
    #[must_use]
    pub fn program(self) -> &'static str {
        match self {
            Self::Compose => "compose",
            Self::Collector => "otelcol",
            Self::Jaeger => "jaeger",
            Self::Prometheus => "prometheus",
            Self::Promtool => "promtool",
            Self::Postgres => "postgres",
            Self::Statsd => "statsd",
            Self::StatsdExporter => "statsd_exporter",
            Self::GrafanaSchema => "tsc",
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Compose => "the reader of compose files",
            Self::Collector => "the Collector",
            Self::Jaeger => "Jaeger",
            Self::Prometheus => "Prometheus",
            Self::Promtool => "promtool",
            Self::Postgres => "PostgreSQL",
            Self::Statsd => "StatsD",
            Self::StatsdExporter => "the StatsD exporter",
            Self::GrafanaSchema => "Grafana's schema",
        })
    }
}

/// Finds the program of `part` on this machine; needs no toolchain and no network.
///
/// # Errors
///
/// [`StackError::NotBuilt`] or [`StackError::NotInstalled`] when it is absent.
pub fn locate(part: Part) -> Result<PathBuf, StackError> {
    let Some(recipe) = Recipe::of(part) else {
        return postgres_program(part.program());
    };
    let path = cache::directory()?.join(recipe.cache_name()).join(part.program());
    if path.is_file() { Ok(path) } else { Err(StackError::NotBuilt { part, path }) }
}

/// Finds one of PostgreSQL's programs: in `PATH`, else where Debian keeps the
/// server programs, which are not in `PATH`. The newest version wins.
pub(crate) fn postgres_program(program: &'static str) -> Result<PathBuf, StackError> {
    let in_path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&in_path)
        .map(|directory| directory.join(program))
        .find(|path| path.is_file())
        .or_else(|| debian_postgres(program))
        .ok_or(StackError::NotInstalled {
            part: Part::Postgres,
            program,
            advice: "install the package `postgresql`",
        })
}

fn debian_postgres(program: &str) -> Option<PathBuf> {
    let version_of = |path: &Path| path.file_name()?.to_str()?.parse::<u32>().ok();
    let mut versions: Vec<_> = std::fs::read_dir("/usr/lib/postgresql")
        .ok()?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter_map(|path| Some((version_of(&path)?, path)))
        .collect();
    versions.sort_unstable();
    versions.into_iter().rev().map(|(_, path)| path.join("bin").join(program)).find(|path| path.is_file())
}
