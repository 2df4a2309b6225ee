//! Names and labels in the form in which they cannot break a line.

/// How many bytes of a metric's name are written.
const NAME_BYTES: usize = 200;
/// How many bytes of a label's name are written.
const KEY_BYTES: usize = 64;
/// How many bytes of a label's value are written.
const VALUE_BYTES: usize = 128;
/// Stands for what is not allowed, and for what is empty.
const STAND_IN: char = '_';

/// Writes the name of a metric.
pub(crate) fn name(out: &mut String, text: &str) {
    word(out, text, NAME_BYTES, |c| c == '.' || is_plain(c));
}

/// Writes the name of a tag.
///
/// Prometheus keeps a few names for itself: its StatsD exporter ends at `quantile` and `le`, and shows
/// nothing more at all after a tag that begins with `__`, or with what it makes that of. They are mended
/// as on `/metrics`.
pub(crate) fn key(out: &mut String, text: &str) {
    let is_mark = |c: &char| !c.is_ascii_alphanumeric();
    if matches!(text, "le" | "quantile") {
        out.push_str("exported_");
    } else if text.chars().take(2).filter(is_mark).count() == 2 {
        out.push_str("key");
    }
    word(out, text, KEY_BYTES, |c| c == '.' || is_plain(c));
}

/// Writes the value of a tag.
pub(crate) fn value(out: &mut String, text: &str) {
    word(out, text, VALUE_BYTES, |c| c == '.' || c == '/' || is_plain(c) || c.is_alphanumeric());
}

/// Writes the name of a label as a part of a metric's name, where a dot would begin another part.
pub(crate) fn folded_key(out: &mut String, text: &str) {
    word(out, text, KEY_BYTES, is_plain);
}

/// Writes the value of a label as a part of a metric's name.
pub(crate) fn folded_value(out: &mut String, text: &str) {
    word(out, text, VALUE_BYTES, is_plain);
}

fn is_plain(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '-'
}

/// No more of the text is looked at than is written: a label of a mebibyte costs no more than another.
fn word(out: &mut String, text: &str, limit: usize, is_allowed: impl Fn(char) -> bool) {
    let start = out.len();
    for c in text.chars() {
        let c = if is_allowed(c) { c } else { STAND_IN };
        if out.len() - start + c.len_utf8() > limit {
            break;
        }
        out.push(c);
    }
    if out.len() == start {
        out.push(STAND_IN);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: fn(&mut String, &str), text: &str) -> String {
        let mut out = String::new();
        write(&mut out, text);
        out
    }

    #[test]
    fn what_a_line_is_made_of_becomes_an_underscore() {
        let hostile = "a|b:c@d#e,f=g\nh\0i\r j\u{7f}k\u{2028}l";
        assert_eq!(written(value, hostile), "a_b_c_d_e_f_g_h_i__j_k_l");
        assert_eq!(written(name, hostile), written(value, hostile));
    }

    #[test]
    fn tag_values_keep_every_script_and_names_keep_ascii() {
        assert_eq!(written(value, "Größe/日本.1"), "Größe/日本.1");
        assert_eq!(written(name, "größe.日本/x"), "gr__e.___x");
        assert_eq!(written(folded_value, "v1.2/é"), "v1_2__");
        assert_eq!(written(folded_key, "error.type"), "error_type");
    }

    #[test]
    fn tags_have_no_names_that_prometheus_keeps_for_itself() {
        assert_eq!(written(key, "le"), "exported_le");
        assert_eq!(written(key, "quantile"), "exported_quantile");
        for reserved in ["__x", "_-x", "|:x", "\n\0x", "日本x"] {
            assert_eq!(written(key, reserved).replace(['-', '.'], "_"), "key__x", "{reserved:?}");
        }
        assert_eq!(written(key, "_x"), "_x");
        assert_eq!(written(key, "a__x"), "a__x");
    }

    #[test]
    fn an_empty_text_has_a_stand_in() {
        for write in [name, key, value, folded_key, folded_value] {
            assert_eq!(written(write, ""), "_");
        }
    }

    #[test]
    fn a_long_text_is_cut_between_characters() {
        let long = "ß".repeat(1 << 19);
        assert_eq!(written(value, &long), "ß".repeat(64));
        assert_eq!(written(value, &format!("a{long}")), format!("a{}", "ß".repeat(63)));
        assert_eq!(written(name, &long).len(), NAME_BYTES);
    }
}
