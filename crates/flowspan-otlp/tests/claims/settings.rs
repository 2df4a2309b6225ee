//! Where settings come from, and what is said of bad ones.

use std::time::Duration;

use flowspan_otlp::{Compression, Otlp, Protocol, ResolvedOtlp};
use flowspan_runtime::{Environment, SettingError};
use opentelemetry_sdk::metrics::Temporality;
use proptest::prelude::*;

fn resolve(otlp: &Otlp, variables: &[(&str, &str)]) -> Result<ResolvedOtlp, SettingError> {
    otlp.resolve(&Environment::from_pairs(variables.iter().copied()))
}

fn refusal(variables: &[(&str, &str)]) -> String {
    resolve(&Otlp::from_env(), variables).expect_err("a bad value").to_string()
}

fn endpoints(resolved: &ResolvedOtlp) -> [&str; 3] {
    [
        resolved.traces.as_ref().map_or("", |(signal, _)| &signal.endpoint),
        resolved.metrics.as_ref().map_or("", |(signal, _)| &signal.endpoint),
        resolved.logs.as_ref().map_or("", |(signal, _)| &signal.endpoint),
    ]
}

#[test]
fn without_any_setting_it_is_http_on_this_machine() {
    let resolved = resolve(&Otlp::from_env(), &[]).unwrap();
    assert_eq!(
        endpoints(&resolved),
        [
            "http://localhost:4318/v1/traces",
            "http://localhost:4318/v1/metrics",
            "http://localhost:4318/v1/logs"
        ]
    );
    let (signal, limits) = resolved.traces.unwrap();
    assert_eq!(
        (signal.protocol, signal.timeout, signal.compression),
        (Protocol::HttpProtobuf, Duration::from_secs(10), None)
    );
    assert_eq!((limits.queue_capacity, limits.batch_size, limits.delay.as_secs()), (2048, 512, 5));
    assert_eq!(resolved.logs.unwrap().1.delay.as_secs(), 1);
    let metrics = resolved.metrics.unwrap().1;
    assert_eq!((metrics.interval.as_secs(), metrics.timeout.as_secs()), (60, 30));
    assert_eq!(metrics.temporality, Temporality::Cumulative);
}

#[test]
fn port_4317_means_grpc_unless_a_protocol_is_set() {
    let of = |otlp: &Otlp, variables: &[(&str, &str)]| {
        let signal = resolve(otlp, variables).unwrap().traces.unwrap().0;
        (signal.protocol, signal.endpoint)
    };
    let to = Otlp::to("http://collector:4317");
    assert_eq!(of(&to, &[]), (Protocol::Grpc, "http://collector:4317".into()));
    let http = to.clone().protocol(Protocol::HttpProtobuf);
    assert_eq!(of(&http, &[]), (Protocol::HttpProtobuf, "http://collector:4317/v1/traces".into()));
    let variables = [("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf")];
    assert_eq!(of(&to, &variables).0, Protocol::HttpProtobuf);
    let variables = [("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")];
    assert_eq!(of(&Otlp::from_env(), &variables), (Protocol::Grpc, "http://localhost:4317".into()));
}

#[test]
fn explicit_wins_over_the_signal_over_all_signals() {
    let variables = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://all:4318/base"),
        ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://traces:4318/verbatim"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "3000"),
        ("OTEL_EXPORTER_OTLP_METRICS_TIMEOUT", "4000"),
        ("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip"),
        ("OTEL_EXPORTER_OTLP_LOGS_COMPRESSION", "none"),
    ];
    let resolved = resolve(&Otlp::from_env(), &variables).unwrap();
    assert_eq!(
        endpoints(&resolved),
        ["http://traces:4318/verbatim", "http://all:4318/base/v1/metrics", "http://all:4318/base/v1/logs"]
    );
    assert_eq!(resolved.traces.as_ref().unwrap().0.timeout.as_secs(), 3);
    assert_eq!(resolved.metrics.unwrap().0.timeout.as_secs(), 4);
    assert_eq!(resolved.traces.unwrap().0.compression, Some(Compression::Gzip));
    assert_eq!(resolved.logs.unwrap().0.compression, None);

    let explicit = Otlp::to("http://here:4318").timeout(Duration::from_secs(1));
    let resolved = resolve(&explicit, &variables).unwrap();
    assert_eq!(endpoints(&resolved)[0], "http://here:4318/v1/traces");
    assert_eq!(resolved.metrics.unwrap().0.timeout.as_secs(), 1);
}

