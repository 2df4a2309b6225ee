//! Lists of texts, which `tracing` has no value for.

/// A JSON list of these texts.
pub(super) fn json<'text>(texts: impl IntoIterator<Item = &'text str>) -> String {
    let mut list = String::from("[");
    for (index, text) in texts.into_iter().enumerate() {
        if index > 0 {
            list.push(',');
        }
        list.push('"');
        for character in text.chars() {
            match character {
                '"' | '\\' => list.extend(['\\', character]),
                '\0'..='\u{1f}' => list.push_str(&format!("\\u{:04x}", u32::from(character))),
                _ => list.push(character),
            }
        }
        list.push('"');
    }
    list.push(']');
    list
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_json_reserves_is_escaped() {
        assert_eq!(json(["a\"b\\", "\n,", "é"]), r#"["a\"b\\","\u000a,","é"]"#);
        assert_eq!(json([]), "[]");
    }
}
