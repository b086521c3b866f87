//! The account of a run: one line a part with its seconds, a table at the end, and the exit code.
//!
//! A part that fails does not hide the ones after it. A part that could not run for want of something on this
//! machine is named with the one command that would provide it; that is a success at a desk and exit code 4 in CI.

use std::process::ExitCode;
use std::time::{Duration, Instant};

/// Exit code of a run in which something failed.
const EXIT_FAILED: u8 = 1;
/// Exit code under `CI=true` of a run in which nothing failed and something was not run.
const EXIT_NOT_RUN: u8 = 4;

/// What became of one part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It ran and found nothing wrong.
    Passed,
    /// It ran, or should have been able to, and something is wrong.
    Failed(String),
    /// It depends on a part that failed.
    Skipped(&'static str),
    /// The machine lacks something: what, and the one command that provides it.
    NotRun { lacks: String, command: String },
}

impl From<Result<(), String>> for Outcome {
    fn from(result: Result<(), String>) -> Self {
        result.map_or_else(Self::Failed, |()| Self::Passed)
    }
}

struct Entry {
    part: String,
    outcome: Outcome,
    took: Duration,
    planned: Option<Duration>,
}

/// Collects the parts of one run.
pub(crate) struct Ledger {
    entries: Vec<Entry>,
    started: Instant,
    ci: bool,
}

impl Ledger {
    /// Opens the account; `CI=true` in the environment makes it strict about parts that were not run.
    pub(crate) fn open() -> Self {
        Self { entries: Vec::new(), started: Instant::now(), ci: in_ci() }
    }

    /// Runs one part and enters its outcome. Returns whether it passed.
    pub(crate) fn part(&mut self, part: &str, work: impl FnOnce() -> Outcome) -> bool {
        self.enter(part, None, work)
    }

    /// As [`Ledger::part`], with the time the part is meant to take, which is printed beside what it took.
    pub(crate) fn planned(&mut self, part: &str, time: Duration, work: impl FnOnce() -> Outcome) -> bool {
        self.enter(part, Some(time), work)
    }

    /// Prints the table and the verdict, and returns the exit code.
    pub(crate) fn close(self) -> ExitCode {
        println!("\n{}", self.table());
        println!("{} ({:.0} s)", self.verdict(), self.started.elapsed().as_secs_f64());
        ExitCode::from(self.code())
    }

    fn enter(&mut self, part: &str, planned: Option<Duration>, work: impl FnOnce() -> Outcome) -> bool {
        println!("\n==> {part}");
        let started = Instant::now();
        let outcome = work();
        let entry = Entry { part: part.to_owned(), outcome, took: started.elapsed(), planned };
        println!("{}", entry.line());
        let passed = entry.outcome == Outcome::Passed;
        self.entries.push(entry);
        passed
    }

    fn table(&self) -> String {
        self.entries.iter().map(|entry| entry.line() + "\n").collect()
    }

    fn verdict(&self) -> String {
        let failed: Vec<&str> =
            self.named(|outcome| matches!(outcome, Outcome::Failed(_) | Outcome::Skipped(_)));
        let not_run = self.named(|outcome| matches!(outcome, Outcome::NotRun { .. })).len();
        match (failed.is_empty(), not_run) {
            (false, _) => format!("failed: {}", failed.join(", ")),
            (true, 0) => "passed".to_owned(),
            (true, 1) => "passed, 1 part not run".to_owned(),
            (true, n) => format!("passed, {n} parts not run"),
        }
    }

    fn code(&self) -> u8 {
        let any = |is: fn(&Outcome) -> bool| self.entries.iter().any(|entry| is(&entry.outcome));
        if any(|outcome| matches!(outcome, Outcome::Failed(_) | Outcome::Skipped(_))) {
            EXIT_FAILED
        } else if self.ci && any(|outcome| matches!(outcome, Outcome::NotRun { .. })) {
            EXIT_NOT_RUN
        } else {
            0
        }
    }

    fn named(&self, is: impl Fn(&Outcome) -> bool) -> Vec<&str> {
        self.entries.iter().filter(|entry| is(&entry.outcome)).map(|entry| entry.part.as_str()).collect()
    }
}

impl Entry {
    fn line(&self) -> String {
        let (word, detail) = match &self.outcome {
            Outcome::Passed => ("passed", String::new()),
            Outcome::Failed(why) => ("FAILED", format!("  {why}")),
            Outcome::Skipped(after) => ("skipped", format!("  {after} failed")),
            Outcome::NotRun { lacks, command } => ("not run", format!("  {lacks}; run `{command}`")),
        };
        let planned = self.planned.map_or_else(String::new, |time| format!(" of {} s", time.as_secs()));
        format!("{word:<8} {:<28} {:>7.1} s{planned}{detail}", self.part, self.took.as_secs_f64())
    }
}

/// Whether this is a run of continuous integration, which may leave nothing out.
pub(crate) fn in_ci() -> bool {
    std::env::var_os("CI").is_some_and(|value| value == "true")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ledger(ci: bool, outcomes: &[Outcome]) -> Ledger {
        let mut ledger = Ledger { entries: Vec::new(), started: Instant::now(), ci };
        for (number, outcome) in outcomes.iter().enumerate() {
            ledger.part(&format!("p{number}"), || outcome.clone());
        }
        ledger
    }

    fn not_run() -> Outcome {
        Outcome::NotRun { lacks: "no browser".to_owned(), command: "apt-get install chromium".to_owned() }
    }

    #[test]
    fn all_passed() {
        let ledger = ledger(true, &[Outcome::Passed, Outcome::Passed]);
        assert_eq!((ledger.code(), ledger.verdict().as_str()), (0, "passed"));
    }

    #[test]
    fn a_missing_part_passes_at_a_desk_and_not_in_ci() {
        let parts = [Outcome::Passed, not_run()];
        assert_eq!((ledger(false, &parts).code(), ledger(true, &parts).code()), (0, 4));
        assert_eq!(ledger(false, &parts).verdict(), "passed, 1 part not run");
        assert_eq!(ledger(false, &[not_run(), not_run()]).verdict(), "passed, 2 parts not run");
        assert!(ledger(false, &parts).table().contains("run `apt-get install chromium`"));
    }

    #[test]
    fn a_failure_outweighs_what_was_not_run_and_later_parts_still_run() {
        let ledger = ledger(true, &[Outcome::Failed("why".to_owned()), not_run(), Outcome::Skipped("build")]);
        assert_eq!((ledger.code(), ledger.verdict().as_str()), (1, "failed: p0, p2"));
        assert_eq!(ledger.entries.len(), 3);
    }
}