#[test]
fn a_bad_value_names_the_variable_the_value_and_the_accepted_form() {
    for (variable, value, accepted) in [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "localhost:4318", "a URL with a scheme and a host"),
        ("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", "https://", "a URL with a scheme and a host"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json", "`grpc` or `http/protobuf`"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "10s", "milliseconds"),
        ("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "0", "at least 1"),
        ("OTEL_EXPORTER_OTLP_COMPRESSION", "zip", "`gzip` or `none`"),
        ("OTEL_EXPORTER_OTLP_INSECURE", "yes", "`true` or `false`"),
        ("OTEL_EXPORTER_OTLP_CERTIFICATE", "/nowhere/ca.pem", "a PEM file that can be read"),
        ("OTEL_EXPORTER_OTLP_CERTIFICATE", file!(), "a PEM file"),
        ("OTEL_BSP_MAX_QUEUE_SIZE", "-1", "a whole number"),
        ("OTEL_BSP_MAX_QUEUE_SIZE", "99999999999", "at most 1000000"),
        ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "4096", "at most OTEL_BSP_MAX_QUEUE_SIZE, which is 2048"),
        ("OTEL_BLRP_SCHEDULE_DELAY", "1.5", "milliseconds"),
        ("OTEL_METRIC_EXPORT_INTERVAL", "often", "milliseconds"),
        ("OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", "both", "`cumulative`, `delta` or `lowmemory`"),
    ] {
        let said = refusal(&[(variable, value)]);
        assert!(said.starts_with(&format!("{variable} is {value:?}, but must be ")), "{said}");
        assert!(said.contains(accepted), "{said}");
    }
}

#[test]
fn bad_headers_are_refused_and_not_shown() {
    for value in ["canary", "=canary", "a b=canary", "a=canary%0d", "x-bin=canary"] {
        let said = refusal(&[("OTEL_EXPORTER_OTLP_HEADERS", value)]);
        assert!(said.starts_with("OTEL_EXPORTER_OTLP_HEADERS is [redacted], but must be "), "{said}");
    }
    let said = resolve(&Otlp::from_env().header("a", "canary\n"), &[]).expect_err("a line break").to_string();
    assert!(said.starts_with("header is [redacted]"), "{said}");
}

#[test]
fn a_client_certificate_needs_its_key() {
    let said = refusal(&[("OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", "client.pem")]);
    assert!(said.starts_with("OTEL_EXPORTER_OTLP_CLIENT_KEY is not set"), "{said}");
}

#[test]
fn what_is_left_out_needs_no_settings() {
    let variables = [("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", "nonsense"), ("OTEL_BLRP_SCHEDULE_DELAY", "x")];
    let resolved = resolve(&Otlp::from_env().without_logs(), &variables).unwrap();
    assert!(resolved.logs.is_none());
}

#[test]
fn debug_shows_no_secret() {
    let otlp = Otlp::to("http://me:canary@host:4317").header("authorization", "canary");
    assert!(!format!("{otlp:?}").contains("canary"));
    let variables = [("OTEL_EXPORTER_OTLP_HEADERS", "authorization=canary")];
    let resolved = resolve(&Otlp::to("http://host:4318"), &variables).unwrap();
    let shown = format!("{resolved:?}");
    assert!(shown.contains("authorization") && !shown.contains("canary"), "{shown}");
    let said = resolve(&otlp, &[]).expect_err("credentials in a URL").to_string();
    assert!(!said.contains("canary"), "{said}");
}

const VARIABLES: &[&str] = &[
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
    "OTEL_EXPORTER_OTLP_PROTOCOL",
    "OTEL_EXPORTER_OTLP_HEADERS",
    "OTEL_EXPORTER_OTLP_TIMEOUT",
    "OTEL_EXPORTER_OTLP_COMPRESSION",
    "OTEL_EXPORTER_OTLP_INSECURE",
    "OTEL_EXPORTER_OTLP_CERTIFICATE",
    "OTEL_EXPORTER_OTLP_CLIENT_KEY",
    "OTEL_BSP_MAX_QUEUE_SIZE",
    "OTEL_BSP_SCHEDULE_DELAY",
    "OTEL_BLRP_EXPORT_TIMEOUT",
    "OTEL_METRIC_EXPORT_INTERVAL",
    "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE",
];

proptest! {
    /// Any value is either used or refused by name; an endpoint that was set is never another one.
    #[test]
    fn no_environment_makes_it_panic_or_fall_back(
        pairs in proptest::collection::vec(
            (
                proptest::sample::select(VARIABLES),
                prop_oneof![".*", "-?[0-9]{0,25}", "https?://[a-z@:/?%\\[\\]0-9]{0,20}", Just("NaN".to_owned())],
            ),
            0..4,
        )
    ) {
        let environment = Environment::from_pairs(pairs.iter().cloned());
        match Otlp::from_env().resolve(&environment) {
            Err(error) => prop_assert!(VARIABLES.contains(&error.setting()) || error.setting().contains("CLIENT")),
            Ok(resolved) => {
                let set = environment
                    .first(&["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"]);
                if let Some((_, value)) = set {
                    let endpoint = resolved.traces.expect("not left out").0.endpoint;
                    prop_assert!(endpoint.contains(value.trim_end_matches('/')), "{} is not {}", endpoint, value);
                }
            }
        }
    }
}
