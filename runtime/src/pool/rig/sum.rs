//! What a run of many cases did, in figures.

use std::fmt;

use crate::pool::rig::coverage::Coverage;
use crate::pool::rig::question::ENDS;
use crate::pool::rig::way::WAYS;

/// What one case did.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Totals {
    pub(super) loci: usize,
    pub(super) pools: usize,
    /// Whether each pool had a thread of its own.
    pub(super) on_threads: bool,
    pub(super) sent: usize,
    pub(super) got: usize,
    pub(super) missed: u64,
    /// How many questions ended in which way.
    pub(super) ends: [usize; ENDS.len()],
    /// How many messages were taken in which way.
    pub(super) taken: [usize; WAYS.len()],
    /// How many of them within their publish, and how many were set aside by a handler.
    pub(super) straight: usize,
    pub(super) stashed: usize,
    /// What was met, one bit each (see [`Coverage`]).
    pub(super) met: u64,
}

/// What all of them did.
#[derive(Clone, Default)]
pub(super) struct Sum {
    cases: Vec<Totals>,
    pub(super) coverage: Coverage,
}

impl Sum {
    pub(super) fn add(&mut self, totals: &Totals) {
        self.cases.push(*totals);
        self.coverage.add(totals.met);
    }

    pub(super) fn with(mut self, other: Self) -> Self {
        other.cases.iter().for_each(|totals| self.add(totals));
        self
    }

    /// Loci, pools and messages of the median case, each by itself.
    pub(super) fn medians(&self) -> (usize, usize, usize) {
        let median = |figure: fn(&Totals) -> usize| {
            let mut all: Vec<usize> = self.cases.iter().map(figure).collect();
            all.sort_unstable();
            all.get(all.len() / 2).copied().unwrap_or_default()
        };
        (median(|case| case.loci), median(|case| case.pools), median(|case| case.sent))
    }
}

impl Sum {
    /// How many questions ended in which way, over all cases.
    pub(super) fn ends(&self) -> [usize; ENDS.len()] {
        std::array::from_fn(|end| self.cases.iter().map(|case| case.ends[end]).sum())
    }
}

impl Sum {
    /// How many messages were taken in each way, within the publish and after a stash, by name.
    pub(super) fn taken(&self) -> Vec<(&'static str, usize)> {
        let sum = |figure: &dyn Fn(&Totals) -> usize| self.cases.iter().map(figure).sum();
        let mut taken: Vec<(&str, usize)> =
            WAYS.iter().enumerate().map(|(way, name)| (*name, sum(&|case| case.taken[way]))).collect();
        taken.push(("within the publish", sum(&|case| case.straight)));
        taken.push(("stashed", sum(&|case| case.stashed)));
        taken
    }
}

impl fmt::Display for Sum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sent: usize = self.cases.iter().map(|case| case.sent).sum();
        let got: usize = self.cases.iter().map(|case| case.got).sum();
        let missed: u64 = self.cases.iter().map(|case| case.missed).sum();
        let (loci, pools, messages) = self.medians();
        let on_threads = self.cases.iter().filter(|case| case.on_threads).count();
        let cases = self.cases.len();
        writeln!(
            f,
            "{cases} cases, {on_threads} on threads: {sent} messages sent, {got} taken, {missed} missed"
        )?;
        writeln!(f, "median case: {loci} loci, {pools} pools, {messages} messages")?;
        let taken = self.taken().into_iter().map(|(name, count)| format!("{count} {name}"));
        writeln!(f, "taken: {}", taken.collect::<Vec<String>>().join(", "))?;
        let ends = ENDS.iter().zip(self.ends()).map(|(end, count)| format!("{count} {end}"));
        writeln!(f, "questions: {}", ends.collect::<Vec<String>>().join(", "))?;
        write!(f, "{}", self.coverage)
    }
}
