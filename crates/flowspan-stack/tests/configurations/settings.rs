//! What a configuration says when it is wrong.

use std::path::Path;

use flowspan_stack::{
    AGENT_CONFIG, Collector, GATEWAY_CONFIG, Part, SINGLE_CONFIG, check_collector_config, require,
};

use crate::{Outcome, certificates::Certificates};

const PLACES: [(&str, &str); 3] = [
    ("COLLECTOR_GATEWAY", "127.0.0.1:1"),
    ("COLLECTOR_JAEGER_OTLP", "127.0.0.1:1"),
    ("COLLECTOR_PEERS", "{static: {hostnames: [\"127.0.0.1:1\"]}}"),
];

#[test]
fn every_configuration_is_valid() -> Outcome {
    let Some(()) = require(&[Part::Collector]) else {
        return Ok(());
    };
    let configs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../collector-config");
    for config in ["agent.yaml", "gateway.yaml", "single.yaml"] {
        check_collector_config(&configs.join(config), &PLACES)?;
    }
    Ok(())
}

#[test]
fn a_missing_variable_is_named_at_the_start() -> Outcome {
    let Some(()) = require(&[Part::Collector]) else {
        return Ok(());
    };
    let certificates = Certificates::new()?;
    let tls = certificates.environment();
    let tls: Vec<_> = tls.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let agent = [&PLACES[..1], &tls].concat();
    let gateway = [&PLACES[1..], &tls].concat();
    for (config, needed) in [(AGENT_CONFIG, agent), (GATEWAY_CONFIG, gateway)] {
        for (missing, _) in &needed {
            let error = needed
                .iter()
                .filter(|(name, _)| name != missing)
                .fold(Collector::builder().config(config), |builder, (name, value)| builder.env(name, value))
                .start()
                .err()
                .ok_or_else(|| format!("it started without {missing}"))?;
            assert!(error.to_string().contains(&format!("{missing} is not set")), "{missing}: {error}");
        }
        let whole = needed
            .iter()
            .fold(Collector::builder().config(config), |builder, (name, value)| builder.env(name, value));
        assert!(whole.start()?.is_running(), "nothing else is needed");
    }
    Ok(())
}

#[test]
fn the_defaults_are_safe() {
    for config in [AGENT_CONFIG, GATEWAY_CONFIG, SINGLE_CONFIG] {
        let settings = || config.lines().map(str::trim).filter(|line| !line.starts_with('#'));
        for line in settings() {
            assert!(!line.starts_with("debug") && !line.starts_with("batch/"), "{line}");
            assert!(!line.contains("0.0.0.0"), "{line}");
        }
        let batch = settings().filter(|line| *line == "batch:").count();
        let queues = config.matches("sending_queue:").count();
        assert!(batch <= queues, "`batch` stands in sending queues only");
    }
    assert!(!AGENT_CONFIG.contains("insecure"), "an agent speaks TLS");
}

/// The lines of the list `name`, comments left out.
fn list<'a>(config: &'a str, name: &str) -> Vec<&'a str> {
    let name = format!("{name}:");
    config
        .lines()
        .map(str::trim)
        .skip_while(|line| *line != name)
        .skip(1)
        .filter(|line| !line.starts_with('#'))
        .take_while(|line| line.starts_with("- "))
        .collect()
}

#[test]
fn the_same_secrets_are_hidden_everywhere() {
    for name in ["ignored_keys", "blocked_key_patterns", "blocked_values"] {
        let hidden = list(AGENT_CONFIG, name);
        assert!(!hidden.is_empty(), "{name}");
        assert_eq!(hidden, list(SINGLE_CONFIG, name), "{name}");
    }
    let dropped = |config: &'static str| -> Vec<_> {
        config.lines().map(str::trim).filter(|line| line.starts_with("delete_matching_keys")).collect()
    };
    assert_eq!(dropped(AGENT_CONFIG).len(), 2);
    assert_eq!(dropped(AGENT_CONFIG), dropped(SINGLE_CONFIG));
    assert_eq!(dropped(AGENT_CONFIG), dropped(GATEWAY_CONFIG));
}
