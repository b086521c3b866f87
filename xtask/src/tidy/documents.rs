//! What the documents say about the code is true: modules, commands, environment variables.

use std::collections::BTreeSet;

use toml::Table;

use super::{File, Problem, Tree};
use crate::COMMANDS;

const MAP: &str = "ARCHITECTURE.md";

/// How the names of our environment variables begin.
const PREFIXES: [&str; 2] = ["LOCUS_", "LOTUS_"];

/// Every top-level module of a crate is named, in backticks, in that crate's section of the code map.
pub(super) fn modules_named(tree: &Tree, problems: &mut Vec<Problem>) {
    let Some(map) = tree.file(MAP) else {
        return problems.push(Problem { path: MAP.to_owned(), line: 0, message: "is missing".to_owned() });
    };
    for file in tree.with_suffix(".rs") {
        let Some((package, module)) = top_level_module(&file.path) else { continue };
        let named = section(&map.text, package).is_some_and(|text| text.contains(&format!("`{module}`")));
        if !named {
            problems
                .push(map.problem(0, format!("section `{package}/` does not name the module `{module}`")));
        }
    }
}

/// Commands in documents exist: `cargo xtask ..`, `cargo ALIAS`, `--example ..`.
pub(super) fn commands_true(tree: &Tree, problems: &mut Vec<Problem>) {
    let examples = examples(tree);
    let aliases = aliases(tree);
    for file in tree.with_suffix(".md") {
        for (line, text) in file.lines() {
            let wrong = after(text, "cargo xtask ")
                .filter(|name| !COMMANDS.iter().any(|row| row.name == *name))
                .map(|name| format!("`cargo xtask {name}` is no command"));
            let unknown = after(text, "--example ")
                .filter(|name| !examples.contains(*name))
                .map(|name| format!("there is no example `{name}`"));
            let unaliased = after(text, "cargo ")
                .filter(|name| name.starts_with("locus-") && !aliases.contains(*name))
                .map(|name| format!("`cargo {name}` is no alias"));
            problems.extend(wrong.chain(unknown).chain(unaliased).map(|message| file.problem(line, message)));
        }
    }
}

/// Environment variables named in documents are read by some code, which spells them with the prefix or, where it
/// tries several prefixes, without.
pub(super) fn variables_true(tree: &Tree, problems: &mut Vec<Problem>) {
    let sources: Vec<&File> = tree.with_suffix(".rs").filter(|file| file.path.contains("/src/")).collect();
    let is_read = |name: &str| {
        let bare = PREFIXES.iter().find_map(|prefix| name.strip_prefix(prefix)).unwrap_or(name);
        let spelt = [format!("\"{name}\""), format!("\"{bare}\"")];
        sources.iter().any(|file| spelt.iter().any(|literal| file.text.contains(literal)))
    };
    for file in tree.with_suffix(".md") {
        for (line, text) in file.lines() {
            let unread = variables(text).filter(|name| !is_read(name));
            problems.extend(unread.map(|name| file.problem(line, format!("no code reads `{name}`"))));
        }
    }
}

/// `runtime/src/bus.rs` is the module `bus` of `runtime`.
fn top_level_module(path: &str) -> Option<(&str, &str)> {
    let (package, inside) = path.strip_suffix(".rs")?.split_once("/src/")?;
    (!inside.contains('/') && !matches!(inside, "lib" | "main")).then_some((package, inside))
}

/// The text below a heading that names `package/` in backticks, up to the next heading of any level.
fn section<'t>(text: &'t str, package: &str) -> Option<&'t str> {
    let mut start = None;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        if line.starts_with('#') {
            match start {
                Some(start) => return Some(&text[start..at]),
                None if line.contains(&format!("`{package}/`")) => start = Some(at),
                None => {}
            }
        }
        at += line.len();
    }
    start.map(|start| &text[start..])
}

