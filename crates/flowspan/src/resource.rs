//! Who is speaking: the attributes that every span, metric and log record shares.

use flowspan_runtime::{Environment, SettingError, key_values};
use opentelemetry::KeyValue;
use opentelemetry_sdk::{Resource, resource::TelemetryResourceDetector};

/// The resource of a program. Explicit attributes win over the name given to the builder, that one
/// over the variables `OTEL_SERVICE_NAME` and `OTEL_RESOURCE_ATTRIBUTES`.
pub(crate) fn resource(
    service: Option<&str>,
    attributes: &[KeyValue],
    environment: &Environment,
) -> Result<Resource, SettingError> {
    let from_variable = environment
        .parse("OTEL_RESOURCE_ATTRIBUTES", "`key=value,key=value`, percent-encoded", key_values)?
        .unwrap_or_default();
    let mut builder = Resource::builder_empty()
        .with_detector(Box::new(TelemetryResourceDetector))
        .with_attributes([
            KeyValue::new("telemetry.distro.name", "flowspan"),
            KeyValue::new("telemetry.distro.version", env!("CARGO_PKG_VERSION")),
        ])
        .with_attributes(from_variable.into_iter().map(|(key, value)| KeyValue::new(key, value)));
    if let Some(service) = environment.get("OTEL_SERVICE_NAME") {
        builder = builder.with_service_name(service.to_owned());
    }
    if let Some(service) = service {
        builder = builder.with_service_name(service.to_owned());
    }
    Ok(builder.with_attributes(attributes.iter().cloned()).build())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(resource: &Resource, key: &'static str) -> Option<String> {
        resource.get(&key.into()).map(|value| value.to_string())
    }

    #[test]
    fn explicit_wins_over_the_name_over_the_variables() {
        let environment = Environment::from_pairs([
            ("OTEL_SERVICE_NAME", "from-variable"),
            ("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=a%20b,team=x"),
        ]);
        let resource = resource(Some("bot"), &[KeyValue::new("team", "y")], &environment).unwrap();
        assert_eq!(value(&resource, "service.name").as_deref(), Some("bot"));
        assert_eq!(value(&resource, "team").as_deref(), Some("y"));
        assert_eq!(value(&resource, "deployment.environment.name").as_deref(), Some("a b"));
    }

    #[test]
    fn unreadable_attributes_are_an_error() {
        let environment = Environment::from_pairs([("OTEL_RESOURCE_ATTRIBUTES", "no equals sign")]);
        let error = resource(None, &[], &environment).unwrap_err();
        assert!(error.to_string().contains("OTEL_RESOURCE_ATTRIBUTES"));
    }
}
