//! What a workspace says of the checker in its own files: levels, models, packages with planted findings.
//!
//! `[checker]` in `locus.toml` and `[workspace.metadata.locus]` in the manifest hold the same keys:
//!
//! ```toml
//! [checker]
//! levels = { unbounded-growth = "deny", all = "warn" }
//! models = ["checker/ours.toml"]    # what foreign crates do, in the form of the models that ship
//! expected = ["leaky"]              # packages whose findings stand beside `//~ rule` marks
//! ```
//!
//! Everything is optional; an unknown key, rule or package is an error at its span.

use std::path::{Path, PathBuf};

use toml::de::{DeTable, DeValue};

use super::level::{Setting, find};
use super::{Level, Rule};
use crate::finding::{FileId, Span};
use crate::report::Diagnostic;
use crate::report::toml_file::{Entry, TomlFile, in_file_order};

/// Code of the diagnostics about these files.
const CODE: &str = "checker-config";

const KEYS: [&str; 3] = ["levels", "models", "expected"];

/// What the files say.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// Levels, those that name no single rule first.
    pub levels: Vec<Setting>,
    /// Model files, relative to the workspace's root.
    pub models: Vec<(PathBuf, Span)>,
    /// Packages whose findings are compared with marks.
    pub expected: Vec<(String, Span)>,
}

/// Where in a file the keys stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holder {
    /// `[checker]` in `locus.toml`, whose other tables are the runtime's.
    LocusToml,
    /// `[workspace.metadata.locus]` in the manifest.
    Manifest,
}

impl Holder {
    fn path(self) -> &'static [&'static str] {
        match self {
            Self::LocusToml => &["checker"],
            Self::Manifest => &["workspace", "metadata", "locus"],
        }
    }
}

impl Config {
    /// Adds what the text of `file` says, and returns every problem in it.
    pub fn read(
        &mut self,
        text: &str,
        file: FileId,
        holder: Holder,
        rules: &[&'static Rule],
    ) -> Vec<Diagnostic> {
        let mut reader = Reader { toml: TomlFile::new(file, CODE), rules };
        if let Some(table) = reader.toml.parse(text)
            && let Some(table) = reader.table(table.get_ref(), holder.path())
        {
            reader.config(table, self);
        }
        reader.toml.problems
    }

    /// Problems with packages that are not among `known`.
    pub fn unknown_packages(&self, known: &[&str]) -> Vec<Diagnostic> {
        let mut problems = Vec::new();
        for (name, span) in self.expected.iter().filter(|(name, _)| !known.contains(&name.as_str())) {
            let mut toml = TomlFile::new(span.file, CODE);
            toml.unknown(span.start as usize..span.end as usize, "package", name, known);
            problems.append(&mut toml.problems);
        }
        problems
    }
}

struct Reader<'r> {
    toml: TomlFile,
    rules: &'r [&'static Rule],
}

