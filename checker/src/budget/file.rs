//! The ceilings file: TOML with spans in, valid ceilings or every problem out.
//!
//! All keys are optional. A key that is not known, a value that is no whole number and a negative number
//! are errors, each at its own span; none hides another.

use locus_syntax::nearest;
use toml::Spanned;
use toml::de::{DeInteger, DeTable, DeValue};

use super::{Count, FD_KINDS, Key};
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
pub struct Ceilings {
    keys: Vec<(Key, Ceiling)>,
    /// Kinds of descriptors, each where it is named.
    kinds: Vec<(String, Span, Ceiling)>,
}

impl Ceilings {
    /// The ceiling of `key`.
    pub fn get(&self, key: Key) -> Option<Ceiling> {
        self.keys.iter().find(|(held, _)| *held == key).map(|(_, ceiling)| *ceiling)
    }

    /// The ceiling of one kind of descriptors.
    pub fn of_kind(&self, kind: &str) -> Option<Ceiling> {
        self.kinds.iter().find(|(held, ..)| held == kind).map(|(.., ceiling)| *ceiling)
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
        self.find(binary, |ceilings| ceilings.get(key))
    }

    /// The ceiling of what `count` counts, in the same way.
    pub fn ceiling_of(&self, binary: &str, count: &Count) -> Option<Ceiling> {
        self.find(binary, |ceilings| match &count.kind {
            Some(kind) => ceilings.of_kind(kind),
            None => ceilings.get(count.key),
        })
    }

    fn find(&self, binary: &str, held: impl Fn(&Ceilings) -> Option<Ceiling>) -> Option<Ceiling> {
        let own = self.binaries.iter().find(|(name, ..)| name == binary);
        own.and_then(|(.., ceilings)| held(ceilings)).or_else(|| held(&self.general))
    }

    /// Problems with ceilings for kinds of descriptors that are not among `known`.
    pub fn unknown_kinds(&self, known: &[&str]) -> Vec<Diagnostic> {
        let all = std::iter::once(&self.general).chain(self.binaries.iter().map(|(.., ceilings)| ceilings));
        let unknown = all.flat_map(|ceilings| &ceilings.kinds);
        unknown
            .filter(|(name, ..)| !known.contains(&name.as_str()))
            .map(|(name, span, _)| {
                let help = match nearest(name, known.iter().copied()) {
                    Some(nearest) => format!("did you mean `{nearest}`?"),
                    None => format!("the kinds are: {}", or_none(known)),
                };
                let label = Label::new(*span, "not a kind of descriptor");
                Diagnostic::error(CODE, format!("unknown kind `{name}`"), Some(label)).help(help)
            })
            .collect()
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
        if name == FD_KINDS {
            return self.kinds(value, ceilings);
        }
        let Some(known) = Key::find(name) else {
            let keys = Key::ALL.iter().map(|key| key.as_str()).chain([FD_KINDS]);
            let keys = keys.chain(also_known.iter().copied());
            return self.toml.unknown(key.span(), "key", name, &keys.collect::<Vec<_>>());
        };
        if let Some(ceiling) = self.number(name, value) {
            ceilings.keys.push((known, ceiling));
        }
    }

    /// The table of ceilings for single kinds; which kinds there are is for the models to say.
    fn kinds(&mut self, value: &Spanned<DeValue<'_>>, ceilings: &mut Ceilings) {
        let DeValue::Table(entries) = value.get_ref() else {
            return self.toml.wrong_type(value.span(), FD_KINDS, "a table of ceilings", value.get_ref());
        };
        for (kind, value) in in_file_order(entries) {
            if let Some(ceiling) = self.number(kind.get_ref(), value) {
                let span = self.toml.span(kind.span());
                ceilings.kinds.push((kind.get_ref().to_string(), span, ceiling));
            }
        }
    }

    fn number(&mut self, name: &str, value: &Spanned<DeValue<'_>>) -> Option<Ceiling> {
        let DeValue::Integer(number) = value.get_ref() else {
            self.toml.wrong_type(value.span(), name, "a whole number", value.get_ref());
            return None;
        };
        match whole_number(number).map(|number| (number < 0, u64::try_from(number))) {
            Some((_, Ok(max))) => return Some(Ceiling { max, span: self.toml.span(value.span()) }),
            Some((true, _)) => {
                let message = format!("`{name}` must not be negative");
                self.toml.report(value.span(), message, "a ceiling is 0 or more", None);
            }
            _ => {
                self.toml.report(
                    value.span(),
                    format!("`{name}` is too large"),
                    "does not fit 64 bits",
                    None,
                );
            }
        }
        None
    }
}

/// The value of a TOML integer; `None` when it is beyond any 128-bit number.
fn whole_number(number: &DeInteger<'_>) -> Option<i128> {
    i128::from_str_radix(number.as_str(), number.radix()).ok()
}

#[cfg(test)]
mod tests;
