//! What a run has to say, and the formats it is said in.
//!
//! Findings, violated ceilings and mistakes in a budget file all become a [`Diagnostic`], so that every
//! format lays out every kind alike. A format writes; it decides nothing and drops nothing.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::finding::fix::Fix;
use crate::finding::{FileId, Finding, Fingerprint, Label, SourceFile};
use crate::rule::{Level, Rule};

pub mod github;
pub mod human;
pub mod json;
mod lines;
pub mod sarif;
pub mod short;
pub mod stats;
pub(crate) mod toml_file;

pub(crate) use lines::LineIndex;

/// How bad a diagnostic is for the exit status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Denied, over a ceiling, or a mistake in the configuration.
    Error,
    /// Advice.
    Warning,
}

impl Severity {
    /// The word rustc uses, in text and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

/// One message with its places, ready to be laid out.
#[derive(Clone, Debug)]
pub struct Diagnostic {
    /// Error or warning.
    pub severity: Severity,
    /// Rule name, or the part of the configuration that speaks.
    pub code: &'static str,
    /// What a finding is known by in other revisions; `None` for what is no finding.
    pub fingerprint: Option<Fingerprint>,
    /// Markdown behind the code, where there is any.
    pub explanation: Option<String>,
    /// One line: lower case, no full stop.
    pub message: String,
    /// The span everything else goes by; `None` where nothing in a file is to blame.
    pub primary: Option<Label>,
    /// Other places, in reading order.
    pub secondary: Vec<Label>,
    /// Background.
    pub notes: Vec<String>,
    /// What to do.
    pub help: Option<String>,
    /// A change of the source that does it.
    pub fix: Option<Fix>,
}

impl Diagnostic {
    /// Starts an error that is not a finding of a rule.
    pub fn error(code: &'static str, message: impl Into<String>, primary: Option<Label>) -> Self {
        Self {
            severity: Severity::Error,
            code,
            fingerprint: None,
            explanation: None,
            message: message.into(),
            primary,
            secondary: Vec::new(),
            notes: Vec::new(),
            help: None,
            fix: None,
        }
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Lays a finding out at `level`; `None` when that level is allow.
    pub fn of_finding(finding: &Finding, level: Level) -> Option<Self> {
        let severity = match level {
            Level::Allow => return None,
            Level::Warn => Severity::Warning,
            Level::Deny => Severity::Error,
        };
        let mut notes = finding.notes.clone();
        notes.push(shape_note(finding.rule, finding));
        Some(Self {
            severity,
            code: finding.rule.name,
            fingerprint: Some(Fingerprint::of(finding)),
            explanation: Some(finding.rule.doc.to_owned()),
            message: finding.message.clone(),
            primary: Some(finding.primary.clone()),
            secondary: finding.secondary.clone(),
            notes,
            help: Some(finding.help.clone()),
            fix: None,
        })
    }

    /// The places in reading order, each with whether it is the primary one.
    pub(crate) fn labels(&self) -> impl Iterator<Item = (&Label, bool)> {
        let primary = self.primary.iter().map(|label| (label, true));
        primary.chain(self.secondary.iter().map(|label| (label, false)))
    }
}

fn shape_note(rule: &Rule, finding: &Finding) -> String {
    let (shape, confidence) = (finding.shape, finding.confidence.as_str());
    format!("shape `{}` ({confidence}): {}; see `checker --explain {}`", shape.name, shape.summary, rule.name)
}

/// Where a diagnostic points, as people and tools that go by lines want it.
pub(crate) struct LinePlace<'s> {
    pub(crate) path: &'s Path,
    /// From 1, as the column.
    pub(crate) line: usize,
    pub(crate) column: usize,
    pub(crate) line_end: usize,
}

/// The place of a diagnostic's primary span; `None` where nothing in a file is to blame.
pub(crate) fn place<'s>(diagnostic: &Diagnostic, sources: &'s [SourceFile]) -> Option<LinePlace<'s>> {
    let span = diagnostic.primary.as_ref()?.span;
    let source = sources.get(span.file.0 as usize)?;
    let index = LineIndex::new(&source.text);
    let (line, column) = index.position(span.start as usize);
    let (line_end, _) = index.position(span.end.max(span.start) as usize);
    Some(LinePlace { path: &source.path, line, column, line_end })
}

/// Where a file belongs, in cargo's terms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// Cargo's package id.
    pub package_id: String,
    /// Manifest of the package.
    pub manifest_path: PathBuf,
    /// Name of the target.
    pub target_name: String,
    /// Kind of the target: `lib`, `bin`, `example`, ...
    pub target_kind: String,
    /// Root file of the target.
    pub target_root: PathBuf,
    /// Edition of the target.
    pub edition: String,
}

/// What the last line owes the reader: how much was looked at, and how much was not understood.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Files read.
    pub files: usize,
    /// Lines in them.
    pub lines: usize,
    /// Functions lowered.
    pub functions: usize,
    /// Calls seen.
    pub calls: usize,
    /// Calls whose target is unknown.
    pub calls_unresolved: usize,
    /// Macro calls whose meaning is unknown.
    pub macros_unknown: usize,
    /// Files that did not parse.
    pub files_unparsed: usize,
    /// Errors printed.
    pub errors: usize,
    /// Warnings printed.
    pub warnings: usize,
    /// Findings an allow silenced.
    pub allowed: usize,
    /// Findings that marks in their package expect.
    pub expected: usize,
    /// Ceilings that are well above what they hold, in words.
    pub loose: Vec<String>,
    /// Findings the baseline knows.
    pub baselined: usize,
    /// Findings the baseline knows that are gone.
    pub baseline_gone: usize,
    /// The revision compared with, and how many findings it has too.
    pub base: Option<(String, usize)>,
    /// Wall time of the run.
    pub elapsed: Duration,
}

impl Summary {
    /// Unresolved calls in percent of all calls.
    pub fn unresolved_percent(&self) -> f64 {
        if self.calls == 0 { 0.0 } else { self.calls_unresolved as f64 * 100.0 / self.calls as f64 }
    }

    /// Counts `diagnostics` into errors and warnings.
    pub fn count(&mut self, diagnostics: &[Diagnostic]) {
        self.errors = diagnostics.iter().filter(|d| d.severity == Severity::Error).count();
        self.warnings = diagnostics.len() - self.errors;
    }
}

/// Everything a format needs.
pub struct Report<'r> {
    /// By [`FileId`].
    pub sources: &'r [SourceFile],
    /// Where each file belongs; `None` for what is no Rust file.
    pub origin: &'r dyn Fn(FileId) -> Option<Origin>,
    /// In the order to print.
    pub diagnostics: &'r [Diagnostic],
    /// The last line.
    pub summary: &'r Summary,
}

/// The formats `--format` knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// rustc's look.
    Human,
    /// Cargo's message shape, one object per line.
    Json,
    /// SARIF 2.1.0, for code scanning services.
    Sarif,
    /// GitHub's workflow commands.
    Github,
    /// One line a finding.
    Short,
}

/// Writes `report` in `format`.
///
/// # Errors
/// When `out` does.
pub fn write(format: Format, report: &Report<'_>, styled: bool, out: &mut dyn Write) -> io::Result<()> {
    match format {
        Format::Human => human::write(report, styled, out),
        Format::Json => json::write(report, out),
        Format::Sarif => sarif::write(report, out),
        Format::Github => github::write(report, out),
        Format::Short => short::write(report, out),
    }
}

#[cfg(test)]
mod tests;
