//! A line of source, taken apart roughly: code without strings, and the comment.

/// The parts of one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line<'a> {
    /// The whole line.
    pub(super) whole: &'a str,
    /// The code, with the insides of its strings left out.
    pub(super) code: String,
    /// The comment at its end, or the whole line if it is one.
    pub(super) comment: &'a str,
}

impl<'a> Line<'a> {
    /// Takes a line apart, as C-like languages and those with `#` comments write it.
    pub(super) fn new(whole: &'a str) -> Self {
        let trimmed = whole.trim_start();
        if ["# ", "<!--", "* ", "/*", "-- "].iter().any(|mark| trimmed.starts_with(mark)) {
            return Self { whole, code: String::new(), comment: trimmed };
        }
        let (mut code, mut quoted, mut escaped) = (String::with_capacity(whole.len()), false, false);
        for (at, character) in whole.char_indices() {
            if quoted {
                if character == '"' && !escaped {
                    quoted = false;
                    code.push('"');
                }
                escaped = character == '\\' && !escaped;
                continue;
            }
            if whole[at..].starts_with("//") {
                return Self { whole, code, comment: &whole[at..] };
            }
            quoted = character == '"' && !whole[..at].ends_with('\'');
            code.push(character);
        }
        Self { whole, code, comment: "" }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_emptied_and_comments_cut_off() {
        let line = Line::new(r#"    call("a // b \" c", x); // why {"#);
        assert_eq!(line.code, r#"    call("", x); "#);
        assert_eq!(line.comment, "// why {");
    }

    #[test]
    fn a_quoted_quote_opens_no_string() {
        assert_eq!(Line::new("if c == '\"' { a.unwrap() }").code, "if c == '\"' { a.unwrap() }");
    }
}
