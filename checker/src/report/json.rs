//! The format for tools: cargo's own messages, one object per line.
//!
//! Each diagnostic is a `compiler-message` with rustc's diagnostic inside, which rust-analyzer's
//! `check.overrideCommand` and everything else that reads `cargo check --message-format=json` takes as
//! it is. The last line is cargo's `build-finished` with our `summary` added.

use std::io::{self, Write};
use std::path::Path;

use serde_json::{Value, json};

use super::lines::LineIndex;
use super::{Diagnostic, Origin, Report, Summary, human};
use crate::finding::fix::Fix;
use crate::finding::{Label, SourceFile};

/// Writes every diagnostic and the summary.
///
/// # Errors
/// When `out` does.
pub fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    for diagnostic in report.diagnostics {
        writeln!(out, "{}", message(diagnostic, report))?;
    }
    writeln!(out, "{}", finished(report.summary))
}

fn message(diagnostic: &Diagnostic, report: &Report<'_>) -> Value {
    let file = diagnostic.primary.as_ref().map(|label| label.span.file);
    let origin = file.and_then(|file| (report.origin)(file)).unwrap_or_else(|| no_origin(diagnostic, report));
    json!({
        "reason": "compiler-message",
        "package_id": origin.package_id,
        "manifest_path": origin.manifest_path,
        "target": {
            "kind": [origin.target_kind],
            "crate_types": [if origin.target_kind == "lib" { "lib" } else { "bin" }],
            "name": origin.target_name,
            "src_path": origin.target_root,
            "edition": origin.edition,
            "doc": true,
            "doctest": false,
            "test": false,
        },
        "message": rustc_diagnostic(diagnostic, report.sources),
    })
}

/// A file that no package owns (a budget, a bare path) stands for its own package.
fn no_origin(diagnostic: &Diagnostic, report: &Report<'_>) -> Origin {
    let source = diagnostic.primary.as_ref().and_then(|label| report.sources.get(label.span.file.0 as usize));
    let path = source.map_or_else(|| Path::new("").to_path_buf(), |source| source.path.clone());
    let name = path.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned());
    Origin {
        package_id: format!("path+file://{}", path.display()),
        manifest_path: path.clone(),
        target_name: name,
        target_kind: "bin".to_owned(),
        target_root: path,
        edition: "2024".to_owned(),
    }
}

fn rustc_diagnostic(diagnostic: &Diagnostic, sources: &[SourceFile]) -> Value {
    let notes = diagnostic.notes.iter().map(|note| ("note", note));
    let children = notes.chain(diagnostic.help.iter().map(|help| ("help", help)));
    let fix = diagnostic.fix.iter().map(|fix| suggestion(fix, sources));
    json!({
        "$message_type": "diagnostic",
        "message": diagnostic.message,
        "code": { "code": diagnostic.code, "explanation": diagnostic.explanation },
        "level": diagnostic.severity.as_str(),
        "spans": diagnostic.labels().filter_map(|(label, primary)| span(label, primary, sources)).collect::<Vec<_>>(),
        "children": children.map(|(level, text)| child(level, text)).chain(fix).collect::<Vec<_>>(),
        "rendered": format!("{}\n\n", human::render(diagnostic, sources, false)),
    })
}

fn child(level: &str, text: &str) -> Value {
    json!({ "message": text, "code": null, "level": level, "spans": [], "children": [], "rendered": null })
}

/// A fix as rustc writes its own: an editor offers it, and applies all of its spans together.
fn suggestion(fix: &Fix, sources: &[SourceFile]) -> Value {
    let spans = fix.edits.iter().filter_map(|edit| {
        let mut span = span(&Label::new(edit.span, ""), true, sources)?;
        span["label"] = Value::Null;
        span["suggested_replacement"] = edit.text.as_str().into();
        span["suggestion_applicability"] = "MachineApplicable".into();
        Some(span)
    });
    let mut child = child("help", &fix.message);
    child["spans"] = spans.collect();
    child
}

fn span(label: &Label, is_primary: bool, sources: &[SourceFile]) -> Option<Value> {
    let source = sources.get(label.span.file.0 as usize)?;
    let index = LineIndex::new(&source.text);
    let (line_start, column_start) = index.position(label.span.start as usize);
    let (line_end, column_end) = index.position(label.span.end.max(label.span.start) as usize);
    let text = (line_start..=line_end).map(|line| {
        let text = index.line(line);
        let first = if line == line_start { column_start } else { 1 };
        let last = if line == line_end { column_end } else { text.chars().count() + 1 };
        json!({ "text": text, "highlight_start": first, "highlight_end": last })
    });
    Some(json!({
        "file_name": source.path,
        "byte_start": label.span.start,
        "byte_end": label.span.end,
        "line_start": line_start,
        "line_end": line_end,
        "column_start": column_start,
        "column_end": column_end,
        "is_primary": is_primary,
        "text": text.collect::<Vec<_>>(),
        "label": label.text,
        "suggested_replacement": null,
        "suggestion_applicability": null,
        "expansion": null,
    }))
}

fn finished(summary: &Summary) -> Value {
    json!({
        "reason": "build-finished",
        "success": summary.errors == 0,
        "summary": {
            "errors": summary.errors,
            "warnings": summary.warnings,
            "allowed": summary.allowed,
            "loose_ceilings": summary.loose,
            "expected": summary.expected,
            "baselined": summary.baselined,
            "baseline_gone": summary.baseline_gone,
            "diff_base": summary.base.as_ref().map(|(revision, _)| revision),
            "known_at_base": summary.base.as_ref().map_or(0, |(_, known)| *known),
            "files": summary.files,
            "files_unparsed": summary.files_unparsed,
            "lines": summary.lines,
            "functions": summary.functions,
            "calls": summary.calls,
            "calls_unresolved": summary.calls_unresolved,
            "macros_unknown": summary.macros_unknown,
            "seconds": summary.elapsed.as_secs_f64(),
        },
    })
}
