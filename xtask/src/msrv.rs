//! The stated Rust version: no lower than a dependency needs, and no higher
//! than needed.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use crate::{error::XtaskError, run};

/// The first Rust with the edition the workspace is written in.
const EDITIONS: [(&str, Version); 2] = [("2024", (1, 85, 0)), ("2021", (1, 56, 0))];

type Version = (u64, u64, u64);

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    resolve: Resolve,
    workspace_members: BTreeSet<String>,
}

#[derive(Deserialize)]
struct Package {
    id: String,
    name: String,
    version: String,
    edition: String,
    rust_version: Option<String>,
    /// Registries to publish to: `null` for any, empty for none.
    publish: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct Resolve {
    nodes: Vec<Node>,
}

#[derive(Deserialize)]
struct Node {
    id: String,
    deps: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    pkg: String,
    dep_kinds: Vec<DependencyKind>,
}

#[derive(Deserialize)]
struct DependencyKind {
    /// `dev`, `build`, or `null` for an ordinary one.
    kind: Option<String>,
}

/// What needs which version.
struct Need {
    version: Version,
    reason: String,
}

pub(crate) fn check() -> Result<(), XtaskError> {
    let arguments = ["metadata", "--format-version=1", "--all-features"];
    let text = run::output(&mut run::cargo(&arguments))?;
    let metadata: Metadata =
        serde_json::from_slice(&text).map_err(|source| XtaskError::Metadata { source })?;

    let published = metadata.published();
    let mut stated = BTreeSet::new();
    for package in &published {
        let version = package.rust_version.as_deref();
        stated.insert(version.ok_or_else(|| XtaskError::NoRustVersion { package: package.name.clone() })?);
    }
    let Some(need) = metadata.need(&published) else {
        return Ok(()); // Nothing is published.
    };
    let needed = write(need.version);
    match stated.iter().find(|text| read(text) != need.version) {
        Some(wrong) => {
            Err(XtaskError::RustVersion { stated: (*wrong).to_owned(), needed, reason: need.reason })
        }
        None => {
            println!("rust-version {needed}, which {} needs", need.reason);
            Ok(())
        }
    }
}

impl Metadata {
    fn published(&self) -> Vec<&Package> {
        let is_ours = |package: &&Package| self.workspace_members.contains(&package.id);
        let is_published = |package: &&Package| package.publish.as_deref() != Some(&[]);
        let packages = self.packages.iter();
        packages.filter(is_ours).filter(is_published).collect()
    }

    /// The highest version that our edition or a dependency needs.
    fn need(&self, published: &[&Package]) -> Option<Need> {
        let editions = published.iter().map(|package| Need {
            version: first_with(&package.edition),
            reason: format!("edition {}", package.edition),
        });
        let dependencies = self.dependencies(published).into_iter().filter_map(|package| {
            Some(Need {
                version: read(package.rust_version.as_deref()?),
                reason: format!("{} {}", package.name, package.version),
            })
        });
        editions.chain(dependencies).max_by_key(|need| need.version)
    }

    /// All packages of others that a user of the published crates compiles.
    fn dependencies(&self, published: &[&Package]) -> Vec<&Package> {
        let nodes = self.resolve.nodes.iter().map(|node| (&node.id, node));
        let nodes: BTreeMap<&String, &Node> = nodes.collect();
        let mut seen: BTreeSet<&String> = BTreeSet::new();
        let mut open: Vec<&String> = published.iter().map(|package| &package.id).collect();
        while let Some(id) = open.pop() {
            if !seen.insert(id) {
                continue;
            }
            let dependencies = nodes.get(id).into_iter().flat_map(|node| &node.deps);
            open.extend(
                dependencies
                    .filter(|dependency| dependency.is_compiled_by_users())
                    .map(|dependency| &dependency.pkg),
            );
        }
        let is_theirs =
            |package: &&Package| seen.contains(&package.id) && !self.workspace_members.contains(&package.id);
        self.packages.iter().filter(is_theirs).collect()
    }
}

impl Dependency {
    fn is_compiled_by_users(&self) -> bool {
        let mut kinds = self.dep_kinds.iter();
        kinds.any(|kind| kind.kind.as_deref() != Some("dev"))
    }
}

fn first_with(edition: &str) -> Version {
    let mut known = EDITIONS.iter();
    known.find(|(name, _)| *name == edition).map_or((1, 0, 0), |(_, version)| *version)
}

/// Reads `1.88` or `1.88.1`; cargo has checked the form.
fn read(text: &str) -> Version {
    let mut numbers = text.split('.').map(|number| number.parse().unwrap_or(0));
    let mut next = || numbers.next().unwrap_or(0);
    (next(), next(), next())
}

fn write((major, minor, patch): Version) -> String {
    match patch {
        0 => format!("{major}.{minor}"),
        _ => format!("{major}.{minor}.{patch}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metadata(theirs: &str, kind: &str) -> Metadata {
        let text = format!(
            r#"{{
                "workspace_members": ["ours"],
                "packages": [
                    {{"id": "ours", "name": "ours", "version": "0.1.0", "edition": "2024",
                      "rust_version": "1.85", "publish": null}},
                    {{"id": "theirs", "name": "theirs", "version": "3.0.0", "edition": "2021",
                      "rust_version": "{theirs}", "publish": null}}
                ],
                "resolve": {{"nodes": [
                    {{"id": "ours", "deps": [
                        {{"pkg": "theirs", "dep_kinds": [{{"kind": {kind}}}]}}
                    ]}},
                    {{"id": "theirs", "deps": []}}
                ]}}
            }}"#
        );
        serde_json::from_str(&text).expect("the form of cargo metadata")
    }

    fn need(metadata: &Metadata) -> (String, String) {
        let need = metadata.need(&metadata.published()).expect("a need");
        (write(need.version), need.reason)
    }

    #[test]
    fn the_most_demanding_dependency_decides() {
        let (version, reason) = need(&metadata("1.90.1", "null"));
        assert_eq!((&*version, &*reason), ("1.90.1", "theirs 3.0.0"));
    }

    #[test]
    fn the_edition_decides_over_modest_dependencies() {
        let (version, reason) = need(&metadata("1.60", "null"));
        assert_eq!((&*version, &*reason), ("1.85", "edition 2024"));
    }

    #[test]
    fn what_only_our_tests_use_does_not_count() {
        assert_eq!(need(&metadata("1.95", "\"dev\"")).0, "1.85");
        assert_eq!(need(&metadata("1.95", "\"build\"")).0, "1.95");
    }
}
