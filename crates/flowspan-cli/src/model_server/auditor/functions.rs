//! Where functions begin and end, found by braces or, in Python, by indentation.

use super::lines::Line;

/// A function of a source file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// The line of its head, counted from 1.
    pub first_line: usize,
    /// Lines from its head to its end.
    pub lines: usize,
}

/// The longest function of a text, the first of them if several are equally long.
pub fn longest_function(text: &str) -> Option<Function> {
    let code: Vec<String> = text.lines().map(|line| Line::new(line).code).collect();
    (0..code.len())
        .filter_map(|at| {
            let (name, indented) = head(&code[at])?;
            let lines = if indented { by_indentation(&code[at..]) } else { by_braces(&code[at..])? };
            Some(Function { name, first_line: at + 1, lines })
        })
        .reduce(|longest, next| if next.lines > longest.lines { next } else { longest })
}

/// The name of the function whose head this is, and whether indentation ends it.
fn head(line: &str) -> Option<(String, bool)> {
    let words = [("fn ", false), ("func ", false), ("function ", false), ("def ", true)];
    words.into_iter().find_map(|(word, indented)| {
        let at = line.find(word)?;
        // Modifiers may stand before the word; anything else means that it is a type or an argument.
        let before = &line[..at];
        let is_head = before
            .split_whitespace()
            .all(|part| part.chars().all(|c| c.is_alphanumeric() || "()\"_".contains(c)));
        let after_boundary = before.is_empty() || before.ends_with(char::is_whitespace);
        let name: String =
            line[at + word.len()..].chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        (is_head && after_boundary && !name.is_empty()).then_some((name, indented))
    })
}

/// Lines up to the brace that closes the first one; none if there is no body.
fn by_braces(lines: &[String]) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, line) in lines.iter().enumerate() {
        for character in line.chars() {
            match character {
                '{' => depth += 1,
                '}' if depth <= 1 => return Some(at + 1),
                '}' => depth -= 1,
                ';' if depth == 0 => return None,
                _ => {}
            }
        }
    }
    None
}

/// Lines that are indented deeper than the head, without the blank ones at the end.
fn by_indentation(lines: &[String]) -> usize {
    let indent = |line: &String| line.len() - line.trim_start().len();
    let of_head = indent(&lines[0]);
    let inside = lines[1..].iter().take_while(|line| line.trim().is_empty() || indent(line) > of_head);
    let body: Vec<&String> = inside.collect();
    1 + body.iter().rposition(|line| !line.trim().is_empty()).map_or(0, |last| last + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_of_several_functions_is_found() {
        let text = "fn a() { }\n\npub(crate) async fn b(x: u8) -> u8 {\n    if x > 1 {\n        2\n    }\n}\nfn c();\n";
        let longest = longest_function(text).expect("two functions");
        assert_eq!((longest.name.as_str(), longest.first_line, longest.lines), ("b", 3, 5));
    }

    #[test]
    fn python_functions_end_with_their_indentation() {
        let text = "def a(x):\n    return x\n\ndef b():\n    y = 1\n\n    return y\n\nprint(b())\n";
        let longest = longest_function(text).expect("two functions");
        assert_eq!((longest.name.as_str(), longest.first_line, longest.lines), ("b", 4, 4));
    }

    #[test]
    fn a_function_type_is_no_function() {
        assert_eq!(longest_function("struct S { run: fn (u8) -> u8 }\n"), None);
    }
}
