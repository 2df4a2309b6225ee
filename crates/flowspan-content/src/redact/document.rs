//! JSON documents.

use serde_json::{Map, Value};

use super::{Deadline, keys::is_secret, marker, scan::redact_text};
use crate::{
    MAX_DEPTH, Refusal,
    nesting::{is_within, may_be_json},
};

/// A value without what was found in it.
#[derive(Debug)]
pub(crate) enum Redacted {
    /// It was JSON.
    Document(Value),
    /// It was not.
    Text(String),
}

impl Redacted {
    /// Lets somebody replace all texts at once.
    pub(super) fn replace_texts(
        &mut self,
        replace: impl FnOnce(Vec<String>) -> Result<Vec<String>, Refusal>,
    ) -> Result<(), Refusal> {
        let mut texts = Vec::new();
        self.each_text(&mut |text| texts.push(std::mem::take(text)));
        let mut replaced = replace(texts)?.into_iter();
        // There are as many as there were; were one missing, it would stay empty.
        self.each_text(&mut |text| *text = replaced.next().unwrap_or_default());
        Ok(())
    }

    fn each_text(&mut self, seen: &mut impl FnMut(&mut String)) {
        match self {
            Redacted::Document(document) => each_text(document, seen),
            Redacted::Text(text) => seen(text),
        }
    }
}

fn each_text(document: &mut Value, seen: &mut impl FnMut(&mut String)) {
    match document {
        Value::String(text) => seen(text),
        Value::Array(elements) => elements.iter_mut().for_each(|element| each_text(element, seen)),
        Value::Object(members) => members.values_mut().for_each(|member| each_text(member, seen)),
        _ => {}
    }
}

/// How many times JSON may be written into a text of JSON. What is deeper inside is text.
const MOST_LAYERS: usize = 3;

/// Redacts a value: as a document if it is JSON, else as text.
pub(super) fn redact(text: &str, deadline: &Deadline) -> Result<Redacted, Refusal> {
    match parse(text) {
        Some(mut document) => {
            redact_value(&mut document, deadline, MOST_LAYERS)?;
            Ok(Redacted::Document(document))
        }
        None => Ok(Redacted::Text(redact_text(text, deadline)?.into_owned())),
    }
}

/// The array or object that a text is.
fn parse(text: &str) -> Option<Value> {
    if may_be_json(text) && is_within(text, MAX_DEPTH) { serde_json::from_str(text).ok() } else { None }
}

/// Goes as deep as the documents are nested, which is bounded for each and by their number.
fn redact_value(value: &mut Value, deadline: &Deadline, layers: usize) -> Result<(), Refusal> {
    match value {
        Value::String(text) => redact_string(text, deadline, layers),
        Value::Number(number) => {
            let written = number.to_string();
            let redacted = redact_text(&written, deadline)?;
            if redacted != written {
                *value = Value::String(redacted.into_owned());
            }
            Ok(())
        }
        Value::Array(elements) => {
            elements.iter_mut().try_for_each(|element| redact_value(element, deadline, layers))
        }
        Value::Object(members) => redact_members(members, deadline, layers),
        Value::Null | Value::Bool(_) => Ok(()),
    }
}

fn redact_string(text: &mut String, deadline: &Deadline, layers: usize) -> Result<(), Refusal> {
    let inner = if layers > 0 { parse(text) } else { None };
    if let Some(mut document) = inner {
        redact_value(&mut document, deadline, layers - 1)?;
        // Written anew in any case: what a parser passes over, such as the first of two equal keys, was
        // looked at by nobody.
        *text = document.to_string();
        return Ok(());
    }
    let redacted = redact_text(text, deadline)?;
    if redacted != text.as_str() {
        *text = redacted.into_owned();
    }
    Ok(())
}

fn redact_members(
    members: &mut Map<String, Value>,
    deadline: &Deadline,
    layers: usize,
) -> Result<(), Refusal> {
    let is_blob = members.get("type").is_some_and(|kind| kind == "blob");
    for (key, value) in std::mem::take(members) {
        let value = match value {
            Value::Null | Value::Bool(_) => value,
            _ if is_secret(&key) => Value::String(marker("secret")),
            Value::String(_) if is_blob && key == "content" => Value::String(marker("blob")),
            mut value => {
                redact_value(&mut value, deadline, layers)?;
                value
            }
        };
        let key = redact_text(&key, deadline)?.into_owned();
        members.insert(unused(members, key), value);
    }
    Ok(())
}

/// The key, with a number behind it if two have become the same.
fn unused(members: &Map<String, Value>, key: String) -> String {
    if !members.contains_key(&key) {
        return key;
    }
    (2_usize..).map(|number| format!("{key} {number}")).find(|key| !members.contains_key(key)).unwrap_or(key)
}
