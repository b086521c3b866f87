//! A row: one shape beside one reference, as a line of JSON on stdout and a line of a table on stderr.

use serde_json::json;

/// One shape beside one reference.
#[derive(Clone, Debug)]
pub struct Row {
    /// The shape's name.
    pub shape: &'static str,
    /// Of `ours` and `reference_value`.
    pub unit: &'static str,
    /// Median of ours.
    pub ours: f64,
    /// Who is compared with.
    pub reference: &'static str,
    /// Median of the reference.
    pub reference_value: f64,
    /// What the target speaks of: reference over ours, or, for a target of "at most", ours over reference.
    pub ratio: f64,
    /// What the ratio has to be.
    pub target: String,
    /// Whether it is.
    pub pass: bool,
}

/// Prints the head of the table to stderr.
pub fn print_table_head() {
    eprintln!(
        "{:<28} {:<12} {:>9} {:<22} {:>9} {:>8} {:>8}",
        "shape", "unit", "ours", "reference", "value", "ratio", "target"
    );
}

impl Row {
    /// Prints the row: JSON to stdout, for machines; a table line to stderr, for people.
    pub fn print(&self) {
        let Self { shape, unit, ours, reference, reference_value, ratio, target, pass } = self;
        println!(
            "{}",
            json!({
                "shape": shape, "unit": unit, "ours": ours, "reference": reference,
                "reference_value": reference_value, "ratio": ratio, "target": target, "pass": pass,
            })
        );
        let verdict = match (pass, target.as_str()) {
            (_, "none") => "",
            (true, _) => "ok",
            (false, _) => "MISSED",
        };
        eprintln!(
            "{shape:<28} {unit:<12} {ours:>9.2} {reference:<22} {reference_value:>9.2} {ratio:>8.2} {target:>8} {verdict}"
        );
    }
}
