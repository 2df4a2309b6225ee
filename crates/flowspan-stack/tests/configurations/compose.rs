//! `compose.yaml` and what it gives to Grafana and PostgreSQL. No Docker runs here: the file is read
//! by Docker Compose's own loader, and the same configurations are started by the other tests.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    process::Command,
};

use flowspan_stack::{Part, Postgres, read_compose, require};
use serde_json::Value;

use crate::Outcome;

const DATA_SOURCES: &str = include_str!("../../../../dashboards/provisioning/datasources/flowspan.yaml");
const DASHBOARDS: &str = include_str!("../../../../dashboards/provisioning/dashboards/flowspan.yaml");

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn read(profiles: &[&str]) -> Outcome<Value> {
    Ok(read_compose(&root().join("compose.yaml"), profiles, &[])?)
}

fn services(project: &Value) -> Outcome<Vec<(&String, &Value)>> {
    Ok(project["services"].as_object().ok_or("there are services")?.iter().collect())
}

#[test]
fn one_command_brings_four_parts_and_a_profile_the_fifth() -> Outcome {
    let Some(()) = require(&[Part::Compose]) else {
        return Ok(());
    };
    let names = |project: &Value| -> Outcome<BTreeSet<String>> {
        Ok(services(project)?.into_iter().map(|(name, _)| name.clone()).collect())
    };
    let always = ["collector", "collector-health", "grafana", "jaeger", "prometheus"].map(str::to_owned);
    let mut expected = BTreeSet::from(always);
    assert_eq!(names(&read(&[])?)?, expected);
    expected.insert("postgres".to_owned());
    assert_eq!(names(&read(&["postgres"])?)?, expected);
    Ok(())
}

#[test]
fn every_service_is_pinned_watched_and_unprivileged() -> Outcome {
    let Some(()) = require(&[Part::Compose]) else {
        return Ok(());
    };
    let project = read(&["postgres"])?;
    for (name, service) in services(&project)? {
        let image = service["image"].as_str().ok_or("it has an image")?;
        let tag = image.split_once(':').ok_or_else(|| format!("{image} has no tag"))?.1;
        assert!(tag.split('.').count() >= 2 && tag != "latest", "{image}");
        // The Collector's image has no program to ask with; its neighbour asks.
        assert!(name == "collector" || service["healthcheck"]["test"].is_array(), "{name}");
        assert_eq!(service["read_only"], true, "{name}");
        assert_eq!(service["cap_drop"][0], "ALL", "{name}");
        assert_eq!(service["network_mode"], "host", "{name}");
        assert!(service["ports"].is_null(), "the configurations say where {name} listens");
    }
    let text = project.to_string();
    assert!(!text.contains("0.0.0.0"), "nothing listens beyond loopback: {text}");
    Ok(())
}

#[test]
fn the_images_are_the_versions_that_are_tested() -> Outcome {
    let Some(()) = require(&[Part::Compose]) else {
        return Ok(());
    };
    let project = read(&[])?;
    let tag = |service: &str| -> Outcome<String> {
        let image = project["services"][service]["image"].as_str().ok_or("it has an image")?;
        Ok(image.split_once(':').ok_or("it has a tag")?.1.to_owned())
    };
    let collector = include_str!("../../recipes/collector/go.mod");
    assert!(collector.contains(&format!("otlpreceiver v{}\n", tag("collector")?)), "{}", tag("collector")?);
    // Prometheus 3.15.0 is the module version v0.315.0, Jaeger 2.13.0 is v1.76.0.
    let prometheus = tag("prometheus")?;
    let numbers: Vec<_> = prometheus.trim_start_matches('v').split('.').collect();
    let module =
        format!("github.com/prometheus/prometheus v0.{}{:0>2}.{}\n", numbers[0], numbers[1], numbers[2]);
    assert!(include_str!("../../recipes/prometheus/go.mod").contains(&module), "{module}");
    let jaeger: u32 = tag("jaeger")?.split('.').nth(1).ok_or("it has a minor version")?.parse()?;
    let module = format!("github.com/jaegertracing/jaeger v1.{}.0\n", jaeger + 63);
    assert!(include_str!("../../recipes/jaeger/go.mod").contains(&module), "{module}");
    Ok(())
}

