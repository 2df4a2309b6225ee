//! Times in files: RFC 3339, in UTC.

use std::time::SystemTime;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serializer, de::Error as _};

/// The time as a file tells it, to the nanosecond.
pub(crate) fn text(time: SystemTime) -> Option<String> {
    // What lies beyond the year 9999 has no form.
    Timestamp::try_from(time).ok().map(|time| time.to_string())
}

/// The time that a file tells, with any offset.
pub(crate) fn parse(text: &str) -> Result<SystemTime, jiff::Error> {
    Ok(text.parse::<Timestamp>()?.into())
}

/// A time that may be missing.
pub(crate) mod optional {
    use super::*;

    pub(crate) fn serialize<S: Serializer>(
        time: &Option<SystemTime>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match time.and_then(text) {
            Some(text) => serializer.serialize_some(&text),
            None => serializer.serialize_none(),
        }
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<SystemTime>, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?;
        text.map(|text| parse(&text).map_err(D::Error::custom)).transpose()
    }
}
