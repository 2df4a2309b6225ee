//! Which generation of the GenAI convention is spoken.

use flowspan_model::Semconv;
use flowspan_runtime::{Environment, SettingError};

const VARIABLE: &str = "OTEL_SEMCONV_STABILITY_OPT_IN";
const ACCEPTED: &str = "a list with at most one of `gen_ai_latest_experimental`, `gen_ai/dup` and \
                        `gen_ai/1.41` (the first two together mean `gen_ai/dup`), beside values of other \
                        conventions";

/// The generation that the standard variable asks for. Default: the latest.
///
/// The variable is shared by all instrumentation of a process: what does not begin with `gen_ai` is
/// meant for others. By the habit of the other conventions `dup` wins where both are there.
pub(crate) fn from_environment(environment: &Environment) -> Result<Semconv, SettingError> {
    Ok(environment.parse(VARIABLE, ACCEPTED, understand)?.unwrap_or_default())
}

fn understand(list: &str) -> Option<Semconv> {
    let wanted = list.split(',').map(str::trim).filter(|value| value.starts_with("gen_ai"));
    let wanted: Vec<Semconv> = wanted.map(generation).collect::<Option<_>>()?;
    match wanted.as_slice() {
        [] => Some(Semconv::default()),
        [first, others @ ..] if others.iter().all(|other| other == first) => Some(*first),
        several if !several.contains(&Semconv::V1_41) => Some(Semconv::Both),
        _ => None,
    }
}

fn generation(value: &str) -> Option<Semconv> {
    match value {
        "gen_ai_latest_experimental" => Some(Semconv::Latest),
        "gen_ai/1.41" => Some(Semconv::V1_41),
        "gen_ai/dup" => Some(Semconv::Both),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(value: &str) -> Result<Semconv, SettingError> {
        from_environment(&Environment::from_pairs([(VARIABLE, value)]))
    }

    #[test]
    fn each_value_asks_for_its_generation() {
        for (value, semconv) in [
            ("", Semconv::Latest),
            ("http/dup,database", Semconv::Latest),
            ("gen_ai_latest_experimental", Semconv::Latest),
            ("http, gen_ai/dup", Semconv::Both),
            ("gen_ai/1.41,http", Semconv::V1_41),
            ("gen_ai_latest_experimental,gen_ai/dup", Semconv::Both),
            ("gen_ai/dup,gen_ai_latest_experimental", Semconv::Both),
        ] {
            assert_eq!(asked(value).ok(), Some(semconv), "{value}");
        }
    }

    #[test]
    fn what_contradicts_itself_or_is_unknown_is_refused() {
        for value in [
            "gen_ai",
            "gen_ai/2.0",
            "gen_ai/1.41,gen_ai/dup",
            "gen_ai_latest_experimental,gen_ai/1.41",
            "gen_ai/1.41,gen_ai_latest_experimental",
        ] {
            let error = asked(value).expect_err(value).to_string();
            assert!(error.contains(VARIABLE) && error.contains("gen_ai/1.41"), "{error}");
        }
    }
}