#[test]
fn no_password_stands_anywhere() -> Outcome {
    let Some(()) = require(&[Part::Compose]) else {
        return Ok(());
    };
    let project = read(&["postgres"])?;
    for (name, service) in services(&project)? {
        for (variable, value) in service["environment"].as_object().into_iter().flatten() {
            if variable.contains("PASSWORD") {
                assert_eq!(value, "", "{name} has its {variable} from outside or not at all");
            }
        }
    }
    let start =
        Command::new("/bin/sh").arg(root().join("collector-config/postgres.sh")).env_clear().output()?;
    assert!(!start.status.success(), "PostgreSQL does not start without a password");
    let said = String::from_utf8_lossy(&start.stderr);
    assert!(said.contains("set FLOWSPAN_POSTGRES_PASSWORD to a password"), "{said}");

    let password = [("FLOWSPAN_POSTGRES_PASSWORD", "of my own")];
    let project = read_compose(&root().join("compose.yaml"), &["postgres"], &password)?;
    assert_eq!(project["services"]["postgres"]["environment"]["POSTGRES_PASSWORD"], "of my own");
    assert_eq!(project["services"]["grafana"]["environment"]["FLOWSPAN_POSTGRES_PASSWORD"], "of my own");
    Ok(())
}

#[test]
fn what_is_mounted_is_there() -> Outcome {
    let Some(()) = require(&[Part::Compose]) else {
        return Ok(());
    };
    let project = read(&["postgres"])?;
    for (name, service) in services(&project)? {
        for volume in service["volumes"].as_array().into_iter().flatten() {
            if volume["type"] == "bind" {
                let source = volume["source"].as_str().ok_or("it has a source")?;
                assert!(Path::new(source).exists(), "{name}: {source}");
                assert_eq!(volume["read_only"], true, "{name}: {source}");
            }
        }
    }
    // Where the container has the dashboards, and where their provider looks.
    assert!(DASHBOARDS.contains("path: /etc/flowspan/dashboards\n"));
    Ok(())
}

/// The words after `key: `, one for each line that has it.
fn values<'a>(text: &'a str, key: &str) -> Vec<&'a str> {
    text.lines().filter_map(|line| line.trim().trim_start_matches("- ").strip_prefix(key)).collect()
}

#[test]
fn every_link_between_data_sources_leads_to_one() {
    let uids = values(DATA_SOURCES, "uid: ");
    assert_eq!(uids, ["flowspan-prometheus", "flowspan-jaeger", "flowspan-postgres"]);
    let links = values(DATA_SOURCES, "datasourceUid: ");
    assert_eq!(links.len(), 2, "from metrics to traces and back");
    for link in links {
        assert!(uids.contains(&link), "{link}");
    }
    for query in values(DATA_SOURCES, "query: ") {
        assert_eq!(query.matches("$$__tags").count(), query.matches('$').count() / 2, "{query}");
    }
}

#[test]
fn grafana_reads_the_event_store_and_cannot_write_it() -> Outcome {
    let Some(()) = require(&[Part::Postgres]) else {
        return Ok(());
    };
    let postgres = Postgres::start()?;
    postgres.psql("create schema flowspan; create table flowspan.events (n int)")?;
    let made = Command::new("psql")
        .args(["--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--file"])
        .arg(root().join("collector-config/postgres-reader.sql"))
        .arg(postgres.url())
        .env("POSTGRES_PASSWORD", "it's a secret")
        .output()?;
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    postgres.psql("insert into flowspan.events values (42)")?;
    postgres.psql("create table flowspan.later (n int)")?;

    let reader = |sql: &str| -> Outcome<std::process::Output> {
        let url = postgres.url().replace("postgres@", "flowspan_reader@");
        Ok(Command::new("psql").args(["--no-psqlrc", "-At", "--command", sql]).arg(url).output()?)
    };
    assert_eq!(reader("select n from flowspan.events")?.stdout, b"42\n");
    assert!(reader("select n from flowspan.later")?.status.success(), "tables that come later, too");
    for sql in [
        "insert into flowspan.events values (43)",
        "set default_transaction_read_only = off; insert into flowspan.events values (43)",
        "drop table flowspan.events",
    ] {
        assert!(!reader(sql)?.status.success(), "{sql}");
    }
    assert_eq!(postgres.psql("select count(*) from flowspan.events")?, "1");
    Ok(())
}
