//! Values of the file in the forms that the variables have.

use std::fmt::Write as _;

use toml::de::DeValue;

/// A text, a number or a truth value. `None` for everything else.
pub(super) fn one(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::String(text) => Some(text.to_string()),
        DeValue::Boolean(boolean) => Some(boolean.to_string()),
        DeValue::Float(number) => Some(number.as_str().to_owned()),
        // In decimal, as variables have it; what is too large is refused by whoever needs it.
        DeValue::Integer(number) => Some(match i128::from_str_radix(number.as_str(), number.radix()) {
            Ok(decimal) => decimal.to_string(),
            Err(_) => number.as_str().to_owned(),
        }),
        DeValue::Datetime(_) | DeValue::Array(_) | DeValue::Table(_) => None,
    }
}

/// Several values, with commas between them, or one. `None` for everything else.
pub(super) fn list(value: &DeValue<'_>) -> Option<String> {
    match value.as_array() {
        Some(values) => {
            let values: Option<Vec<_>> = values.iter().map(|value| one(value.get_ref())).collect();
            values.map(|values| values.join(","))
        }
        None => one(value),
    }
}

/// `key=value,key=value`, percent-encoded. `None` for what is no table of single values.
pub(super) fn pairs(value: &DeValue<'_>) -> Option<String> {
    let pairs: Option<Vec<_>> = value
        .as_table()?
        .iter()
        .map(|(key, value)| {
            let value = one(value.get_ref())?;
            Some(format!("{}={}", percent_encoded(key.get_ref()), percent_encoded(&value)))
        })
        .collect();
    pairs.map(|pairs| pairs.join(","))
}

fn percent_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' | b':' => {
                encoded.push(char::from(byte));
            }
            _ => {
                let _ = write!(encoded, "%{byte:02X}");
            }
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn what_is_encoded_is_decoded_to_the_same(key in ".+", value in ".*") {
            let pairs = format!("{}={}", percent_encoded(&key), percent_encoded(&value));
            proptest::prop_assert_eq!(flowspan_runtime::key_values(&pairs), Some(vec![(key, value)]));
        }
    }
}
