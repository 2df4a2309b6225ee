//! Which files there are to audit.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use ignore::WalkBuilder;
use thiserror::Error;

/// The largest file that is sent to a model, in bytes.
pub const MAX_BYTES: u64 = 128 * 1024;
/// How much of a file is looked at to tell text from other data, as git does.
const SNIFFED: u64 = 8 * 1024;

/// The files to audit, in a stable order, and what was left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The directory that the paths are relative to, as an absolute path.
    pub root: PathBuf,
    /// The files, relative to the root.
    pub files: Vec<PathBuf>,
    /// What was left out.
    pub skipped: Skipped,
}

impl Plan {
    /// The absolute path of one of the files.
    pub fn absolute(&self, file: &Path) -> PathBuf {
        self.root.join(file)
    }
}

/// How many files were left out, by reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Skipped {
    /// Files that are no text.
    pub binary: usize,
    /// Files larger than [`MAX_BYTES`].
    pub too_large: usize,
    /// Files without content.
    pub empty: usize,
}

/// Why there is nothing to audit.
#[derive(Debug, Error)]
pub enum PlanError {
    /// The path is not there or not accessible.
    #[error("cannot open {}; give an existing file or directory", path.display())]
    Path {
        /// What was given.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// The path is empty.
    #[error("the path is empty; give a file or a directory, or leave it out for the current one")]
    Empty,
    /// There is a directory, but nothing in it that could be audited.
    #[error(
        "no readable text file in {} (left out: {} binary, {} over {} KiB, {} empty, {unreadable} unreadable); give a directory with source files",
        path.display(), skipped.binary, skipped.too_large, MAX_BYTES / 1024, skipped.empty
    )]
    NothingToAudit {
        /// What was given.
        path: PathBuf,
        /// What was left out.
        skipped: Skipped,
        /// Files that cannot be opened.
        unreadable: usize,
    },
}

/// Lists the text files under a path, without hidden files and those that `.gitignore` names.
///
/// Files that cannot be opened are listed, so that their failure becomes visible as an item.
///
/// # Errors
/// When the path cannot be opened, or no file under it can be read.
pub fn plan(path: &Path) -> Result<Plan, PlanError> {
    if path.as_os_str().is_empty() {
        return Err(PlanError::Empty);
    }
    let start = path.canonicalize().map_err(|source| PlanError::Path { path: path.to_owned(), source })?;
    let root = match start.parent() {
        Some(parent) if start.is_file() => parent.to_owned(),
        _ => start.clone(),
    };
    let mut plan = Plan { root, files: Vec::new(), skipped: Skipped::default() };
    let mut unreadable = 0;
    let walk = WalkBuilder::new(&start).require_git(false).sort_by_file_path(Path::cmp).build();
    // An entry that cannot be read, such as a closed directory, hides files that nobody can name.
    for entry in walk.flatten().filter(|entry| entry.file_type().is_some_and(|kind| kind.is_file())) {
        match look(entry.path()) {
            Ok(Content::Text) => {}
            Err(_) => unreadable += 1,
            Ok(Content::Binary) => {
                plan.skipped.binary += 1;
                continue;
            }
            Ok(Content::TooLarge) => {
                plan.skipped.too_large += 1;
                continue;
            }
            Ok(Content::Nothing) => {
                plan.skipped.empty += 1;
                continue;
            }
        }
        let relative = entry.path().strip_prefix(&plan.root).unwrap_or(entry.path());
        plan.files.push(relative.to_owned());
    }
    if plan.files.len() == unreadable {
        return Err(PlanError::NothingToAudit { path: path.to_owned(), skipped: plan.skipped, unreadable });
    }
    Ok(plan)
}

enum Content {
    Text,
    Binary,
    TooLarge,
    Nothing,
}

fn look(path: &Path) -> io::Result<Content> {
    let file = File::open(path)?;
    let bytes = file.metadata()?.len();
    if bytes == 0 {
        return Ok(Content::Nothing);
    }
    if bytes > MAX_BYTES {
        return Ok(Content::TooLarge);
    }
    let mut start = Vec::new();
    file.take(SNIFFED).read_to_end(&mut start)?;
    Ok(if start.contains(&0) { Content::Binary } else { Content::Text })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn tree(files: &[(&str, &[u8])]) -> tempfile::TempDir {
        let directory = tempfile::tempdir().expect("a temporary directory");
        for (name, content) in files {
            let path = directory.path().join(name);
            fs::create_dir_all(path.parent().expect("a parent")).expect("created");
            fs::write(path, content).expect("written");
        }
        directory
    }

    fn names(plan: &Plan) -> Vec<String> {
        plan.files.iter().map(|path| path.to_string_lossy().into_owned()).collect()
    }

    #[test]
    fn text_files_are_listed_in_a_stable_order_and_others_counted() {
        let large = vec![b'x'; MAX_BYTES as usize + 1];
        let directory = tree(&[
            ("b.rs", b"fn b() {}"),
            ("a/z.md", b"# z"),
            ("image.png", b"\x89PNG\0\0"),
            ("empty", b""),
            ("large.txt", &large),
            ("latin1.txt", b"gr\xfc\xdfe"),
        ]);
        let plan = plan(directory.path()).expect("files");
        assert_eq!(names(&plan), ["a/z.md", "b.rs", "latin1.txt"]);
        assert_eq!(plan.skipped, Skipped { binary: 1, too_large: 1, empty: 1 });
    }

    #[test]
    fn ignored_and_hidden_files_are_left_out() {
        let directory =
            tree(&[(".gitignore", b"target\n"), ("target/x.rs", b"x"), (".env", b"x"), ("y.rs", b"y")]);
        assert_eq!(names(&plan(directory.path()).expect("files")), ["y.rs"]);
    }

    #[test]
    fn a_single_file_is_a_plan_of_its_own() {
        let directory = tree(&[("a.rs", b"a"), ("b.rs", b"b")]);
        assert_eq!(names(&plan(&directory.path().join("b.rs")).expect("a file")), ["b.rs"]);
    }

    #[test]
    fn a_missing_path_is_named() {
        let error = plan(Path::new("/no/such/place")).expect_err("missing");
        assert!(error.to_string().contains("/no/such/place"), "{error}");
        assert!(matches!(plan(Path::new("")), Err(PlanError::Empty)));
    }

    #[test]
    fn a_directory_without_text_says_what_was_left_out() {
        let directory = tree(&[("a.bin", b"\0"), ("b", b"")]);
        let error = plan(directory.path()).expect_err("nothing to audit");
        assert!(error.to_string().contains("1 binary") && error.to_string().contains("1 empty"), "{error}");
    }
}
