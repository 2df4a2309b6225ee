//! Files that are not as they should be.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use flowspan_jsonl::{AtEnd, Import, Imported};

use crate::support::{Kept, lines};

/// Imports these paths, and gives the numbers of the events, the counts and the problems.
fn import(paths: &[&Path]) -> (Vec<i64>, Imported, Vec<String>) {
    let (kept, mut problems) = (Kept::default(), Vec::new());
    let mut import = Import::new(&kept).on_problem(|problem| problems.push(problem.to_string()));
    paths.iter().for_each(|path| import.path(path, AtEnd::Finish));
    let imported = import.imported().clone();
    drop(import);
    (kept.numbers(), imported, problems)
}

fn compressed(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text).expect("memory");
    encoder.finish().expect("memory")
}

#[test]
fn a_bad_line_is_named_and_stops_nothing() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("x.jsonl");
    let mut text = b"\xef\xbb\xbf".to_vec();
    text.extend(lines([1]));
    text.extend(b"\0\0\0\n\xff\xfe\n{\"flowspan\":1}\n[]\n\r\n");
    let huge = format!("{{\"flowspan\":1,\"moment\":\"{}\"}}\n", "x".repeat(3 << 20));
    text.extend(huge.as_bytes());
    text.extend(lines([2]).strip_suffix(b"\n").expect("a line break"));
    text.extend(b"\r\n");
    text.extend(lines([3]).strip_suffix(b"\n").expect("a line break"));
    fs::write(&path, text).expect("written");
    let (numbers, imported, problems) = import(&[&path]);
    assert_eq!(numbers, [1, 2, 3], "the last line needs no line break");
    assert_eq!((imported.lines, imported.blank, imported.malformed), (9, 1, 5));
    let begins = |nth: usize| format!("{}:{nth}: ", path.display());
    for (problem, line) in problems.iter().zip([2, 3, 4, 5, 7]) {
        assert!(problem.starts_with(&begins(line)) && problem.len() < 4 << 20, "{problem:.200}");
    }
    assert_eq!(problems.len(), 5);
}

#[test]
fn a_text_of_megabytes_in_an_event_comes_through() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("x.jsonl");
    let text = "é\n\"".repeat(1 << 20);
    let event = crate::support::numbered(1).with(flowspan_model::Field::Reason, text.as_str());
    let mut line = Vec::new();
    flowspan_jsonl::write_line(&event, &mut line);
    fs::write(&path, &line).expect("written");
    let kept = Kept::default();
    Import::new(&kept).path(&path, AtEnd::Finish);
    assert_eq!(kept.events(), [event]);
}

#[test]
fn what_is_compressed_shows_in_its_bytes_and_not_in_its_name() {
    let directory = tempfile::tempdir().expect("a directory");
    let [plain, packed, joined] =
        ["a.jsonl.gz", "b.jsonl", "c.jsonl.gz"].map(|name| directory.path().join(name));
    fs::write(&plain, lines([1, 2])).expect("written");
    fs::write(&packed, compressed(&lines([3, 4]))).expect("written");
    fs::write(&joined, [compressed(&lines([5])), compressed(&lines([6]))].concat()).expect("written");
    let (numbers, imported, problems) = import(&[directory.path()]);
    assert_eq!(numbers, [1, 2, 3, 4, 5, 6]);
    assert_eq!((imported.files, problems.len()), (3, 0));
}

#[test]
fn compressed_data_that_ends_in_the_middle_gives_what_is_there() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("x.jsonl.gz");
    let all = compressed(&lines(0..20_000));
    fs::write(&path, &all[..all.len() / 2]).expect("written");
    let (numbers, imported, problems) = import(&[&path]);
    let read = i64::try_from(numbers.len()).expect("few");
    assert!(read > 1_000 && read < 20_000, "{read}");
    assert_eq!(numbers, (0..read).collect::<Vec<_>>());
    assert_eq!((imported.files_failed, imported.malformed, problems.len()), (1, 0, 1));
}

#[test]
fn a_file_that_is_there_twice_is_read_once() {
    let directory = tempfile::tempdir().expect("a directory");
    let plain = directory.path().join("x.jsonl");
    let text = lines(0..10);
    fs::write(&plain, &text).expect("written");
    fs::write(directory.path().join("y.jsonl.gz"), compressed(&text)).expect("written");
    fs::copy(&plain, directory.path().join("z.jsonl")).expect("copied");
    let (numbers, imported, _) = import(&[&plain, directory.path(), &plain]);
    assert_eq!(numbers, (0..10).collect::<Vec<_>>());
    assert_eq!((imported.files, imported.files_known), (1, 2));
}

#[test]
fn files_that_begin_with_the_same_short_line_are_different_files() {
    let directory = tempfile::tempdir().expect("a directory");
    for (name, numbers) in [("a.jsonl", [1, 2]), ("b.jsonl", [3, 4])] {
        fs::write(directory.path().join(name), [b"{}\n".to_vec(), lines(numbers)].concat()).expect("written");
    }
    let (numbers, imported, _) = import(&[directory.path()]);
    assert_eq!((numbers, imported.malformed), (vec![1, 2, 3, 4], 2));
}

#[cfg(unix)]
#[test]
fn pipes_directories_and_files_that_are_not_there_are_told_and_passed_over() {
    let directory = tempfile::tempdir().expect("a directory");
    let [pipe, good, missing] = ["p.jsonl", "x.jsonl", "m.jsonl"].map(|name| directory.path().join(name));
    let made = std::process::Command::new("mkfifo").arg(&pipe).status().expect("mkfifo");
    assert!(made.success());
    fs::create_dir(directory.path().join("d.jsonl")).expect("made");
    fs::write(&good, lines([1])).expect("written");
    let (numbers, imported, problems) = import(&[&missing, &pipe, directory.path()]);
    assert_eq!(numbers, [1]);
    assert_eq!(imported.files_failed, 2, "{problems:?}");
    assert!(problems[0].contains("m.jsonl: it cannot be read any further: No such file"), "{problems:?}");
    assert!(problems[1].ends_with("p.jsonl: it is no regular file"), "{problems:?}");
}

#[test]
fn unknown_types_are_counted_by_name_within_a_bound() {
    let text: String = (0..300)
        .map(|nth| {
            format!("{{\"timestamp\":\"2026-01-01T00:00:00Z\",\"event\":{{\"event_type\":\"new_{nth}\"}}}}\n")
        })
        .collect();
    let kept = Kept::default();
    let mut import = Import::new(&kept);
    import.stream(Path::new("log"), text.as_bytes());
    let imported = import.imported();
    assert_eq!((imported.unknown, imported.unknown_types.len()), (300, 101));
    assert_eq!(imported.unknown_types.values().sum::<u64>(), 300);
}
