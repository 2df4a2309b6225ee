//! The endpoint as a real Prometheus sees it.

use std::{error::Error, time::Duration};

use flowspan_prometheus::Prometheus;
use flowspan_runtime::{Environment, Health, Reporter, Worker};
use flowspan_stack::{Part, check_metrics, require, wait_until};
use opentelemetry::{KeyValue, metrics::MeterProvider as _};
use opentelemetry_sdk::metrics::{Instrument, SdkMeterProvider, Stream};

type Outcome = Result<(), Box<dyn Error>>;

const PATIENCE: Duration = Duration::from_secs(30);

/// Serves what this measures while `look` looks at it.
fn serve(
    measure: impl FnOnce(&SdkMeterProvider),
    look: impl FnOnce(&str, &mut flowspan_stack::Prometheus) -> Outcome,
) -> Outcome {
    let worker = Worker::start()?;
    let (endpoint, reader) = Prometheus::on(([127, 0, 0, 1], 0)).bind(&Environment::empty())?;
    let names = |instrument: &Instrument| match instrument.name() {
        "empty" => Stream::builder().with_name("").build().ok(),
        "digits" => Stream::builder().with_name("5xx rate").build().ok(),
        _ => None,
    };
    let provider = SdkMeterProvider::builder().with_reader(reader.clone()).with_view(names).build();
    measure(&provider);
    let server = endpoint.serve(&worker.handle(), &Health::new(Reporter::silent()), Vec::new)?;
    let mut prometheus =
        flowspan_stack::Prometheus::builder().scrape(server.address().to_string()).start()?;
    let mut text = Vec::new();
    reader.write_text(&mut text)?;
    look(&String::from_utf8(text)?, &mut prometheus)
}

#[test]
fn what_is_well_named_passes_the_linter_and_arrives() -> Outcome {
    let Some(()) = require(&[Part::Prometheus, Part::Promtool]) else { return Ok(()) };
    serve(
        |provider| {
            let meter = provider.meter("test");
            let tokens = meter.u64_counter("llm.tokens").with_description("Tokens.").build();
            tokens.add(42, &[KeyValue::new("token.type", "input")]);
            let duration =
                meter.f64_histogram("llm.duration").with_unit("s").with_description("Duration.").build();
            duration.record(2.5, &[]);
        },
        |text, prometheus| {
            check_metrics(text)?;
            let arrived = || prometheus.value("llm_tokens_total{token_type=\"input\"}").ok()?;
            assert_eq!(wait_until(PATIENCE, arrived), Some(42.0));
            let sum = "llm_duration_seconds_sum + on(job) llm_duration_seconds_bucket{le=\"+Inf\"}";
            assert_eq!(prometheus.value(sum)?, Some(3.5));
            Ok(())
        },
    )
}

#[test]
fn whatever_it_is_called_it_arrives() -> Outcome {
    let Some(()) = require(&[Part::Prometheus, Part::Promtool]) else { return Ok(()) };
    let values = [
        "plain",
        "a\"b",
        "a\\b",
        "a\\",
        "a\nb",
        "\n",
        "a\rb",
        "a\0b",
        "\u{1}\u{7f}\u{85}",
        "a\u{2028}b",
        "😀é\u{feff}",
        "{le=\"1\"} 5",
        "# HELP x y",
        " ",
        "",
    ];
    serve(
        |provider| {
            let meter = provider.meter("test");
            let hostile = meter.u64_counter("hostile").with_description("a\\b\nc\rd\0e \"f\"").build();
            for (number, value) in values.iter().enumerate() {
                let number = i64::try_from(number).expect("it is small");
                hostile.add(1, &[KeyValue::new("number", number), KeyValue::new("value", *value)]);
            }
            let keys = ["", "1st", "a:b", "__name__", "le", "quantile", "é", "a.b", "job", "instance"];
            let attributes = keys.map(|key| KeyValue::new(key, key));
            meter.u64_counter("hostile.keys").build().add(1, &attributes);
            meter.f64_histogram("hostile.histogram").build().record(1.0, &attributes);
            meter.u64_gauge("hostile.histogram_count").build().record(1, &[]);
            meter.u64_counter("hostile-keys").build().add(7, &attributes);
            meter.u64_gauge("empty").build().record(1, &attributes);
            meter.u64_gauge("digits").build().record(1, &attributes);
        },
        |text, prometheus| {
            let arrived = || prometheus.value("count(hostile_total)").ok()?;
            let arrived = wait_until(PATIENCE, arrived);
            let errors = prometheus.value("up")?;
            assert_eq!((arrived, errors), (Some(values.len() as f64), Some(1.0)), "{text:?}");
            for sample in prometheus.query("hostile_total")? {
                let number: usize = sample.labels["number"].parse()?;
                let value = sample.labels.get("value").map(String::as_str).unwrap_or_default();
                assert_eq!(value, values[number]);
            }
            assert_eq!(prometheus.value("hostile_keys_total")?, Some(7.0));
            assert_eq!(prometheus.value("hostile_histogram_count")?, Some(1.0));
            assert_eq!(prometheus.value("_5xx_rate")?, Some(1.0));
            Ok(())
        },
    )
}
