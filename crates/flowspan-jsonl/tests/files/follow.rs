//! Files that grow, are renamed, compressed and cut off while they are read.

use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use flowspan_jsonl::{AtEnd, Import};
use proptest::prelude::*;

use crate::support::{Kept, lines};

fn append(path: &Path, text: &[u8]) {
    let mut file = OpenOptions::new().append(true).create(true).open(path).expect("opened");
    file.write_all(text).expect("written");
}

fn compress(path: &Path) -> PathBuf {
    let packed = PathBuf::from(format!("{}.gz", path.display()));
    let mut encoder = GzEncoder::new(File::create(&packed).expect("made"), Compression::fast());
    std::io::copy(&mut File::open(path).expect("there"), &mut encoder).expect("copied");
    encoder.finish().expect("written");
    fs::remove_file(path).expect("removed");
    packed
}

#[test]
fn a_line_is_read_when_it_is_complete() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("x.jsonl");
    let kept = Kept::default();
    let mut import = Import::new(&kept);
    import.path(&path, AtEnd::Wait);
    assert_eq!(import.imported().files_failed, 0, "it may come");
    let text = lines([1, 2]);
    for byte in &text {
        append(&path, &[*byte]);
        import.path(&path, AtEnd::Wait);
    }
    assert_eq!(kept.numbers(), [1, 2]);
    assert_eq!((import.imported().lines, import.imported().malformed), (2, 0));
}

#[test]
fn what_is_cut_off_begins_anew() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("x.jsonl");
    let kept = Kept::default();
    let mut import = Import::new(&kept);
    append(&path, &lines([1, 2, 3]));
    import.path(&path, AtEnd::Wait);
    File::create(&path).expect("cut off");
    import.path(&path, AtEnd::Wait);
    // Longer than what was there, before anybody looked.
    append(&path, &lines(4..12));
    import.path(&path, AtEnd::Wait);
    assert_eq!(kept.numbers(), (1..12).collect::<Vec<_>>());
}

/// What happens to a file that is followed.
#[derive(Clone, Debug)]
enum Act {
    Append(i64),
    /// Half of a line now, the other half after this act.
    AppendInTwo,
    Rename,
    RenameAndCompress,
    Look,
    /// The one who follows ends, and another goes on.
    Restart,
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let act = prop_oneof![
        4 => (1_i64..20).prop_map(Act::Append),
        1 => Just(Act::AppendInTwo),
        1 => Just(Act::Rename),
        1 => Just(Act::RenameAndCompress),
        4 => Just(Act::Look),
        1 => Just(Act::Restart),
    ];
    prop::collection::vec(act, 1..40)
}

fn every_event_comes_once(acts: &[Act], follows_directory: bool) -> Result<(), TestCaseError> {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("x.jsonl");
    let positions = directory.path().join("positions");
    let root = if follows_directory { directory.path() } else { &path };
    let kept = Kept::default();
    let mut import = Import::new(&kept);
    let (mut number, mut renamed) = (0, 0);
    // A file that comes and goes between two looks is seen by those alone who follow its directory.
    let mut may_rename = false;
    for act in acts {
        match act {
            Act::Append(many) => {
                append(&path, &lines(number..number + many));
                number += many;
            }
            Act::AppendInTwo => {
                let line = lines([number]);
                append(&path, &line[..line.len() / 2]);
                import.path(root, AtEnd::Wait);
                append(&path, &line[line.len() / 2..]);
                number += 1;
            }
            Act::Rename | Act::RenameAndCompress if path.exists() && (follows_directory || may_rename) => {
                renamed += 1;
                let away = directory.path().join(format!("x.{renamed:04}.jsonl"));
                fs::rename(&path, &away).expect("renamed");
                if matches!(act, Act::RenameAndCompress) {
                    compress(&away);
                }
                may_rename = false;
            }
            Act::Rename | Act::RenameAndCompress => {}
            Act::Look => {
                import.path(root, AtEnd::Wait);
                may_rename = path.exists();
            }
            Act::Restart => {
                import.save(&positions).expect("saved");
                import = Import::new(&kept).resume(&positions).expect("resumed");
            }
        }
    }
    // So that what came last is begun.
    append(&path, &lines([number]));
    import.path(root, AtEnd::Wait);
    import.path(root, AtEnd::Finish);
    prop_assert_eq!(kept.numbers(), (0..=number).collect::<Vec<_>>());
    prop_assert_eq!((import.imported().malformed, import.imported().files_failed), (0, 0));
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn a_file_that_is_followed_loses_nothing_and_repeats_nothing(acts in acts()) {
        every_event_comes_once(&acts, false)?;
    }

    #[test]
    fn a_directory_that_is_followed_loses_nothing_and_repeats_nothing(acts in acts()) {
        every_event_comes_once(&acts, true)?;
    }
}

#[test]
fn positions_of_a_newer_form_are_refused() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("positions");
    let kept = Kept::default();
    Import::new(&kept).save(&path).expect("saved");
    assert!(Import::new(&kept).resume(&path).is_ok());
    fs::write(&path, r#"{"version":2,"files":{}}"#).expect("written");
    let error = Import::new(&kept).resume(&path).expect_err("newer").to_string();
    assert!(error.contains("version 2"), "{error}");
    fs::write(&path, "no JSON").expect("written");
    assert!(Import::new(&kept).resume(&path).is_err());
}
