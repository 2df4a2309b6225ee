//! What is known of a span of a dialect when it ends.

use flowspan_model::{Field, Kind, Status, Value};

use super::{
    foreign::{Foreign, is_model_call, is_usage},
    operations,
    reading::Keep,
};

/// The class of an error of which nobody has said one, as the convention has it.
const OTHER: &str = "_OTHER";
/// The class of the error of a call that got no answer.
const NO_RESPONSE: &str = "no_response";

/// A span is over: what its dialect leaves open is decided.
pub(crate) fn finish(foreign: &Foreign, kind: Kind, keep: &mut impl Keep) {
    if !is_model_call(kind) {
        keep.forget(is_usage);
    } else if let Some(provider) = foreign.cache_beside {
        add_cache(provider, keep);
    }
    for (field, text) in &foreign.dialect.always {
        if keep.known(*field).is_none() {
            keep.field(*field, flowspan_model::Text::from_static(text).into());
        }
    }
    if keep.known(Field::Operation).is_none()
        && let Some(operation) = operations::usual(kind)
    {
        keep.field(Field::Operation, flowspan_model::Text::from_static(operation).into());
    }
    conclude(foreign, kind, keep);
}

/// How it ended.
fn conclude(foreign: &Foreign, kind: Kind, keep: &mut impl Keep) {
    if keep.known(Field::Status).is_none() {
        let error = keep.known(Field::ErrorType).and_then(Value::as_text).map(|error| match error {
            "timeout" => Status::Timeout,
            "cancelled" => Status::Cancelled,
            _ => Status::Failed,
        });
        let got_no_answer = is_model_call(kind)
            && !foreign.dialect.answers.is_empty()
            && !foreign.dialect.answers.iter().any(|answer| keep.known(*answer).is_some());
        let status = match error {
            Some(status) => status,
            None if keep.has_failed() => Status::Failed,
            None if got_no_answer => {
                keep.text(Field::ErrorType, NO_RESPONSE);
                Status::Failed
            }
            None => Status::Success,
        };
        keep.field(Field::Status, flowspan_model::Text::from_static(status.as_str()).into());
    }
    let status = keep.known(Field::Status).and_then(Value::as_text);
    let has_failed = status.is_some_and(|status| status != Status::Success.as_str());
    if !has_failed {
        return;
    }
    if keep.known(Field::ErrorType).is_none() {
        let class = match status {
            Some("cancelled") => "cancelled",
            Some("timeout") => "timeout",
            _ => OTHER,
        };
        keep.field(Field::ErrorType, flowspan_model::Text::from_static(class).into());
    }
    keep.fail("");
}

/// Adds what was read from and written to a cache to the input that was reported without it.
fn add_cache(provider: &str, keep: &mut impl Keep) {
    let is_it = keep.known(Field::Provider).and_then(Value::as_text) == Some(provider);
    let tokens = |field| keep.known(field).and_then(Value::as_integer);
    if let (true, Some(input)) = (is_it, tokens(Field::InputTokens)) {
        let cached =
            [Field::CacheReadTokens, Field::CacheWriteTokens].map(|field| tokens(field).unwrap_or(0));
        let whole = cached.iter().fold(input, |sum, part| sum.saturating_add(*part));
        keep.field(Field::InputTokens, whole.into());
    }
}