impl Reader<'_> {
    /// The table at `path`, where there is one.
    fn table<'t, 'i>(&mut self, table: &'t DeTable<'i>, path: &[&str]) -> Option<&'t DeTable<'i>> {
        let Some((name, rest)) = path.split_first() else { return Some(table) };
        let (_, value) = table.iter().find(|(key, _)| key.get_ref() == name)?;
        match value.get_ref() {
            DeValue::Table(inner) => self.table(inner, rest),
            other => {
                self.toml.wrong_type(value.span(), name, "a table", other);
                None
            }
        }
    }

    fn config(&mut self, table: &DeTable<'_>, config: &mut Config) {
        for (key, value) in in_file_order(table) {
            match (key.get_ref().as_ref(), value.get_ref()) {
                ("levels", DeValue::Table(levels)) => self.levels(levels, &mut config.levels),
                ("levels", other) => self.toml.wrong_type(value.span(), "levels", "a table of rules", other),
                ("models", _) => {
                    let paths = self.strings((key, value));
                    config
                        .models
                        .extend(paths.into_iter().map(|(path, span)| (Path::new(&path).to_owned(), span)));
                }
                ("expected", _) => {
                    let packages = self.strings((key, value));
                    config.expected.extend(packages);
                }
                (name, _) => self.toml.unknown(key.span(), "key", name, &KEYS),
            }
        }
    }

    /// `all` and `likely` stand before the rules they would otherwise undo: a table has no order.
    fn levels(&mut self, table: &DeTable<'_>, levels: &mut Vec<Setting>) {
        let (mut broad, mut single) = (Vec::new(), Vec::new());
        for (key, value) in in_file_order(table) {
            let name = key.get_ref().as_ref();
            let level = match value.get_ref() {
                DeValue::String(word) => match Level::find(word) {
                    Some(level) => level,
                    None => {
                        self.toml.unknown(value.span(), "level", word, &["allow", "warn", "deny"]);
                        continue;
                    }
                },
                other => {
                    self.toml.wrong_type(value.span(), name, "a level", other);
                    continue;
                }
            };
            if ["all", "likely"].contains(&name) {
                broad.push(Setting { level, rule: name.to_owned() });
                continue;
            }
            match find(name, self.rules) {
                Ok(rule) => single.push(Setting { level, rule: rule.name.to_owned() }),
                Err(_) => {
                    let names: Vec<&str> = self.rules.iter().map(|rule| rule.name).collect();
                    self.toml.unknown(key.span(), "rule", name, &names);
                }
            }
        }
        levels.append(&mut broad);
        levels.append(&mut single);
    }

    fn strings(&mut self, (key, value): Entry<'_, '_>) -> Vec<(String, Span)> {
        let name = key.get_ref().as_ref();
        let DeValue::Array(items) = value.get_ref() else {
            self.toml.wrong_type(value.span(), name, "an array of strings", value.get_ref());
            return Vec::new();
        };
        let mut strings = Vec::new();
        for item in items {
            match item.get_ref() {
                DeValue::String(text) => strings.push((text.to_string(), self.toml.span(item.span()))),
                other => self.toml.wrong_type(item.span(), name, "an array of strings", other),
            }
        }
        strings
    }
}

#[cfg(test)]
mod tests {
    use super::{Config, Holder, Level};
    use crate::finding::FileId;
    use crate::rule::Rule;
    use crate::rule::level::Levels;

    static GROWTH: Rule =
        Rule { name: "unbounded-growth", summary: "", level: Level::Warn, since: "", shapes: &[], doc: "" };
    static LEAK: Rule = Rule { name: "resource-leak", ..GROWTH };
    static RULES: &[&Rule] = &[&GROWTH, &LEAK];

    fn read(text: &str, holder: Holder) -> (Config, Vec<String>) {
        let mut config = Config::default();
        let problems = config.read(text, FileId(0), holder, RULES);
        let said = problems.iter().map(|problem| {
            let span = problem.primary.as_ref().unwrap().span;
            let help = problem.help.clone().unwrap_or_default();
            format!("{} @ {} | {help}", problem.message, &text[span.start as usize..span.end as usize])
        });
        (config, said.collect())
    }

    #[test]
    fn a_rule_s_own_level_wins_wherever_it_stands() {
        let text = "[limits]\nx = 1\n[checker]\nlevels = { resource_leak = \"allow\", all = \"deny\" }\nexpected = [\"leaky\"]\n";
        let (config, problems) = read(text, Holder::LocusToml);
        assert!(problems.is_empty(), "{problems:?}");
        let levels = Levels::new(config.levels, RULES).unwrap();
        assert_eq!((levels.of(&GROWTH), levels.of(&LEAK)), (Level::Deny, Level::Allow));
        assert_eq!(config.expected[0].0, "leaky");
        let (config, _) = read("[workspace.metadata.locus]\nmodels = [\"m.toml\"]\n", Holder::Manifest);
        assert_eq!(config.models[0].0.to_str(), Some("m.toml"));
        assert!(read("[package]\nname = \"x\"\n", Holder::Manifest).1.is_empty());
    }

    #[test]
    fn every_problem_is_reported_with_its_neighbour() {
        let text = "[checker]\nlevel = 1\nmodels = \"m\"\n[checker.levels]\nresource-lek = \"deny\"\nunbounded-growth = \"denny\"\n";
        assert_eq!(
            read(text, Holder::LocusToml).1,
            [
                "unknown key `level` @ level | did you mean `levels`?",
                "`models` must be an array of strings @ \"m\" | ",
                "unknown rule `resource-lek` @ resource-lek | did you mean `resource-leak`?",
                "unknown level `denny` @ \"denny\" | did you mean `deny`?"
            ]
        );
        let (config, _) = read("[checker]\nexpected = [\"leeky\"]\n", Holder::LocusToml);
        let problem = &config.unknown_packages(&["leaky", "chat"])[0];
        assert_eq!(problem.help.as_deref(), Some("did you mean `leaky`?"));
    }
}
