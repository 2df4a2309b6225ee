//! Which propagators a program has.

use flowspan_runtime::{Environment, SettingError};
use opentelemetry::propagation::{TextMapCompositePropagator, TextMapPropagator};
use opentelemetry_sdk::propagation::{BaggagePropagator, TraceContextPropagator};

const VARIABLE: &str = "OTEL_PROPAGATORS";

/// The propagators that `OTEL_PROPAGATORS` asks for. Default: trace context and baggage.
pub(crate) fn from_environment(
    environment: &Environment,
) -> Result<TextMapCompositePropagator, SettingError> {
    let names = environment.get(VARIABLE).unwrap_or("tracecontext,baggage");
    let mut propagators: Vec<Box<dyn TextMapPropagator + Send + Sync>> = Vec::new();
    for name in names.split(',').map(str::trim) {
        match name {
            "tracecontext" => propagators.push(Box::new(TraceContextPropagator::new())),
            "baggage" => propagators.push(Box::new(BaggagePropagator::new())),
            "none" => {}
            _ => {
                return Err(SettingError::new(
                    VARIABLE,
                    names,
                    "a list of tracecontext and baggage, or none",
                ));
            }
        }
    }
    Ok(TextMapCompositePropagator::new(propagators))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(value: &str) -> Result<Vec<String>, String> {
        from_environment(&Environment::from_pairs([(VARIABLE, value)]))
            .map(|propagator| propagator.fields().map(str::to_owned).collect())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn the_list_is_taken_as_it_is() {
        assert_eq!(fields("").unwrap().len(), 3);
        assert_eq!(fields("baggage").unwrap(), ["baggage"]);
        assert!(fields("none").unwrap().is_empty());
        assert!(fields("b3").unwrap_err().contains("b3"));
    }
}
