//! What a run looked at and what it found, one number a line: the last line of a report at length.

use std::collections::BTreeMap;

use super::{Diagnostic, Summary};

/// Width of the column of names.
const NAME_CHARS: usize = 28;

/// The table, which ends with how often each rule speaks.
pub fn table(summary: &Summary, diagnostics: &[Diagnostic]) -> String {
    let seconds = summary.elapsed.as_secs_f64();
    let per_second = if seconds > 0.0 { summary.lines as f64 / seconds } else { 0.0 };
    let mut rows = vec![
        ("files".to_owned(), summary.files.to_string()),
        ("files not parsed".to_owned(), summary.files_unparsed.to_string()),
        ("lines".to_owned(), summary.lines.to_string()),
        ("functions".to_owned(), summary.functions.to_string()),
        ("calls".to_owned(), summary.calls.to_string()),
        ("calls not resolved".to_owned(), summary.calls_unresolved.to_string()),
        ("macro calls not understood".to_owned(), summary.macros_unknown.to_string()),
        ("seconds".to_owned(), format!("{seconds:.2}")),
        ("lines a second".to_owned(), format!("{per_second:.0}")),
    ];
    let mut by_rule: BTreeMap<&str, usize> = BTreeMap::new();
    for diagnostic in diagnostics {
        *by_rule.entry(diagnostic.code).or_default() += 1;
    }
    rows.extend(by_rule.into_iter().map(|(rule, count)| (rule.to_owned(), count.to_string())));
    rows.into_iter().map(|(name, value)| format!("{name:<NAME_CHARS$}{value:>10}\n")).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Diagnostic, Summary, table};

    #[test]
    fn rules_are_counted_below_what_was_looked_at() {
        let summary = Summary { lines: 500, elapsed: Duration::from_millis(250), ..Summary::default() };
        let said = ["b", "a", "b"].map(|code| Diagnostic::error(code, "", None));
        let text = table(&summary, &said);
        let rows: Vec<Vec<&str>> =
            text.lines().map(|line| line.rsplitn(2, ' ').map(str::trim).collect()).collect();
        assert_eq!(rows[2], ["500", "lines"]);
        assert_eq!(rows[8..], [["2000", "lines a second"], ["1", "a"], ["2", "b"]]);
        assert!(table(&Summary::default(), &[]).ends_with(" 0\n"));
    }
}
