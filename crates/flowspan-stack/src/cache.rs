//! Where built parts are kept: outside the build tree, so that a second clone
//! on the same machine does not build them again.

use std::{
    env,
    path::{Path, PathBuf},
};

use crate::StackError;

/// Environment variable that names another cache directory.
pub const CACHE_ENV: &str = "FLOWSPAN_STACK_CACHE";

pub(crate) fn directory() -> Result<PathBuf, StackError> {
    let from = |name| env::var_os(name).filter(|value| !value.is_empty());
    from(CACHE_ENV)
        .map(PathBuf::from)
        .or_else(|| from("XDG_CACHE_HOME").map(|cache| Path::new(&cache).join("flowspan/stack")))
        .or_else(|| from("HOME").map(|home| Path::new(&home).join(".cache/flowspan/stack")))
        .ok_or(StackError::NoCache)
}

/// 64-bit FNV-1a. It tells recipes apart and protects against nothing: what is
/// downloaded is verified by go.sum.
pub(crate) fn fingerprint<'a>(pieces: impl IntoIterator<Item = &'a str>) -> u64 {
    pieces
        .into_iter()
        // The separator keeps ("ab", "c") and ("a", "bc") apart.
        .flat_map(|piece| piece.bytes().chain([0xff]))
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
