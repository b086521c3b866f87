//! The ceilings file: TOML with spans in, valid ceilings or every problem out.
//!
//! All keys are optional. A key that is not known, a value that is no whole number and a negative number
//! are errors, each at its own span; none hides another.

use locus_syntax::nearest;
use toml::de::{DeInteger, DeTable, DeValue};

use super::Key;
use crate::finding::{FileId, Label, Span};
use crate::report::Diagnostic;
use crate::report::toml_file::{Entry, TomlFile, in_file_order};

/// Code of the diagnostics about the file itself.
const CODE: &str = "budget-file";

/// One ceiling as written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ceiling {
    /// Most that is allowed.
    pub max: u64,
    /// The number.
    pub span: Span,
}

/// The ceilings of one table; a missing key has none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ceilings(Vec<(Key, Ceiling)>);

impl Ceilings {
    /// The ceiling of `key`.
    pub fn get(&self, key: Key) -> Option<Ceiling> {
        self.0.iter().find(|(held, _)| *held == key).map(|(_, ceiling)| *ceiling)
    }
}

/// A whole file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Budget {
    general: Ceilings,
    binaries: Vec<(String, Span, Ceilings)>,
}

impl Budget {
    /// The ceiling of `key` for the binary called `binary`: its own table's, else the general one.
    pub fn ceiling(&self, binary: &str, key: Key) -> Option<Ceiling> {
        let own = self.binaries.iter().find(|(name, ..)| name == binary);
        own.and_then(|(.., ceilings)| ceilings.get(key)).or_else(|| self.general.get(key))
    }

    /// Problems with tables for binaries that are not among `known`.
    pub fn unknown_binaries(&self, known: &[&str]) -> Vec<Diagnostic> {
        let unknown = self.binaries.iter().filter(|(name, ..)| !known.contains(&name.as_str()));
        unknown
            .map(|(name, span, _)| {
                let help = match nearest(name, known.iter().copied()) {
                    Some(nearest) => format!("did you mean `{nearest}`?"),
                    None => format!("the binaries are: {}", or_none(known)),
                };
                Diagnostic::error(
                    CODE,
                    format!("no binary is called `{name}`"),
                    Some(Label::new(*span, "not a binary target")),
                )
                .help(help)
            })
            .collect()
    }
}

fn or_none(names: &[&str]) -> String {
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

/// Reads the text of a ceilings file.
///
/// The budget holds everything that was understood; it is to be used only when there are no problems.
pub fn parse(text: &str, file: FileId) -> (Budget, Vec<Diagnostic>) {
    let mut reader = Reader { toml: TomlFile::new(file, CODE) };
    let budget = reader.toml.parse(text).map(|table| reader.budget(table.get_ref())).unwrap_or_default();
    (budget, reader.toml.problems)
}

struct Reader {
    toml: TomlFile,
}

impl Reader {
    fn budget(&mut self, table: &DeTable<'_>) -> Budget {
        let mut budget = Budget::default();
        for (key, value) in in_file_order(table) {
            match (key.get_ref().as_ref(), value.get_ref()) {
                ("bin", DeValue::Table(binaries)) => budget.binaries = self.binaries(binaries),
                ("bin", other) => self.toml.wrong_type(value.span(), "bin", "a table of binaries", other),
                _ => self.ceiling((key, value), &["bin"], &mut budget.general),
            }
        }
        budget
    }

    fn binaries(&mut self, table: &DeTable<'_>) -> Vec<(String, Span, Ceilings)> {
        let mut binaries = Vec::new();
        for (name, value) in in_file_order(table) {
            let DeValue::Table(entries) = value.get_ref() else {
                self.toml.wrong_type(value.span(), name.get_ref(), "a table of ceilings", value.get_ref());
                continue;
            };
            let mut ceilings = Ceilings::default();
            for entry in in_file_order(entries) {
                self.ceiling(entry, &[], &mut ceilings);
            }
            binaries.push((name.get_ref().to_string(), self.toml.span(name.span()), ceilings));
        }
        binaries
    }

    fn ceiling(&mut self, (key, value): Entry<'_, '_>, also_known: &[&str], ceilings: &mut Ceilings) {
        let name = key.get_ref().as_ref();
        let Some(known) = Key::find(name) else {
            let keys = Key::ALL.iter().map(|key| key.as_str()).chain(also_known.iter().copied());
            return self.toml.unknown(key.span(), "key", name, &keys.collect::<Vec<_>>());
        };
        let DeValue::Integer(number) = value.get_ref() else {
            return self.toml.wrong_type(value.span(), name, "a whole number", value.get_ref());
        };
        match whole_number(number) {
            Some(number) if number < 0 => {
                let message = format!("`{name}` must not be negative");
                self.toml.report(value.span(), message, "a ceiling is 0 or more", None);
            }
            Some(number) if number <= i128::from(u64::MAX) => {
                let max = u64::try_from(number).expect("the arms above leave 0 to u64::MAX");
                ceilings.0.push((known, Ceiling { max, span: self.toml.span(value.span()) }));
            }
            _ => {
                self.toml.report(value.span(), format!("`{name}` is too large"), "does not fit 64 bits", None)
            }
        }
    }
}

/// The value of a TOML integer; `None` when it is beyond any 128-bit number.
fn whole_number(number: &DeInteger<'_>) -> Option<i128> {
    i128::from_str_radix(number.as_str(), number.radix()).ok()
}

#[cfg(test)]
mod tests;
