//! Where the file of a session is.

use std::{
    fmt::Write as _,
    path::{Path, PathBuf},
};

/// The longest part of a file's name that is made of a session's name. File systems take 255 bytes.
const MAX_ENCODED: usize = 200;

/// The file of a session in a directory of sessions: `session-<id>.json`.
///
/// It lies directly in that directory, whatever the session's name holds: letters, digits, `_`, `-` and
/// `.` stay as they are, every other byte is `%` and two hexadecimal digits. So two sessions never share a
/// file, as far as the file system tells upper from lower case. A name too long for a file is cut, and
/// sixteen digits stand for all of it.
///
/// ```
/// use std::path::Path;
///
/// let path = flowspan_session::path_of("/var/lib/bot", "../../etc/passwd");
/// assert_eq!(path, Path::new("/var/lib/bot/session-..%2F..%2Fetc%2Fpasswd.json"));
/// ```
pub fn path_of(directory: impl AsRef<Path>, session_id: &str) -> PathBuf {
    let mut encoded = String::with_capacity(session_id.len());
    for byte in session_id.bytes() {
        if byte.is_ascii_alphanumeric() || b"_-.".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            // Writing into a string cannot fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    if encoded.len() > MAX_ENCODED {
        // `~` stands in no name that was not cut.
        encoded.truncate(MAX_ENCODED);
        let _ = write!(encoded, "~{:016x}", hash(session_id));
    }
    directory.as_ref().join(format!("session-{encoded}.json"))
}

/// FNV-1a, 64 bits: the same in every version, so that a session finds its file again.
fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, path::Component};

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_name_leads_out_of_the_directory(id in "(\\PC|[./\\\\\0\n%~:]){0,400}") {
            let path = path_of("sessions", &id);
            let components: Vec<_> = path.components().collect();
            prop_assert_eq!(components.len(), 2);
            prop_assert!(matches!(components[1], Component::Normal(_)));
            prop_assert_eq!(path.parent(), Some(Path::new("sessions")));
            let name = path.file_name().and_then(|name| name.to_str()).expect("it is ASCII");
            prop_assert!(name.is_ascii() && name.len() <= 255 && !name.contains(['/', '\\', '\0', ':']));
        }
    }

    #[test]
    fn every_session_has_a_file_of_its_own() {
        let long = "x".repeat(300);
        let longer = "x".repeat(301);
        let cut = format!("{}~{:016x}", "x".repeat(200), hash(&long));
        let names =
            ["", ".", "..", "a", "a/b", "a%2Fb", "a\\b", "a b", "a\0b", "ä", "%", &long, &longer, &cut];
        let paths: BTreeSet<_> = names.iter().map(|name| path_of("d", name)).collect();
        assert_eq!(paths.len(), names.len(), "{paths:?}");
    }
}
