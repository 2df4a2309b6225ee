//! How the parts from package registries are made: a tiny Go module or npm
//! package for each, with its versions and checksums committed.
//!
//! The files are compiled in, and a build works on a copy: no tool ever edits
//! the checkout, and `locate` can tell which cached binary belongs to this
//! version of the recipe.

use crate::{Part, cache::fingerprint};

/// One module or package and the programs that come from it.
#[derive(Debug)]
pub(crate) struct Recipe {
    pub(crate) name: &'static str,
    /// Files of the main module or package: name and text.
    pub(crate) files: &'static [(&'static str, &'static str)],
    pub(crate) programs: Programs,
}

/// Where the programs of a recipe come from.
#[derive(Debug)]
pub(crate) enum Programs {
    /// Go packages to build; each gives the program named like the last element
    /// of its full path.
    Go(&'static [&'static str]),
    /// A program of an installed npm package: its name, and its file below
    /// `node_modules`.
    Npm(&'static str, &'static str),
}

macro_rules! files {
    ($name:literal: $($file:literal),+) => {
        &[$(($file, include_str!(concat!("../recipes/", $name, "/", $file)))),+]
    };
}

static COMPOSE: Recipe = Recipe {
    name: "compose",
    files: files!("compose": "go.mod", "go.sum", "main.go"),
    programs: Programs::Go(&["."]),
};

static COLLECTOR: Recipe = Recipe {
    name: "collector",
    files: files!("collector": "go.mod", "go.sum", "main.go", "components.go"),
    programs: Programs::Go(&["."]),
};

static JAEGER: Recipe = Recipe {
    name: "jaeger",
    files: files!("jaeger": "go.mod", "go.sum", "tools.go"),
    programs: Programs::Go(&["github.com/jaegertracing/jaeger/cmd/jaeger"]),
};

static PROMETHEUS: Recipe = Recipe {
    name: "prometheus",
    files: files!("prometheus": "go.mod", "go.sum", "tools.go"),
    programs: Programs::Go(&[
        "github.com/prometheus/prometheus/cmd/prometheus",
        "github.com/prometheus/prometheus/cmd/promtool",
    ]),
};

static STATSD: Recipe = Recipe {
    name: "statsd",
    files: files!("statsd": "package.json", "package-lock.json"),
    programs: Programs::Npm("statsd", "statsd/bin/statsd"),
};

static STATSD_EXPORTER: Recipe = Recipe {
    name: "statsd-exporter",
    files: files!("statsd-exporter": "go.mod", "go.sum", "tools.go"),
    programs: Programs::Go(&["github.com/prometheus/statsd_exporter"]),
};

static GRAFANA_SCHEMA: Recipe = Recipe {
    name: "grafana-schema",
    files: files!("grafana-schema": "package.json", "package-lock.json"),
    programs: Programs::Npm("tsc", "typescript/bin/tsc"),
};

impl Recipe {
    /// The recipe that `part` is built from; none if it is not ours to build.
    pub(crate) fn of(part: Part) -> Option<&'static Self> {
        match part {
            Part::Compose => Some(&COMPOSE),
            Part::Collector => Some(&COLLECTOR),
            Part::Jaeger => Some(&JAEGER),
            Part::Prometheus | Part::Promtool => Some(&PROMETHEUS),
            Part::Statsd => Some(&STATSD),
            Part::StatsdExporter => Some(&STATSD_EXPORTER),
            Part::GrafanaSchema => Some(&GRAFANA_SCHEMA),
            Part::Postgres => None,
        }
    }

    /// Directory of this very recipe in the cache. The Go version is left out:
    /// a part that is built can then be found without a Go toolchain.
    pub(crate) fn cache_name(&self) -> String {
        let texts = self.files.iter().flat_map(|(name, text)| [*name, *text]);
        let programs = match self.programs {
            Programs::Go(packages) => packages.to_vec(),
            Programs::Npm(name, file) => vec![name, file],
        };
        let hash = fingerprint(texts.chain(programs));
        format!("{}-{hash:016x}", self.name)
    }
}
