//! Labels out of attributes.

use std::{
    borrow::Cow,
    fmt::{self, Write},
};

use opentelemetry::Value;

use super::names;

/// What the keys of an attribute set become. The series of a family have the same few sets of keys
/// over and over, so this is worked out once for each.
pub(super) struct Shape<'a> {
    keys: Vec<&'a str>,
    labels: Vec<Label<'a>>,
    /// How many names had to be mended.
    pub(super) mended: u64,
}

struct Label<'a> {
    name: Cow<'a, str>,
    /// Where its values stand among those of the set.
    values: Vec<usize>,
}

impl<'a> Shape<'a> {
    /// Sorted by name. Keys that become one name share a label, in the order of the keys, as the
    /// OpenTelemetry specification wants it; of keys that are equal the first one counts, which is the
    /// one that the SDK keeps, too.
    pub(super) fn new(keys: &[&'a str]) -> Self {
        let mut order: Vec<usize> = (0..keys.len()).collect();
        order.sort_by_key(|&index| keys[index]);
        order.dedup_by_key(|index| keys[*index]);

        let mut mended = 0;
        let mut labels: Vec<Label<'a>> = Vec::with_capacity(order.len());
        for index in order {
            let name = names::label(keys[index]);
            mended += u64::from(name.is_mended);
            match labels.iter_mut().find(|label| label.name == name.text) {
                Some(label) => label.values.push(index),
                None => labels.push(Label { name: name.text, values: vec![index] }),
            }
        }
        labels.sort_by(|left, right| left.name.cmp(&right.name));
        Shape { keys: keys.to_vec(), labels, mended }
    }

    pub(super) fn fits(&self, keys: &[&str]) -> bool {
        self.keys == keys
    }

    /// The labels as they stand between braces, without these.
    pub(super) fn write(&self, values: &[&Value], text: &mut String) {
        let begin = text.len();
        for label in &self.labels {
            if text.len() > begin {
                text.push(',');
            }
            text.push_str(&label.name);
            text.push_str("=\"");
            label.write(values, &mut Escaped(text));
            text.push('"');
        }
    }

    /// Every name with its value.
    pub(super) fn pairs(&self, values: &[&Value]) -> impl Iterator<Item = (&str, String)> {
        self.labels.iter().map(|label| {
            let mut text = String::new();
            label.write(values, &mut text);
            (&*label.name, text)
        })
    }
}

impl Label<'_> {
    fn write(&self, values: &[&Value], text: &mut impl Write) {
        for (position, &index) in self.values.iter().enumerate() {
            let separator = if position > 0 { ";" } else { "" };
            // Nothing can go wrong when text is written to a string.
            let _ = match values[index] {
                Value::String(value) => {
                    text.write_str(separator).and_then(|()| text.write_str(value.as_str()))
                }
                value => write!(text, "{separator}{value}"),
            };
        }
    }
}

/// Escapes what is written to it as the value of a label.
struct Escaped<'a>(&'a mut String);

impl Write for Escaped<'_> {
    fn write_str(&mut self, mut value: &str) -> fmt::Result {
        while let Some(position) = value.bytes().position(|byte| matches!(byte, b'\\' | b'"' | b'\n')) {
            let (plain, special) = value.split_at(position);
            self.0.push_str(plain);
            self.0.push_str(match special.as_bytes()[0] {
                b'\\' => "\\\\",
                b'"' => "\\\"",
                _ => "\\n",
            });
            value = &special[1..];
        }
        self.0.push_str(value);
        Ok(())
    }
}
