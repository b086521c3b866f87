//! The outcome as a table: for the terminal, and as the page in the documentation.

use super::compare::Comparison;
use super::kind::Kind;

/// One workspace.
pub(super) struct Row {
    pub(super) name: String,
    /// The commit, where it is known.
    pub(super) version: String,
    pub(super) comparison: Comparison,
}

const INTRODUCTION: &str = "# The checker's types beside rustc's

Written by `cargo xtask oracle DIR..`; not edited by hand.

The checker reads source that need not compile, with names and types of its own. How often that is right is
measured against rustc: a driver made of the compiler's crates tells the type of the receiver of every method
call of a workspace, and the checker tells what it takes the same receivers for. Compared is every call on a
collection, a text or byte buffer, a channel, a task or something that owns a file descriptor, as rustc knows
them; a call that only the checker takes for one counts too. *Wrong* is another type than rustc's. *Unknown* is
no type at all: the checker says nothing about such a receiver and counts the call as not resolved.

Types that the models merge because they have the same interface count as one: the senders of several crates,
for instance. A call on a type parameter is left out: what it is depends on the caller, and the checker takes
`impl Into<String>` for a `String`. Iterators are left out too. Tests, benches, examples and build scripts are left out on both sides.

";

/// For the terminal.
pub(super) fn text(rows: &[Row], total: &Comparison) -> String {
    let mut text = format!(
        "{:<24} {:>8} {:>8} {:>8} {:>8} {:>8}\n",
        "workspace", "calls", "agree", "unknown", "wrong", "known %"
    );
    let named = rows.iter().map(|row| (row.name.as_str(), &row.comparison));
    for (name, comparison) in named.chain([("total", total)]) {
        let [calls, agreed, unknown, wrong] = figures(comparison);
        let known = comparison.known_percent();
        text += &format!("{name:<24} {calls:>8} {agreed:>8} {unknown:>8} {wrong:>8} {known:>8.2}\n");
    }
    text
}

/// The page.
pub(super) fn document(rows: &[Row], total: &Comparison) -> String {
    let mut text = INTRODUCTION.to_owned();
    text += "| workspace | calls | agree | unknown | wrong | known |\n|---|---:|---:|---:|---:|---:|\n";
    for row in rows {
        let version = if row.version.is_empty() { String::new() } else { format!(" {}", row.version) };
        text += &line(&format!("{}{version}", row.name), &row.comparison);
    }
    text += &line("**all**", total);
    text += "\n| receiver | calls | agree | unknown | wrong |\n|---|---:|---:|---:|---:|\n";
    for kind in Kind::ALL {
        let [agreed, unknown, wrong] = total.counts.get(&kind).copied().unwrap_or_default();
        let calls = agreed + unknown + wrong;
        text += &format!("| {} | {calls} | {agreed} | {unknown} | {wrong} |\n", kind.name());
    }
    text
}

fn line(name: &str, comparison: &Comparison) -> String {
    let [calls, agreed, unknown, wrong] = figures(comparison);
    let known = comparison.known_percent();
    format!("| {name} | {calls} | {agreed} | {unknown} | {wrong} | {known:.2} % |\n")
}

fn figures(comparison: &Comparison) -> [usize; 4] {
    [comparison.calls(), comparison.agreed(), comparison.unknown(), comparison.wrong()]
}
