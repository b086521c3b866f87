//! Where files stand: `foo.rs` beside `foo/`, directories a reader can survey, no file that nothing refers to.

use std::collections::{BTreeMap, BTreeSet};

use super::code::without_comments;
use super::{Problem, Tree};

/// More entries than this are not seen at a glance.
const DIRECTORY_ENTRIES_MAX: usize = 20;

/// Directories of one kind of thing, where many entries do no harm.
const WIDE_DIRECTORIES: [&str; 3] = ["rules", "fixtures", "tests"];

pub(super) fn module_files(tree: &Tree, problems: &mut Vec<Problem>) {
    for file in tree.with_suffix(".rs") {
        if file.path.rsplit('/').next() == Some("mod.rs") {
            problems.push(file.problem(0, "write `foo.rs` beside `foo/`, not `foo/mod.rs`"));
        }
    }
}

/// The root is exempt: most of its files stand there because some tool looks there.
pub(super) fn crowded_directories(tree: &Tree, problems: &mut Vec<Problem>) {
    let mut entries: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for file in &tree.files {
        let parts: Vec<&str> = file.path.split('/').collect();
        for depth in 1..parts.len() {
            // A module and its directory, `foo.rs` and `foo/`, are one entry to whoever looks.
            let entry = parts[depth].strip_suffix(".rs").unwrap_or(parts[depth]);
            entries.entry(parts[..depth].join("/")).or_default().insert(entry);
        }
    }
    for (directory, entries) in entries {
        let wide = directory.split('/').any(|part| WIDE_DIRECTORIES.contains(&part));
        if !wide && entries.len() > DIRECTORY_ENTRIES_MAX {
            let message = format!("{} entries, limit {DIRECTORY_ENTRIES_MAX}", entries.len());
            problems.push(Problem { path: directory, line: 0, message });
        }
    }
}

/// A file below `src` that is no root of a target must be declared by the module above it.
pub(super) fn orphan_modules(tree: &Tree, problems: &mut Vec<Problem>) {
    for file in tree.with_suffix(".rs") {
        let Some((directory, module)) = module_of(&file.path) else { continue };
        let declared = parents_of(&directory)
            .iter()
            .filter_map(|parent| tree.file(parent))
            .any(|parent| declares(&without_comments(&parent.text), &module));
        if !declared {
            problems.push(file.problem(0, format!("no `mod {module};` refers to this file")));
        }
    }
}

/// The directory and module name of a path below `src`; `None` for what is the root of a target.
fn module_of(path: &str) -> Option<(String, String)> {
    let (directory, name) = path.strip_suffix(".rs")?.rsplit_once('/')?;
    let inside = directory.split('/').skip_while(|part| *part != "src").nth(1);
    let in_src = directory.split('/').any(|part| part == "src");
    let is_root = matches!(name, "lib" | "main") || inside == Some("bin");
    (in_src && !is_root).then(|| (directory.to_owned(), name.to_owned()))
}

/// Files that may declare a module in `directory`.
fn parents_of(directory: &str) -> Vec<String> {
    if directory.ends_with("/src") || directory == "src" {
        vec![format!("{directory}/lib.rs"), format!("{directory}/main.rs")]
    } else {
        vec![format!("{directory}.rs")]
    }
}

fn declares(code: &str, module: &str) -> bool {
    code.match_indices("mod ").any(|(at, found)| {
        let after = code[at + found.len()..].trim_start();
        after.strip_prefix(module).is_some_and(|rest| rest.trim_start().starts_with(';'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::testing::said;

    #[test]
    fn mod_rs_is_refused() {
        assert_eq!(said(module_files, &[("a/src/x/mod.rs", "")]).len(), 1);
        assert!(said(module_files, &[("a/src/x/model.rs", "")]).is_empty());
    }

    #[test]
    fn the_twenty_first_entry_is_one_too_many() {
        let paths: Vec<String> = (0..21).map(|n| format!("a/src/f{n}.rs")).collect();
        let files: Vec<(&str, &str)> = paths.iter().map(|path| (path.as_str(), "")).collect();
        assert!(said(crowded_directories, &files[..20]).is_empty());
        assert_eq!(said(crowded_directories, &files), ["a/src: 21 entries, limit 20"]);
        let mut with_directory = files[..20].to_vec();
        with_directory.push(("a/src/f0/inner.rs", ""));
        assert!(said(crowded_directories, &with_directory).is_empty());
    }

    #[test]
    fn rules_fixtures_and_tests_may_be_wide() {
        let paths: Vec<String> = (0..30).map(|n| format!("a/src/rules/f{n}.rs")).collect();
        let files: Vec<(&str, &str)> = paths.iter().map(|path| (path.as_str(), "")).collect();
        assert!(said(crowded_directories, &files).is_empty());
    }

    #[test]
    fn a_file_nobody_declares_is_an_orphan() {
        let root = ("a/src/lib.rs", "mod x;\n// mod y;\npub(crate) mod z ;");
        let files = [
            root,
            ("a/src/x.rs", "mod inner;"),
            ("a/src/y.rs", ""),
            ("a/src/z.rs", ""),
            ("a/src/x/inner.rs", ""),
        ];
        assert_eq!(said(orphan_modules, &files), ["a/src/y.rs: no `mod y;` refers to this file"]);
    }

    #[test]
    fn roots_of_targets_need_no_declaration() {
        assert!(
            said(orphan_modules, &[("a/src/main.rs", ""), ("a/src/bin/b.rs", ""), ("a/tests/t.rs", "")])
                .is_empty()
        );
    }
}
