//! The format for pipes: one line a finding, `path:line:column: level[rule]: message`, as grep and vim like it.

use std::io::{self, Write};

use super::{Diagnostic, Report, human, place};

/// Writes one line for every diagnostic, and the last line.
///
/// # Errors
/// When `out` does.
pub fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    for diagnostic in report.diagnostics {
        writeln!(out, "{}", line(diagnostic, report))?;
    }
    writeln!(out, "{}", human::last_line(report.summary))
}

fn line(diagnostic: &Diagnostic, report: &Report<'_>) -> String {
    let (level, code, message) = (diagnostic.severity.as_str(), diagnostic.code, &diagnostic.message);
    let said = format!("{level}[{code}]: {message}");
    match place(diagnostic, report.sources) {
        Some(place) => format!("{}:{}:{}: {said}", place.path.display(), place.line, place.column),
        None => said,
    }
}
