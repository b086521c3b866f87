//! Messages that a locus has set aside itself, with `stash`, until it takes all of them back with `unstash`.
//!
//! The handler's message is not looked at while the handler runs: `stash` notes a wish, and whoever called the handler
//! keeps the message afterwards instead of dropping it. What is taken back goes before everything that waits for the
//! locus. A stashed message holds no credit: it has been taken.

use std::fmt;

use crate::locus::cell::CellHead;
use crate::pool::core::Core;
#[cfg(test)]
use crate::pool::rig::fault::{self, Fault};

/// Messages one locus may have stashed: as many as a conversation that comes out of order means to hold back.
const STASHED_MAX: usize = 256;

/// Why a message was not stashed. The handler still has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StashError {
    /// The locus has stashed 256 messages.
    Full,
    /// This activation handles no single message that could wait: it is a timer, a hook, a batch, an answer, a `with`, an
    /// `async` handler, or it handles a question.
    NoMessage,
}

impl fmt::Display for StashError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full => write!(f, "{STASHED_MAX} messages are stashed already"),
            Self::NoMessage => f.write_str("this activation handles no message that could be stashed"),
        }
    }
}

impl std::error::Error for StashError {}

impl Core {
    /// Notes that the message of the running activation is to be kept.
    pub(crate) fn stash(&self, head: &CellHead) -> Result<(), StashError> {
        if !self.handled.get().is_lent() {
            return Err(StashError::NoMessage);
        }
        if head.rare().stashed.borrow().len() >= STASHED_MAX {
            return Err(StashError::Full);
        }
        self.stash_wish.set(true);
        self.set_cut();
        Ok(())
    }

    /// Whether the activation that returns, or just has, asked to keep its message, and does not fail by what it published.
    /// Asked once.
    pub(crate) fn take_stash_wish(&self, head: &CellHead) -> bool {
        self.stash_wish.take() && !self.is_doomed(head)
    }

    /// The running activation takes back what its locus has stashed; returns how many messages that are.
    pub(crate) fn unstash(&self, head: &CellHead) -> usize {
        let count = restore(head);
        if count > 0 {
            self.set_cut();
        }
        count
    }
}

/// Puts what a locus has stashed before all that waits for it; returns how many messages that were.
pub(crate) fn restore(head: &CellHead) -> usize {
    let Some(rare) = head.rare_made() else { return 0 };
    let mut stashed = rare.stashed.borrow_mut();
    let count = stashed.len();
    #[cfg(test)]
    if fault::is_planted(Fault::StashOvertaken) {
        stashed.put_before(&mut rare.side.borrow_mut());
        std::mem::swap(&mut *stashed, &mut rare.side.borrow_mut());
        return count;
    }
    if count > 0 {
        rare.side.borrow_mut().put_before(&mut stashed);
    }
    count
}
