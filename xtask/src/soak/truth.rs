//! `cargo xtask soak truth`: what the checker says of small programs, beside what they cost when they run.
//!
//! Each shape in `checker/tests/truth` is one file. The checker is shown that file and no other; the program runs it for
//! as many messages as it asks for, while resident memory and open descriptors are counted. Both must agree on every
//! shape, and with the mark in its source. The table is written into `docs/truth.md`.

use std::path::Path;
use std::process::Command;

use crate::process;
use crate::workspace::Workspace;

/// Below this many bytes a message, and below [`BYTES_MIN`] in all, the allocator's own ups and downs are measured.
const BYTES_PER_MESSAGE_MIN: f64 = 4.0;
const BYTES_MIN: f64 = (1 << 20) as f64;
/// Below this many a message, descriptors come and go.
const DESCRIPTORS_PER_MESSAGE_MIN: f64 = 0.1;
/// Fewer shapes prove little.
const SHAPES_MIN: usize = 30;
const SOURCES: &str = "checker/tests/truth/programs";
const DOCUMENT: &str = "docs/truth.md";

const INTRODUCTION: &str = "# The checker's verdict beside the meter

Written by `cargo xtask soak truth`; not edited by hand.

Each shape is a small program in `checker/tests/truth/programs`. The checker sees its file and nothing else. The program
runs it, sends it messages, and counts resident memory and open descriptors when half of them are sent and when all
are: the figures are what one message of the second half left behind. Shapes that begin with `locus` run on the
runtime. The two verdicts agree on every shape, or the run fails.

| shape | what it does | checker | messages | bytes a message | descriptors a message | meter |
|---|---|---|---:|---:|---:|---|
";

/// What becomes of a program that goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Flat,
    Memory,
    Descriptors,
}

impl Verdict {
    fn of_rule(rule: &str) -> Option<Self> {
        match rule {
            "unbounded-growth" => Some(Self::Memory),
            "resource-leak" => Some(Self::Descriptors),
            _ => None,
        }
    }

    fn rule(self) -> &'static str {
        match self {
            Self::Flat => "silent",
            Self::Memory => "unbounded-growth",
            Self::Descriptors => "resource-leak",
        }
    }

    fn meter(self) -> &'static str {
        match self {
            Self::Flat => "flat",
            Self::Memory => "memory grows",
            Self::Descriptors => "descriptors grow",
        }
    }
}

/// Runs all shapes; returns whether every verdict agrees.
pub(super) fn run(workspace: &Workspace) -> Result<bool, String> {
    let packages = ["--package", "locus-checker", "--package", "locus-truth"];
    process::show(workspace.cargo().arg("build").args(packages))?;
    let (checker, program) =
        (workspace.program("debug", "", "checker"), workspace.program("debug", "", "locus-truth"));
    let names = process::capture(&mut Command::new(&program))?;
    let mut document = INTRODUCTION.to_owned();
    let (mut shapes, mut wrong) = (0, 0);
    for name in names.lines() {
        let path = workspace.root.join(SOURCES).join(format!("{name}.rs"));
        let source = std::fs::read_to_string(&path)
            .map_err(|error| format!("cannot read `{}`: {error}", path.display()))?;
        let said = checked(&checker, &path)?;
        let cost = Cost::read(&process::capture(Command::new(&program).arg(name))?)?;
        let agreed = said == cost.verdict() && said == marked(&source);
        (shapes, wrong) = (shapes + 1, wrong + usize::from(!agreed));
        let word = if agreed { "agree " } else { "DIFFER" };
        println!("{word} {name:<40} {:<18} {}", said.rule(), cost.verdict().meter());
        document += &cost.row(name, &source, said);
    }
    println!("{shapes} shapes, {wrong} on which the checker and the meter differ");
    let passed = wrong == 0 && shapes >= SHAPES_MIN;
    if passed {
        std::fs::write(workspace.root.join(DOCUMENT), document)
            .map_err(|error| format!("cannot write `{DOCUMENT}`: {error}"))?;
    }
    Ok(passed)
}

/// What the checker says of one file.
fn checked(checker: &Path, path: &Path) -> Result<Verdict, String> {
    let mut ask = Command::new(checker);
    // Outside of loci most shapes are only said when asked for.
    let asked = ["-W", "likely", "-W", "nursery", "--format", "json"];
    let output = process::capture(ask.args(asked).arg(path))?;
    let messages = output.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    let rules = messages.filter_map(|line| Some(line["message"]["code"]["code"].as_str()?.to_owned()));
    one(rules.filter_map(|rule| Verdict::of_rule(&rule)), path)
}

/// What the mark in its source says.
fn marked(source: &str) -> Verdict {
    let marks = source.lines().filter_map(|line| line.split_once("//~ ")).map(|(_, rule)| rule.trim());
    marks.filter_map(Verdict::of_rule).next().unwrap_or(Verdict::Flat)
}

fn one(mut verdicts: impl Iterator<Item = Verdict>, path: &Path) -> Result<Verdict, String> {
    let first = verdicts.next().unwrap_or(Verdict::Flat);
    match verdicts.next() {
        None => Ok(first),
        Some(_) => Err(format!("`{}`: more than one finding", path.display())),
    }
}

/// What the second half of the messages left behind.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Cost {
    messages: f64,
    bytes: f64,
    descriptors: f64,
}

impl Cost {
    /// Reads `messages bytes descriptors`.
    fn read(line: &str) -> Result<Self, String> {
        let figures: Vec<f64> = line.split_whitespace().filter_map(|word| word.parse().ok()).collect();
        match figures[..] {
            [messages, bytes, descriptors] => Ok(Self { messages, bytes, descriptors }),
            _ => Err(format!("not a reading of the meter: `{line}`")),
        }
    }

    fn verdict(self) -> Verdict {
        if self.descriptors / self.messages >= DESCRIPTORS_PER_MESSAGE_MIN {
            Verdict::Descriptors
        } else if self.bytes >= BYTES_MIN && self.bytes / self.messages >= BYTES_PER_MESSAGE_MIN {
            Verdict::Memory
        } else {
            Verdict::Flat
        }
    }

    fn row(self, name: &str, source: &str, said: Verdict) -> String {
        let does = source.lines().find_map(|line| line.strip_prefix("//! ")).unwrap_or_default();
        format!(
            "| `{name}` | {does} | {} | {} | {:.1} | {:.2} | {} |\n",
            said.rule(),
            2.0 * self.messages,
            self.bytes / self.messages,
            self.descriptors / self.messages,
            self.verdict().meter(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn little_is_noise_and_much_is_a_leak() {
        let verdict = |line: &str| Cost::read(line).unwrap().verdict();
        assert_eq!(verdict("500000 8192 0"), Verdict::Flat);
        assert_eq!(verdict("500000 4000000 0"), Verdict::Memory);
        assert_eq!(verdict("200 900000 0"), Verdict::Flat);
        assert_eq!(verdict("200 900000 200"), Verdict::Descriptors);
        assert!(Cost::read("500000 1").is_err());
    }

    #[test]
    fn marks_are_read_from_the_source() {
        assert_eq!(marked("a.push(x); //~ unbounded-growth\n"), Verdict::Memory);
        assert_eq!(marked("a.push(x);\n"), Verdict::Flat);
    }
}
