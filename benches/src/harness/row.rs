//! A row: one shape beside one reference, as a line of JSON on stdout and a line of a table on stderr.

use serde_json::{Value, json};

/// What came out beside a reference.
#[derive(Clone, Debug, PartialEq)]
pub enum Comparison {
    /// Both ran.
    Ran {
        /// Median of the reference.
        reference_value: f64,
        /// What the target speaks of: reference over ours, or, for a target of "at most", ours over reference.
        ratio: f64,
        /// Whether the ratio is what it has to be.
        pass: bool,
    },
    /// The machine lacks what the reference needs: what, and the command that provides it. Such a row never passes.
    NotRun(String),
}

/// One shape beside one reference.
#[derive(Clone, Debug)]
pub struct Row {
    /// The shape's name.
    pub shape: &'static str,
    /// Of `ours` and the reference's value.
    pub unit: &'static str,
    /// Median of ours.
    pub ours: f64,
    /// Who is compared with.
    pub reference: &'static str,
    /// What came out.
    pub comparison: Comparison,
    /// What the ratio has to be.
    pub target: String,
}

/// Prints the head of the table to stderr.
pub fn print_table_head() {
    eprintln!(
        "{:<24} {:<20} {:>9} {:<24} {:>9} {:>8} {:>8}",
        "shape", "unit", "ours", "reference", "value", "ratio", "target"
    );
}

impl Row {
    /// Prints the row: JSON to stdout, for machines; a table line to stderr, for people.
    pub fn print(&self) {
        println!("{}", self.to_json());
        eprintln!("{}", self.to_line());
    }

    fn to_json(&self) -> Value {
        let Self { shape, unit, ours, reference, comparison, target } = self;
        let (reference_value, ratio, pass, not_run) = match comparison {
            Comparison::Ran { reference_value, ratio, pass } => {
                (json!(reference_value), json!(ratio), *pass, None)
            }
            Comparison::NotRun(lacks) => (Value::Null, Value::Null, false, Some(lacks)),
        };
        let mut row = json!({
            "shape": shape, "unit": unit, "ours": ours, "reference": reference,
            "reference_value": reference_value, "ratio": ratio, "target": target, "pass": pass,
        });
        if let Some(lacks) = not_run {
            row["not_run"] = json!(lacks);
        }
        row
    }

    fn to_line(&self) -> String {
        let Self { shape, unit, ours, reference, comparison, target } = self;
        let (value, ratio, verdict) = match comparison {
            Comparison::NotRun(lacks) => ("-".to_owned(), "-".to_owned(), format!("not run: {lacks}")),
            Comparison::Ran { reference_value, ratio, pass } => {
                let verdict = match (pass, target.as_str()) {
                    (_, "none") => "",
                    (true, _) => "ok",
                    (false, _) => "MISSED",
                };
                (short(*reference_value), short(*ratio), verdict.to_owned())
            }
        };
        format!(
            "{shape:<24} {unit:<20} {:>9} {reference:<24} {value:>9} {ratio:>8} {target:>8} {verdict}",
            short(*ours)
        )
    }
}

/// Two decimals, unless they would show something as nothing.
fn short(value: f64) -> String {
    if value != 0.0 && value < 0.01 { format!("{value:.1e}") } else { format!("{value:.2}") }
}

#[cfg(test)]
mod tests {
    use super::{Comparison, Row};

    #[test]
    fn what_did_not_run_has_not_passed() {
        let row = Row {
            shape: "ticks",
            unit: "ns/message",
            ours: 1.0,
            reference: "go-channel",
            comparison: Comparison::NotRun("no Go".to_owned()),
            target: ">= 8".to_owned(),
        };
        let json = row.to_json();
        assert_eq!(json["pass"], false);
        assert!(json["ratio"].is_null() && json["not_run"] == "no Go");
        assert!(row.to_line().contains("not run: no Go"));
    }
}
