//! The SQL speaks the language of the catalog.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use flowspan_model::{Field, Kind, Status};

/// All SQL of the crate, file by file.
fn sources() -> Vec<(String, String)> {
    ["sql", "migrations"]
        .iter()
        .flat_map(|directory| {
            fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(directory)).expect("a directory")
        })
        .map(|entry| {
            let path = entry.expect("a file").path();
            (path.display().to_string(), fs::read_to_string(&path).expect("a text"))
        })
        .collect()
}

/// The texts in single quotes that follow one of these openings, up to the end of the list.
fn quoted_after<'sql>(sql: &'sql str, opening: &str) -> BTreeSet<&'sql str> {
    sql.match_indices(opening)
        .flat_map(|(at, _)| {
            let rest = &sql[at + opening.len()..];
            let list = rest.split_once([')', '\n']).map_or(rest, |(list, _)| list);
            let is_list = opening.ends_with('(');
            list.split('\'').skip(1).step_by(2).take(if is_list { usize::MAX } else { 1 })
        })
        .collect()
}

#[test]
fn every_field_kind_and_status_in_the_sql_is_known_to_the_catalog() {
    let (mut fields, mut kinds) = (0, 0);
    for (file, sql) in sources() {
        for opening in ["fields ->> ", "fields -> "] {
            for key in quoted_after(&sql, opening) {
                assert!(Field::from_key(key).is_some(), "{file}: {key} is no field");
                fields += 1;
            }
        }
        for opening in ["kind = ", "kind IN ("] {
            for name in quoted_after(&sql, opening) {
                assert!(Kind::from_name(name).is_some(), "{file}: {name} is no kind");
                kinds += 1;
            }
        }
        for opening in [" status = ", " status IN (", " status <> "] {
            for name in quoted_after(&sql, opening) {
                assert!(name.parse::<Status>().is_ok(), "{file}: {name} is no status");
            }
        }
    }
    assert!(fields > 20 && kinds > 6, "the search finds them: {fields} fields, {kinds} kinds");
}
