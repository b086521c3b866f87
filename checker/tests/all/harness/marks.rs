//! Inline expectations: `//~ RULE` on the line a finding must have its primary span on.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// What a file expects, or what a run reported: path, line, rule.
pub(crate) type Found = BTreeSet<(PathBuf, usize, String)>;

/// Reads the marks of one file.
pub(crate) fn of_file(path: &Path) -> Found {
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let marked = text.lines().enumerate().filter_map(|(at, line)| Some((at + 1, line.split_once("//~ ")?.1)));
    let each =
        marked.flat_map(|(line, rules)| rules.split_whitespace().map(move |rule| (line, rule.to_owned())));
    each.map(|(line, rule)| (path.to_owned(), line, rule)).collect()
}

/// Every `.rs` file below `folder`, sorted.
pub(crate) fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in
            std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        {
            let path = entry.expect("a folder of the repository can be read").path();
            match path.extension() {
                _ if path.is_dir() => folders.push(path),
                Some(extension) if extension == "rs" => files.push(path),
                _ => {}
            }
        }
    }
    files.sort();
    files
}
