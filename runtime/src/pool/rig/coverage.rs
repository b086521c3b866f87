//! Which subscriptions were met in which states: a case says nothing about what it never did.

use std::fmt;

use crate::bus::topic::OnFull;
use crate::locus::cell::State;
use crate::pool::rig::shared;

/// States in which a message may find a locus; in `Closed` are those that still waited when it ended for good, as later
/// ones find it unsubscribed. `Running` is none of them, as a turn never runs inside a handler, nor is `Unborn`, as
/// nothing flows before the last birth.
const STATES: [State; 6] =
    [State::Ready, State::Busy, State::Blocked, State::Replaying, State::Failed, State::Closed];

/// How a message is taken: straight from the queue under its topic's policy, or into a ring under its own.
const WAYS: [(&str, OnFull, bool); 6] = [
    ("block", OnFull::Block, false),
    ("drop_new", OnFull::DropNew, false),
    ("fail", OnFull::Fail, false),
    ("ring, block", OnFull::Block, true),
    ("ring, drop_old", OnFull::DropOld, true),
    ("ring, drop_new", OnFull::DropNew, true),
];

/// One bit for each pair.
type Pairs = u64;

/// A message arrives for a locus in `state`, under the policy `on_full` of its topic or, if it has one, of its ring.
pub(crate) fn arrived(state: State, on_full: OnFull, is_ring: bool) {
    let row = STATES.iter().position(|one| *one == state);
    let column = WAYS.iter().position(|(_, policy, ring)| (*policy, *ring) == (on_full, is_ring));
    if let Some((row, column)) = row.zip(column) {
        shared::meet(1 << (row * WAYS.len() + column));
    }
}

/// In how many cases each pair was met.
#[derive(Clone, Default)]
pub(super) struct Coverage {
    cases: u64,
    met: [[u64; WAYS.len()]; STATES.len()],
}

impl Coverage {
    pub(super) fn add(&mut self, pairs: Pairs) {
        self.cases += 1;
        for (bit, count) in self.met.as_flattened_mut().iter_mut().enumerate() {
            *count += pairs >> bit & 1;
        }
    }

    /// The least share of cases in which a pair was met, in percent.
    pub(super) fn least_percent(&self) -> f64 {
        let least = self.met.as_flattened().iter().min().copied().unwrap_or_default();
        least as f64 * 100.0 / self.cases.max(1) as f64
    }
}

impl fmt::Display for Coverage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:<24}", "% of cases")?;
        WAYS.iter().try_for_each(|(name, ..)| write!(f, "{name:>16}"))?;
        for (state, counts) in STATES.iter().zip(&self.met) {
            write!(f, "\n{:<24}", format!("arrives while {state:?}"))?;
            for count in counts {
                write!(f, "{:>16.1}", *count as f64 * 100.0 / self.cases.max(1) as f64)?;
            }
        }
        Ok(())
    }
}
