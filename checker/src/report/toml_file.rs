//! A TOML file that a user wrote: its entries in order, and every problem at its own span.
//!
//! None hides another: whoever reads a file goes on after a problem and hands all of them out at the end.

use std::ops::Range;

use locus_syntax::nearest;
use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use super::Diagnostic;
use crate::finding::{FileId, Label, Span};

/// A key and its value, where each stands.
pub(crate) type Entry<'a, 'i> = (&'a Spanned<DeString<'i>>, &'a Spanned<DeValue<'i>>);

/// Collects the problems of one file.
pub(crate) struct TomlFile {
    file: FileId,
    code: &'static str,
    pub(crate) problems: Vec<Diagnostic>,
}

impl TomlFile {
    /// `code` is what its diagnostics are called.
    pub(crate) fn new(file: FileId, code: &'static str) -> Self {
        Self { file, code, problems: Vec::new() }
    }

    /// The table `text` holds; `None` when it is not TOML: what a broken file seems to hold further on is guesswork of the
    /// parser, not the user's mistake.
    pub(crate) fn parse<'i>(&mut self, text: &'i str) -> Option<Spanned<DeTable<'i>>> {
        let (table, errors) = DeTable::parse_recoverable(text);
        let mut line_read: Option<&str> = None;
        for error in errors {
            let range = error.span().unwrap_or(0..0);
            let line = text.get(..range.start).and_then(|before| before.rsplit('\n').next());
            // The parser goes on after an error and trips over the rest of the same line.
            if line_read.is_none_or(|read| line.is_none_or(|line| line.as_ptr() != read.as_ptr())) {
                self.report(range, error.message().to_lowercase(), "not TOML", None);
            }
            line_read = line;
        }
        self.problems.is_empty().then_some(table)
    }

    /// A name that is none of `known`; `what` the names are, in the singular.
    pub(crate) fn unknown(&mut self, range: Range<usize>, what: &str, name: &str, known: &[&str]) {
        let help = match nearest(name, known.iter().copied()) {
            Some(nearest) => format!("did you mean `{nearest}`?"),
            None if known.is_empty() => format!("there is no {what}"),
            None => format!("the {what}s are: {}", known.join(", ")),
        };
        self.report(range, format!("unknown {what} `{name}`"), &format!("not a {what}"), Some(help));
    }

    /// A value that is not `wanted`.
    pub(crate) fn wrong_type(&mut self, range: Range<usize>, name: &str, wanted: &str, found: &DeValue<'_>) {
        let message = format!("`{name}` must be {wanted}");
        self.report(range, message, &format!("found {}", described(found)), None);
    }

    pub(crate) fn report(&mut self, range: Range<usize>, message: String, label: &str, help: Option<String>) {
        let mut diagnostic = self.problem(self.span(range), message, label);
        diagnostic.help = help;
        self.problems.push(diagnostic);
    }

    pub(crate) fn problem(&self, span: Span, message: String, label: &str) -> Diagnostic {
        Diagnostic::error(self.code, message, Some(Label::new(span, label)))
    }

    pub(crate) fn span(&self, range: Range<usize>) -> Span {
        let byte = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        Span { file: self.file, start: byte(range.start), end: byte(range.end) }
    }
}

/// Tables come sorted by key; problems are read in the order of the file.
pub(crate) fn in_file_order<'a, 'i>(table: &'a DeTable<'i>) -> Vec<Entry<'a, 'i>> {
    let mut entries: Vec<_> = table.iter().collect();
    entries.sort_by_key(|(key, _)| key.span().start);
    entries
}

fn described(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a number with a fraction",
        DeValue::Boolean(_) => "a boolean",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "an array",
        DeValue::Table(_) => "a table",
    }
}
