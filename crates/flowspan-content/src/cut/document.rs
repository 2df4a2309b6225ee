//! JSON documents.

use serde_json::{Value, json};

use super::{LONGEST_MARK, cut_text, text::boundary};
use crate::Refusal;

/// Cuts a document until it has no more than `limit` bytes when written, and says how many bytes are gone.
/// The structure stays: what becomes shorter are texts, the longest first. If that is not enough, a list
/// loses elements from its middle, and one that says so takes their place.
///
/// # Errors
///
/// It does not fit even so.
pub(crate) fn cut_document(document: &mut Value, limit: usize) -> Result<usize, Refusal> {
    let whole = written(document);
    if whole <= limit {
        return Ok(0);
    }
    let mut gone = 0;
    if written_with(document, SHORTEST) > limit {
        gone += leave_out(document, limit)?;
    }
    let mut lengths = Vec::new();
    each_text(document, &mut |text| lengths.push(text.len()));
    gone += match longest_allowed(document, &mut lengths, limit) {
        Some(longest) => shorten(document, longest),
        None => 0,
    };
    if written(document) <= limit { Ok(gone) } else { Err(Refusal::TooManyParts) }
}

/// How short every text may be made: a mark, and a little to recognise it by.
const SHORTEST: usize = LONGEST_MARK + 16;

/// How long the document is when written.
fn written(document: &Value) -> usize {
    let mut counted = Counted(0);
    // A count does not fail, and a document has no keys that are no texts.
    let _ = serde_json::to_writer(&mut counted, document);
    counted.0
}

/// How long a text is when written, without its quotes.
fn escaped(text: &str) -> usize {
    text.bytes()
        .map(|byte| match byte {
            b'"' | b'\\' | b'\n' | b'\r' | b'\t' | 0x08 | 0x0c => 2,
            // `\u0000` and the like.
            0..0x20 => 6,
            _ => 1,
        })
        .sum()
}

/// The greatest length to which all texts can be cut so that the document fits.
fn longest_allowed(document: &Value, lengths: &mut Vec<usize>, limit: usize) -> Option<usize> {
    lengths.sort_unstable();
    lengths.dedup();
    let longest = *lengths.last()?;
    // What is written shrinks with the longest text, so the right length is found by halving.
    let (mut fits, mut too_long) = (SHORTEST, longest);
    while too_long - fits.min(too_long) > 1 {
        let middle = fits.midpoint(too_long);
        if written_with(document, middle) <= limit { fits = middle } else { too_long = middle }
    }
    Some(fits)
}

/// How long the document is when all its texts are cut to this length.
fn written_with(document: &Value, longest: usize) -> usize {
    let mut spared = 0;
    each_text(document, &mut |text| {
        if text.len() > longest {
            let kept = boundary(text, longest.saturating_sub(LONGEST_MARK));
            spared += escaped(&text[kept..]).saturating_sub(LONGEST_MARK);
        }
    });
    written(document).saturating_sub(spared)
}

fn shorten(document: &mut Value, longest: usize) -> usize {
    match document {
        Value::String(text) => {
            let (cut, gone) = cut_text(std::mem::take(text), longest);
            *text = cut;
            gone
        }
        Value::Array(elements) => elements.iter_mut().map(|element| shorten(element, longest)).sum(),
        Value::Object(members) => members.values_mut().map(|member| shorten(member, longest)).sum(),
        _ => 0,
    }
}

fn each_text(document: &Value, seen: &mut impl FnMut(&str)) {
    match document {
        Value::String(text) => seen(text),
        Value::Array(elements) => elements.iter().for_each(|element| each_text(element, seen)),
        Value::Object(members) => members.values().for_each(|member| each_text(member, seen)),
        _ => {}
    }
}

/// Takes elements out of the middle of a list: the first one stays, and as many of the last ones as fit.
fn leave_out(document: &mut Value, limit: usize) -> Result<usize, Refusal> {
    let Value::Array(elements) = document else { return Err(Refusal::TooManyParts) };
    let Some((first, rest)) = elements.split_first() else { return Err(Refusal::TooManyParts) };
    let stands_for = |count: usize| {
        if first.get("parts").is_some() {
            // A message, whose role and parts are free.
            json!({"role": CUT, "parts": [{"type": CUT, "messages": count}]})
        } else {
            // A part or a tool: both have a type, a tool has a name.
            json!({"type": CUT, "name": CUT, "elements": count})
        }
    };
    let mut room = limit
        .checked_sub(written_with(first, SHORTEST) + written(&stands_for(rest.len())) + "[,,]".len())
        .ok_or(Refusal::TooManyParts)?;
    let mut kept = 0;
    for element in rest.iter().rev() {
        match room.checked_sub(written_with(element, SHORTEST) + ",".len()) {
            Some(left) => room = left,
            None => break,
        }
        kept += 1;
    }
    let left_out = rest.len() - kept;
    let stand_in = stands_for(left_out);
    let gone = elements.splice(1..=left_out, [stand_in]).map(|element| written(&element)).sum();
    Ok(gone)
}

/// The type of what stands for elements that were left out.
const CUT: &str = "flowspan.cut";

/// Counts bytes.
struct Counted(usize);

impl std::io::Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_texts_are_cut_and_the_others_stay() {
        let mut document = json!([
            {"role": "system", "parts": [{"type": "text", "content": "short"}]},
            {"role": "user", "parts": [{"type": "text", "content": "long ".repeat(10_000)}]},
        ]);
        let gone = cut_document(&mut document, 2_000).expect("it fits");
        assert_eq!(document[0]["parts"][0]["content"], "short");
        let shown = document[1]["parts"][0]["content"].as_str().expect("a text");
        assert!(
            shown.starts_with("long long") && shown.ends_with(&format!("…[cut {gone} bytes]")),
            "{shown}"
        );
        assert!((1_900..=2_000).contains(&written(&document)), "{}", written(&document));
    }

    #[test]
    fn of_too_many_messages_the_first_and_the_last_stay() {
        let message = |number: usize| json!({"role": "user", "parts": [{"type": "text", "content": format!("message {number}")}]});
        let mut document = Value::Array((0..1_000).map(message).collect());
        assert!(cut_document(&mut document, 4_000).expect("it fits") > 0);
        let elements = document.as_array().expect("a list");
        assert_eq!(elements[0], message(0));
        assert_eq!(elements[elements.len() - 1], message(999));
        assert_eq!(elements[1]["role"], CUT);
        assert_eq!(elements[1]["parts"][0]["messages"], 1_000 - (elements.len() - 1));
        assert!(written(&document) <= 4_000);
    }

    #[test]
    fn an_object_of_too_many_members_is_refused() {
        let mut document =
            Value::Object((0..1_000).map(|number| (format!("key {number}"), json!(1))).collect());
        assert_eq!(cut_document(&mut document, 1_024), Err(Refusal::TooManyParts));
    }

    #[test]
    fn what_is_long_only_when_escaped_is_cut_too() {
        let mut document = json!(["\u{1}".repeat(1_000)]);
        assert!(cut_document(&mut document, 1_024).is_ok());
        assert!(written(&document) <= 1_024);
    }
}
