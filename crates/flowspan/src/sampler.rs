//! Which runs become traces.

use flowspan_runtime::{Environment, SettingError};
use opentelemetry_sdk::trace::Sampler;

const VARIABLE: &str = "OTEL_TRACES_SAMPLER";
const ARGUMENT: &str = "OTEL_TRACES_SAMPLER_ARG";
const ACCEPTED: &str = "always_on, always_off, traceidratio, parentbased_always_on, parentbased_always_off or \
                        parentbased_traceidratio";

/// The sampler that the standard variables ask for. Default: every run, unless the caller in
/// another process has decided against it.
pub(crate) fn from_environment(environment: &Environment) -> Result<Sampler, SettingError> {
    let ratio = || -> Result<f64, SettingError> {
        let within = |value: &str| value.parse().ok().filter(|ratio| (0.0..=1.0).contains(ratio));
        Ok(environment.parse(ARGUMENT, "a number from 0 to 1", within)?.unwrap_or(1.0))
    };
    let parent_based = |root: Sampler| Sampler::ParentBased(Box::new(root));
    Ok(match environment.get(VARIABLE) {
        None | Some("parentbased_always_on") => parent_based(Sampler::AlwaysOn),
        Some("always_on") => Sampler::AlwaysOn,
        Some("always_off") => Sampler::AlwaysOff,
        Some("traceidratio") => Sampler::TraceIdRatioBased(ratio()?),
        Some("parentbased_always_off") => parent_based(Sampler::AlwaysOff),
        Some("parentbased_traceidratio") => parent_based(Sampler::TraceIdRatioBased(ratio()?)),
        Some(other) => return Err(SettingError::new(VARIABLE, other, ACCEPTED)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sampler(pairs: &[(&str, &str)]) -> Result<String, String> {
        from_environment(&Environment::from_pairs(pairs.iter().copied()))
            .map(|sampler| format!("{sampler:?}"))
            .map_err(|error| error.to_string())
    }

    #[test]
    fn the_standard_names_are_understood() {
        assert_eq!(sampler(&[]), Ok("ParentBased(AlwaysOn)".into()));
        assert_eq!(
            sampler(&[(VARIABLE, "traceidratio"), (ARGUMENT, "0.25")]),
            Ok("TraceIdRatioBased(0.25)".into())
        );
    }

    #[test]
    fn a_bad_name_or_ratio_is_an_error_and_not_a_default() {
        let error = sampler(&[(VARIABLE, "sometimes")]).unwrap_err();
        assert!(
            error.contains(VARIABLE) && error.contains("sometimes") && error.contains("always_on"),
            "{error}"
        );
        for ratio in ["1.5", "-0.1", "NaN", "half"] {
            let error = sampler(&[(VARIABLE, "traceidratio"), (ARGUMENT, ratio)]).unwrap_err();
            assert!(error.contains(ARGUMENT) && error.contains(ratio), "{error}");
        }
    }
}