/// The words that follow `mark` in `text`, without what ends a word in prose.
fn after<'t>(text: &'t str, mark: &'t str) -> impl Iterator<Item = &'t str> {
    text.match_indices(mark).filter_map(move |(at, _)| {
        let rest = &text[at + mark.len()..];
        let end = rest
            .find(|next: char| !next.is_alphanumeric() && !matches!(next, '_' | '-'))
            .unwrap_or(rest.len());
        (end > 0).then_some(&rest[..end])
    })
}

/// Names of examples: declared in a manifest, or found by cargo from where they stand.
fn examples(tree: &Tree) -> BTreeSet<String> {
    let declared = tree.with_suffix("Cargo.toml").filter_map(parse).flat_map(|manifest| {
        let list = manifest.get("example").and_then(toml::Value::as_array).cloned().unwrap_or_default();
        list.into_iter().filter_map(|entry| entry.get("name")?.as_str().map(str::to_owned))
    });
    let standing = tree.with_suffix(".rs").filter_map(|file| {
        let (_, inside) = file.path.strip_suffix(".rs")?.rsplit_once("examples/")?;
        Some(inside.strip_suffix("/main").unwrap_or(inside).to_owned())
    });
    declared.chain(standing).collect()
}

fn aliases(tree: &Tree) -> BTreeSet<String> {
    let config = tree.file(".cargo/config.toml").and_then(parse).unwrap_or_default();
    let aliases = config.get("alias").and_then(toml::Value::as_table).cloned().unwrap_or_default();
    aliases.into_iter().map(|(name, _)| name).collect()
}

fn parse(file: &File) -> Option<Table> {
    file.text.parse().ok()
}

/// Whole names of our environment variables in `text`.
fn variables(text: &str) -> impl Iterator<Item = &str> {
    text.split(|next: char| !next.is_ascii_uppercase() && !next.is_ascii_digit() && next != '_')
        .filter(|word| PREFIXES.iter().any(|prefix| word.len() > prefix.len() && word.starts_with(prefix)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::testing::said;

    #[test]
    fn a_module_must_stand_in_the_section_of_its_crate() {
        let map = "# Map\n### `runtime/`\n`bus`\n### `checker/`\n`names`\n";
        let files = [
            (MAP, map),
            ("runtime/src/bus.rs", ""),
            ("runtime/src/names.rs", ""),
            ("runtime/src/bus/lane.rs", ""),
        ];
        assert_eq!(
            said(modules_named, &files),
            ["ARCHITECTURE.md: section `runtime/` does not name the module `names`"]
        );
        assert!(said(modules_named, &[(MAP, map), ("checker/src/names.rs", "")]).is_empty());
    }

    #[test]
    fn commands_in_documents_exist() {
        let readme = "    cargo run --release --example chat\n`cargo xtask test`, `cargo xtask fly`, --example nope, cargo locus-check\n";
        let config = "[alias]\nlocus-check = \"run\"\n";
        let files =
            [("README.md", readme), ("examples/examples/chat/main.rs", ""), (".cargo/config.toml", config)];
        let said = said(commands_true, &files);
        assert_eq!(
            said,
            ["README.md:2: `cargo xtask fly` is no command", "README.md:2: there is no example `nope`"]
        );
    }

    #[test]
    fn an_example_may_be_declared_in_a_manifest() {
        let manifest = "[[example]]\nname = \"chat\"\npath = \"chat/main.rs\"\n";
        assert!(
            said(commands_true, &[("README.md", "--example chat\n"), ("examples/Cargo.toml", manifest)])
                .is_empty()
        );
    }

    #[test]
    fn an_alias_must_be_configured() {
        assert_eq!(said(commands_true, &[("README.md", "cargo locus-check\n")]).len(), 1);
    }

    #[test]
    fn variables_in_documents_are_read_somewhere() {
        let code = ("runtime/src/watch.rs", "const V: [&str; 2] = [\"LOCUS_PLACEMENT\", \"START\"];");
        let said = said(
            variables_true,
            &[code, ("docs/d.md", "LOCUS_PLACEMENT=1, LOTUS_START\n`LOCUS_MISSPELT`\n")],
        );
        assert_eq!(said, ["docs/d.md:2: no code reads `LOCUS_MISSPELT`"]);
    }
}
