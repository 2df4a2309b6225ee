//! What a model was asked and what it has answered, as a log record: the event of the GenAI convention.

use std::time::Duration;

use flowspan_content::Carrier;
use flowspan_layer::{ContentNames, is_inference};
use flowspan_model::Field;
use flowspan_span::{EndedSpan, Filter, Filtered, SpanSink};
use opentelemetry::{
    Array, Context, Key, KeyValue, Value,
    logs::{AnyValue, LogRecord, Logger, LoggerProvider, Severity},
};
use opentelemetry_sdk::{
    error::OTelSdkResult,
    logs::{SdkLogger, SdkLoggerProvider},
    trace::{Span, SpanData, SpanProcessor},
};
use serde_json::Value as Json;

use crate::{Signal, switches::Switches, telemetry::SCOPE};

/// The name of the event, the same in all generations of the convention.
const EVENT: &str = "gen_ai.client.inference.operation.details";
/// How the names begin that the convention and its refinements for single providers have for a model call.
const CONVENTIONAL: [&str; 6] =
    ["gen_ai.", "server.", "error.type", "aws.bedrock.", "azure.resource_provider.", "openai."];
/// Those of flowspan's that say how the others are to be read: what is missing, and what was told before.
const REMARKS: [&str; 2] = ["flowspan.content.", "flowspan.duplicate"];
/// What stands on spans as JSON, because attributes of spans have no structure. Those of events have.
const STRUCTURED: [&str; 4] = [
    "gen_ai.system_instructions",
    "gen_ai.input.messages",
    "gen_ai.output.messages",
    "gen_ai.tool.definitions",
];

/// Puts content where it shall stand: spans go on to these sinks without it unless it may stand on them, and
/// model calls become events if anybody takes log records.
pub(crate) fn carry(
    carrier: Carrier,
    names: &ContentNames,
    logs: Option<&SdkLoggerProvider>,
    switches: &Switches,
    sinks: Vec<Box<dyn SpanSink>>,
) -> Vec<Box<dyn SpanSink>> {
    let logs = logs.filter(|_| carrier.has_events());
    let details = logs.map(|logs| {
        let (logger, switches, names) = (logs.logger(SCOPE), switches.clone(), names.clone());
        Box::new(Details { logger, switches, names }) as Box<dyn SpanSink>
    });
    let bare = |sink| -> Box<dyn SpanSink> {
        match carrier.has_spans() {
            true => sink,
            false => Box::new(Filtered::new(Bare(names.clone()), sink)),
        }
    };
    details.into_iter().chain(sinks.into_iter().map(bare)).collect()
}

/// Tells an event for each span of a model call, in the context of that span.
#[derive(Debug)]
struct Details {
    logger: SdkLogger,
    switches: Switches,
    names: ContentNames,
}

impl Details {
    fn belongs(&self, name: &str) -> bool {
        let mut known = CONVENTIONAL.iter().chain(&REMARKS);
        known.any(|prefix| name.starts_with(prefix)) || self.names.contains(name)
    }
}

impl SpanSink for Details {
    fn wants(&self, span: &EndedSpan) -> bool {
        span.text(Field::Operation).is_some_and(is_inference) && self.switches.is_on(Signal::Logs)
    }

    fn take(&self, span: EndedSpan) {
        if !self.wants(&span) {
            return;
        }
        let span = SpanData::from(span);
        let mut record = self.logger.create_log_record();
        record.set_event_name(EVENT);
        record.set_severity_number(Severity::Debug);
        record.set_severity_text(Severity::Debug.name());
        record.set_timestamp(span.end_time);
        let context = &span.span_context;
        record.set_trace_context(context.trace_id(), context.span_id(), Some(context.trace_flags()));
        let attributes = span.attributes.into_iter();
        record.add_attributes(
            attributes
                .filter(|attribute| self.belongs(attribute.key.as_str()))
                .map(|KeyValue { key, value, .. }| (key.clone(), told(&key, value))),
        );
        self.logger.emit(record);
    }
}

impl SpanProcessor for Details {
    fn on_start(&self, _: &mut Span, _: &Context) {}

    fn on_end(&self, span: SpanData) {
        self.take(span.into());
    }

    // The queue of the log records is flushed and ended with all others.

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        Ok(())
    }
}

/// The value of an attribute of the event.
fn told(key: &Key, value: Value) -> AnyValue {
    if STRUCTURED.contains(&key.as_str())
        && let Value::String(text) = &value
        && let Ok(json) = serde_json::from_str(text.as_str())
    {
        return structured(json);
    }
    match value {
        Value::Bool(flag) => flag.into(),
        Value::I64(number) => number.into(),
        Value::F64(number) => number.into(),
        Value::String(text) => text.into(),
        Value::Array(Array::Bool(flags)) => flags.into_iter().collect(),
        Value::Array(Array::I64(numbers)) => numbers.into_iter().collect(),
        Value::Array(Array::F64(numbers)) => numbers.into_iter().collect(),
        Value::Array(Array::String(texts)) => texts.into_iter().collect(),
        other => other.to_string().into(),
    }
}

/// JSON with its structure. The policy of content has bounded how deep it goes.
fn structured(json: Json) -> AnyValue {
    match json {
        // The API has no value for nothing. In an object, what is nothing can be left out.
        Json::Null => "null".into(),
        Json::Bool(flag) => flag.into(),
        Json::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(whole), _) => whole.into(),
            (None, Some(real)) => real.into(),
            (None, None) => number.to_string().into(),
        },
        Json::String(text) => text.into(),
        Json::Array(elements) => elements.into_iter().map(structured).collect(),
        Json::Object(members) => {
            let members = members.into_iter().filter(|(_, member)| !member.is_null());
            members.map(|(name, member)| (name, structured(member))).collect()
        }
    }
}

/// Takes content, and everything about it, off spans.
#[derive(Debug)]
struct Bare(ContentNames);

impl Filter for Bare {
    fn pass(&self, mut span: EndedSpan) -> Option<EndedSpan> {
        let [about, _] = REMARKS;
        span.retain_attributes(|name| !name.starts_with(about) && !self.0.contains(name));
        Some(span)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(members: impl IntoIterator<Item = (&'static str, AnyValue)>) -> AnyValue {
        members.into_iter().collect()
    }

    #[test]
    fn messages_keep_their_structure_and_texts_stay_texts() {
        let key = Key::from_static_str("gen_ai.input.messages");
        let json = r#"[{"role":"user","parts":[{"n":1,"x":0.5,"is":true,"none":null,"list":[null]}]}]"#;
        let nothing: AnyValue = "null".into();
        let part = map([
            ("n", 1.into()),
            ("x", 0.5.into()),
            ("is", true.into()),
            ("list", [nothing].into_iter().collect()),
        ]);
        let message = map([("role", "user".into()), ("parts", [part].into_iter().collect())]);
        assert_eq!(told(&key, json.into()), [message].into_iter().collect());
        assert_eq!(told(&key, "How is the weather?".into()), "How is the weather?".into());
        let variable = Key::from_static_str("gen_ai.prompt.variable.city");
        assert_eq!(told(&variable, "[1]".into()), "[1]".into(), "a text that looks like JSON by chance");
    }

    #[test]
    fn lists_of_attributes_are_lists() {
        let key = Key::from_static_str("gen_ai.response.finish_reasons");
        let reasons = Value::Array(Array::String(vec!["stop".into(), "length".into()]));
        assert_eq!(told(&key, reasons), ["stop", "length"].into_iter().collect());
    }
}
