//! SARIF 2.1.0, which code scanning services read.
//!
//! One run, one driver. Every rule that speaks is described with its documentation; every result has its places, and the
//! fingerprint by which a service knows it again after an edit. Paths are relative to the root of the sources.
//!
//! Source: OASIS "Static Analysis Results Interchange Format (SARIF) Version 2.1.0".

use std::io::{self, Write};
use std::path::{Component, Path};

use serde_json::{Value, json};

use super::lines::LineIndex;
use super::{Diagnostic, Report, Severity};
use crate::finding::{Label, SourceFile};

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

/// Writes the whole log as one object.
///
/// # Errors
/// When `out` does.
pub fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut codes: Vec<&str> = report.diagnostics.iter().map(|diagnostic| diagnostic.code).collect();
    codes.sort_unstable();
    codes.dedup();
    let results = report.diagnostics.iter().map(|diagnostic| result(diagnostic, &codes, report.sources));
    let log = json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "locus-checker",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "informationUri": env!("CARGO_PKG_REPOSITORY"),
                "rules": codes.iter().map(|code| rule(code, report)).collect::<Vec<_>>(),
            }},
            "columnKind": "unicodeCodePoints",
            "results": results.collect::<Vec<_>>(),
            "invocations": [{
                "executionSuccessful": true,
                "properties": {
                    "files": report.summary.files,
                    "filesUnparsed": report.summary.files_unparsed,
                    "calls": report.summary.calls,
                    "callsUnresolved": report.summary.calls_unresolved,
                    "macrosUnknown": report.summary.macros_unknown,
                    "allowed": report.summary.allowed,
                },
            }],
        }],
    });
    serde_json::to_writer_pretty(&mut *out, &log)?;
    writeln!(out)
}

fn rule(code: &str, report: &Report<'_>) -> Value {
    let speaks = report.diagnostics.iter().find(|diagnostic| diagnostic.code == code);
    let explanation = speaks.and_then(|diagnostic| diagnostic.explanation.as_deref());
    let mut rule = json!({ "id": code });
    if let Some(markdown) = explanation {
        rule["help"] = json!({ "text": markdown, "markdown": markdown });
    }
    rule
}

fn result(diagnostic: &Diagnostic, codes: &[&str], sources: &[SourceFile]) -> Value {
    let mut text = diagnostic.message.clone();
    for note in &diagnostic.notes {
        text.push_str("\nnote: ");
        text.push_str(note);
    }
    if let Some(help) = &diagnostic.help {
        text.push_str("\nhelp: ");
        text.push_str(help);
    }
    let level = match diagnostic.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let mut result = json!({
        "ruleId": diagnostic.code,
        "ruleIndex": codes.binary_search(&diagnostic.code).unwrap_or_default(),
        "level": level,
        "message": { "text": text },
        "locations": diagnostic.primary.iter().filter_map(|label| location(label, None, sources)).collect::<Vec<_>>(),
    });
    let related: Vec<Value> = (1..)
        .zip(&diagnostic.secondary)
        .filter_map(|(id, label)| location(label, Some(id), sources))
        .collect();
    if !related.is_empty() {
        result["relatedLocations"] = Value::Array(related);
    }
    if let Some(fingerprint) = diagnostic.fingerprint {
        result["partialFingerprints"] = json!({ "locusFinding/v1": fingerprint.to_string() });
    }
    result
}

fn location(label: &Label, id: Option<u32>, sources: &[SourceFile]) -> Option<Value> {
    let source = sources.get(label.span.file.0 as usize)?;
    let index = LineIndex::new(&source.text);
    let (start_line, start_column) = index.position(label.span.start as usize);
    let (end_line, end_column) = index.position(label.span.end.max(label.span.start) as usize);
    let mut location = json!({
        "physicalLocation": {
            "artifactLocation": { "uri": uri(&source.path) },
            "region": {
                "startLine": start_line,
                "startColumn": start_column,
                "endLine": end_line,
                "endColumn": end_column,
            },
        },
    });
    if let Some(id) = id {
        location["id"] = json!(id);
    }
    if !label.text.is_empty() {
        location["message"] = json!({ "text": label.text });
    }
    Some(location)
}

/// A path as a URI reference (RFC 3986): segments are percent-encoded and joined with slashes.
fn uri(path: &Path) -> String {
    let mut uri = if path.is_absolute() { "file://".to_owned() } else { String::new() };
    for component in path.components() {
        match component {
            Component::RootDir | Component::Prefix(_) => {}
            Component::CurDir => continue,
            Component::ParentDir => uri.push_str(".."),
            Component::Normal(segment) => {
                if path.is_absolute() {
                    uri.push('/');
                }
                encode(&segment.to_string_lossy(), &mut uri);
            }
        }
        if !path.is_absolute() && component != Component::RootDir {
            uri.push('/');
        }
    }
    uri.trim_end_matches('/').to_owned()
}

fn encode(segment: &str, uri: &mut String) {
    for byte in segment.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            uri.push_str(&format!("%{byte:02X}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::uri;

    #[test]
    fn paths_become_uris() {
        assert_eq!(uri(Path::new("src/my room.rs")), "src/my%20room.rs");
        assert_eq!(uri(Path::new("./src/ü.rs")), "src/%C3%BC.rs");
        assert_eq!(uri(Path::new("../x/a#b.rs")), "../x/a%23b.rs");
        assert_eq!(uri(Path::new("/a/b.rs")), "file:///a/b.rs");
    }
}
