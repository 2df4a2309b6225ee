//! How the parts written in Go are made: a tiny main module for each, with its
//! versions and checksums committed.
//!
//! The files are compiled in, and a build works on a copy: the go command never
//! edits the checkout, and `locate` can tell which cached binary belongs to
//! this version of the recipe.

use crate::{Part, cache::fingerprint};

/// One Go module and the programs built from it.
#[derive(Debug)]
pub(crate) struct Recipe {
    pub(crate) name: &'static str,
    /// Files of the main module: name and text.
    pub(crate) files: &'static [(&'static str, &'static str)],
    /// Go packages to build; each gives the program named like the last element
    /// of its full path.
    pub(crate) packages: &'static [&'static str],
}

macro_rules! files {
    ($name:literal: $($file:literal),+) => {
        &[$(($file, include_str!(concat!("../recipes/", $name, "/", $file)))),+]
    };
}

static COLLECTOR: Recipe = Recipe {
    name: "collector",
    files: files!("collector": "go.mod", "go.sum", "main.go", "components.go"),
    packages: &["."],
};

static JAEGER: Recipe = Recipe {
    name: "jaeger",
    files: files!("jaeger": "go.mod", "go.sum", "tools.go"),
    packages: &["github.com/jaegertracing/jaeger/cmd/jaeger"],
};

static PROMETHEUS: Recipe = Recipe {
    name: "prometheus",
    files: files!("prometheus": "go.mod", "go.sum", "tools.go"),
    packages: &[
        "github.com/prometheus/prometheus/cmd/prometheus",
        "github.com/prometheus/prometheus/cmd/promtool",
    ],
};

impl Recipe {
    /// The recipe that `part` is built from; none if it is not ours to build.
    pub(crate) fn of(part: Part) -> Option<&'static Self> {
        match part {
            Part::Collector => Some(&COLLECTOR),
            Part::Jaeger => Some(&JAEGER),
            Part::Prometheus | Part::Promtool => Some(&PROMETHEUS),
            Part::Postgres => None,
        }
    }

    /// Directory of this very recipe in the cache. The Go version is left out:
    /// a part that is built can then be found without a Go toolchain.
    pub(crate) fn cache_name(&self) -> String {
        let texts = self.files.iter().flat_map(|(name, text)| [*name, *text]);
        let hash = fingerprint(texts.chain(self.packages.iter().copied()));
        format!("{}-{hash:016x}", self.name)
    }
}
