//! Which files there are.

use std::cmp::Reverse;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use walkdir::{DirEntry, WalkDir};

/// How the names of files of lines end, before any number and compression.
const ENDINGS: [&str; 2] = [".jsonl", ".ndjson"];

/// The files below a directory that have a name of a file of lines, in the order in which they were
/// written as far as their names tell, and what could not be looked into.
pub(super) fn below(directory: &Path) -> impl Iterator<Item = Result<PathBuf, (PathBuf, String)>> {
    WalkDir::new(directory).sort_by(|one, other| order(one).cmp(&order(other))).into_iter().filter_map(
        |entry| match entry {
            Ok(entry) if entry.file_type().is_file() && is_of_lines(entry.file_name()) => {
                Some(Ok(entry.into_path()))
            }
            Ok(_) => None,
            Err(error) => {
                let path = error.path().map(Path::to_owned).unwrap_or_default();
                Some(Err((path, error.to_string())))
            }
        },
    )
}

/// The files beside this one that it may have become when the next one was begun.
pub(super) fn beside(path: &Path) -> Vec<PathBuf> {
    let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let is_like = |entry: &DirEntry| entry.file_name().to_string_lossy().starts_with(&stem);
    let files = WalkDir::new(directory).min_depth(1).max_depth(1).into_iter().flatten();
    files
        .filter(|entry| entry.file_type().is_file() && is_like(entry) && entry.path() != path)
        .map(DirEntry::into_path)
        .collect()
}

/// `events.jsonl.2.gz` is older than `events.jsonl.1`, and that than `events.jsonl`; of other names, the
/// earlier has the earlier time in it.
fn order(entry: &DirEntry) -> (String, Reverse<u64>) {
    let name = entry.file_name().to_string_lossy();
    let (name, number) = parts(&name);
    (name.to_owned(), Reverse(number.unwrap_or(0)))
}

fn is_of_lines(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    let (plain, _) = parts(&name);
    !name.starts_with('.') && ENDINGS.iter().any(|ending| plain.ends_with(ending))
}

/// The name without compression and number, and the number.
fn parts(name: &str) -> (&str, Option<u64>) {
    let name = [".gz", ".zst"].iter().find_map(|ending| name.strip_suffix(ending)).unwrap_or(name);
    match name.rsplit_once('.').map(|(before, number)| (before, number.parse())) {
        Some((before, Ok(number))) => (before, Some(number)),
        _ => (name, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_come_in_the_order_in_which_they_were_written() {
        let directory = tempfile::tempdir().expect("a directory");
        let names = [
            "a/events-20260101_000000.jsonl.gz",
            "a/events-20260102_000000.jsonl",
            "b/events.20260101T000000.000000001Z.jsonl.gz",
            "b/events.20260101T000000.000000002Z.jsonl",
            "b/events.jsonl",
            "c/events.jsonl.10",
            "c/events.jsonl.2.gz",
            "c/events.jsonl.1",
            "c/events.jsonl",
        ];
        for name in names.iter().rev().chain(&["c/notes.txt", "c/.events.jsonl", "c/.events.x.partial"]) {
            let path = directory.path().join(name);
            std::fs::create_dir_all(path.parent().expect("a directory")).expect("made");
            std::fs::write(path, "").expect("written");
        }
        let found: Vec<_> = below(directory.path()).map(|path| path.expect("readable")).collect();
        let expected: Vec<_> = names.iter().map(|name| directory.path().join(name)).collect();
        assert_eq!(found, expected);
    }
}
