//! The format for GitHub: workflow commands, which its runner shows beside the changed lines.
//!
//! Source: "Workflow commands for GitHub Actions": data escapes `%`, CR and LF; properties also `:` and `,`.

use std::io::{self, Write};

use super::{Diagnostic, Report, human, place};

/// Writes one command for every diagnostic, and the last line as plain text.
///
/// # Errors
/// When `out` does.
pub fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    for diagnostic in report.diagnostics {
        writeln!(out, "{}", command(diagnostic, report))?;
    }
    writeln!(out, "{}", human::last_line(report.summary))
}

fn command(diagnostic: &Diagnostic, report: &Report<'_>) -> String {
    let mut properties = Vec::new();
    if let Some(place) = place(diagnostic, report.sources) {
        properties.push(format!("file={}", property(&place.path.to_string_lossy())));
        properties.push(format!("line={},endLine={}", place.line, place.line_end));
        properties.push(format!("col={}", place.column));
    }
    properties.push(format!("title={}", property(diagnostic.code)));
    let mut text = diagnostic.message.clone();
    if let Some(help) = &diagnostic.help {
        text.push_str("\nhelp: ");
        text.push_str(help);
    }
    format!("::{} {}::{}", diagnostic.severity.as_str(), properties.join(","), data(&text))
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
