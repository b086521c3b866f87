//! The format for people: rustc's look, drawn by annotate-snippets.

use std::borrow::Cow;
use std::io::{self, Write};
use std::ops::Range;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use super::lines::floor_boundary;
use super::{Diagnostic, Report, Severity, Summary};
use crate::finding::{FileId, Label, SourceFile};

/// Writes every diagnostic and the last line.
///
/// # Errors
/// When `out` does.
pub fn write(report: &Report<'_>, styled: bool, out: &mut dyn Write) -> io::Result<()> {
    for diagnostic in report.diagnostics {
        writeln!(out, "{}\n", render(diagnostic, report.sources, styled))?;
    }
    for ceiling in &report.summary.loose {
        writeln!(out, "note: {ceiling}")?;
    }
    writeln!(out, "{}", last_line(report.summary))
}

/// Draws one diagnostic.
pub(crate) fn render(diagnostic: &Diagnostic, sources: &[SourceFile], styled: bool) -> String {
    let renderer = if styled { Renderer::styled() } else { Renderer::plain() };
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let title = level.primary_title(diagnostic.message.as_str()).id(diagnostic.code);
    let mut group = Group::with_title(title);
    for file in files_in_order(diagnostic) {
        if let Some(source) = sources.get(file.0 as usize) {
            group = group.element(snippet(diagnostic, file, source));
        }
    }
    for note in &diagnostic.notes {
        group = group.element(Level::NOTE.message(note.as_str()));
    }
    if let Some(help) = &diagnostic.help {
        group = group.element(Level::HELP.message(help.as_str()));
    }
    renderer.decor_style(DecorStyle::Ascii).render(&[group])
}

/// Files a diagnostic points into, the primary one first.
fn files_in_order(diagnostic: &Diagnostic) -> Vec<FileId> {
    let mut files = Vec::new();
    for (label, _) in diagnostic.labels() {
        if !files.contains(&label.span.file) {
            files.push(label.span.file);
        }
    }
    files
}

fn snippet<'d>(
    diagnostic: &'d Diagnostic,
    file: FileId,
    source: &'d SourceFile,
) -> Snippet<'d, annotate_snippets::Annotation<'d>> {
    let mut snippet = Snippet::source(&*source.text).path(source.path.to_string_lossy());
    for (label, is_primary) in diagnostic.labels().filter(|(label, _)| label.span.file == file) {
        let kind = if is_primary { AnnotationKind::Primary } else { AnnotationKind::Context };
        let range = range(label, &source.text);
        let annotation = kind.span(if is_primary { range } else { first_line(range, &source.text) });
        let text = Some(label.text.as_str()).filter(|text| !text.is_empty()).map(Cow::Borrowed);
        snippet = snippet.annotation(match text {
            Some(text) => annotation.label(text),
            None => annotation,
        });
    }
    snippet
}

/// The label's bytes, forced into the text: a renderer must not fall over a span that is off by one.
fn range(label: &Label, text: &str) -> Range<usize> {
    let start = floor_boundary(text, label.span.start as usize);
    let end = floor_boundary(text, label.span.end as usize).max(start);
    start..end
}

/// What of a span stands on its first line: a call on the way there is known by how it begins.
fn first_line(range: Range<usize>, text: &str) -> Range<usize> {
    let length = text[range.clone()].lines().next().map_or(0, str::len);
    range.start..range.start + length
}

/// One line that says how far the silence can be trusted.
pub(crate) fn last_line(summary: &Summary) -> String {
    let verdict = match (summary.errors, summary.warnings) {
        (0, 0) => "nothing found".to_owned(),
        (0, warnings) => format!("{}, nothing was denied", counted(warnings, "warning")),
        (errors, 0) => counted(errors, "error"),
        (errors, warnings) => format!("{}, {}", counted(errors, "error"), counted(warnings, "warning")),
    };
    let unparsed = match summary.files_unparsed {
        0 => String::new(),
        files => format!(" ({} not parsed)", counted(files, "file")),
    };
    let allowed = match summary.allowed {
        0 => String::new(),
        allowed => format!(", {} allowed with a reason", counted(allowed, "finding")),
    };
    let known = match summary.baselined {
        0 => String::new(),
        known => format!(", {} known to the baseline", counted(known, "finding")),
    };
    let old = match &summary.base {
        None => String::new(),
        Some((revision, old)) => format!(", {} there at `{revision}` already", counted(*old, "finding")),
    };
    let expected = match summary.expected {
        0 => String::new(),
        expected => format!(", {} as marks expect", counted(expected, "finding")),
    };
    let gone = match summary.baseline_gone {
        0 => String::new(),
        gone => format!(", {gone} of the baseline gone: `--write-baseline` writes it anew"),
    };
    format!(
        "checker: {verdict}{allowed}{expected}{known}{gone}{old}; {}{unparsed}, {}, {} of {} not resolved ({:.1}%), {} not understood, {:.2} s",
        counted(summary.files, "file"),
        counted(summary.functions, "function"),
        summary.calls_unresolved,
        counted(summary.calls, "call"),
        summary.unresolved_percent(),
        counted(summary.macros_unknown, "macro call"),
        summary.elapsed.as_secs_f64(),
    )
}

fn counted(n: usize, noun: &str) -> String {
    format!("{n} {noun}{}", if n == 1 { "" } else { "s" })
}
