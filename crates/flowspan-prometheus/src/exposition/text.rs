//! The text format 0.0.4.

use std::io::Write;

use super::{
    families::Family,
    samples::{Histogram, Number, Sample},
};

/// Appends families to a text.
pub(super) struct Writer<'a> {
    text: &'a mut Vec<u8>,
    bounds: Bounds,
    // What all lines of buckets of a series begin with, kept for its memory.
    head: Vec<u8>,
}

impl<'a> Writer<'a> {
    pub(super) fn new(text: &'a mut Vec<u8>) -> Self {
        Writer { text, bounds: Bounds::default(), head: Vec::new() }
    }

    pub(super) fn family(&mut self, family: &Family<'_>) {
        let name = family.name.as_bytes();
        if !family.help.is_empty() {
            put(self.text, &[b"# HELP ", name, b" "]);
            put_help(self.text, family.help);
            put(self.text, &[b"\n"]);
        }
        put(self.text, &[b"# TYPE ", name, b" ", family.kind.as_str().as_bytes(), b"\n"]);
        for (labels, sample) in family.table.texts() {
            match sample {
                Sample::Number(number) => self.line(name, b"", labels, number),
                Sample::Histogram(histogram) => self.histogram(name, labels, histogram),
            }
        }
    }

    fn line(&mut self, name: &[u8], part: &[u8], labels: &str, number: Number) {
        put(self.text, &[name, part]);
        if !labels.is_empty() {
            put(self.text, &[b"{", labels.as_bytes(), b"}"]);
        }
        put(self.text, &[b" "]);
        put_number(self.text, number);
        put(self.text, &[b"\n"]);
    }

    fn histogram(&mut self, name: &[u8], labels: &str, histogram: &dyn Histogram) {
        let comma: &[u8] = if labels.is_empty() { b"" } else { b"," };
        self.head.clear();
        put(&mut self.head, &[name, b"_bucket{", labels.as_bytes(), comma, b"le=\""]);

        let mut index = 0;
        histogram.each_bucket(&mut |bound, count| {
            put(self.text, &[&self.head, self.bounds.get(index, bound)]);
            put_integer(self.text, count);
            self.text.push(b'\n');
            index += 1;
        });
        put(self.text, &[&self.head, b"+Inf\"} "]);
        put_integer(self.text, histogram.count());
        put(self.text, &[b"\n"]);
        self.line(name, b"_sum", labels, histogram.sum());
        self.line(name, b"_count", labels, Number::U64(histogram.count()));
    }
}

/// The bounds of the latest histogram as text. The next one mostly has the same.
#[derive(Default)]
struct Bounds {
    known: Vec<(f64, Vec<u8>)>,
}

impl Bounds {
    /// What stands between `le="` and the count.
    fn get(&mut self, index: usize, bound: f64) -> &[u8] {
        if self.known.get(index).is_none_or(|(known, _)| *known != bound) {
            self.known.truncate(index);
            self.known.push((bound, format!("{bound}\"}} ").into_bytes()));
        }
        &self.known[index].1
    }
}

fn put(text: &mut Vec<u8>, parts: &[&[u8]]) {
    parts.iter().for_each(|part| text.extend_from_slice(part));
}

fn put_integer(text: &mut Vec<u8>, number: u64) {
    text.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}

fn put_number(text: &mut Vec<u8>, number: Number) {
    match number {
        Number::U64(number) => put_integer(text, number),
        Number::I64(number) => text.extend_from_slice(itoa::Buffer::new().format(number).as_bytes()),
        Number::F64(f64::INFINITY) => text.extend_from_slice(b"+Inf"),
        Number::F64(f64::NEG_INFINITY) => text.extend_from_slice(b"-Inf"),
        Number::F64(number) => {
            // Nothing can go wrong when bytes are written to memory.
            let _ = write!(text, "{number}");
        }
    }
}

/// Backslashes and line feeds are escaped. Some readers take a carriage return or a NUL for the end of
/// the line or of the text; help is prose, and is as well off with a space.
fn put_help(text: &mut Vec<u8>, help: &str) {
    for byte in help.bytes() {
        match byte {
            b'\\' => text.extend_from_slice(b"\\\\"),
            b'\n' => text.extend_from_slice(b"\\n"),
            b'\r' | b'\0' => text.push(b' '),
            byte => text.push(byte),
        }
    }
}
