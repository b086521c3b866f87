//! The short way into life and out of it, for loci whose births and ends nobody but they themselves has to hear of.
//!
//! A locus is born the short way where its parent has no `accept` for it and it has no `run`, no timers and no async
//! `birth`; it ends the short way where, besides, it has no `dissolve`, no children, nothing set aside or waiting, and its
//! parent no `release`. All others, and all that the start still holds, go the long way (`pool::life`). Both ways do the
//! same in the same order; here it happens in one call that knows the type, between two records of a pass.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use crate::locus::any_cell::AnyCell;
use crate::locus::cell::{LocusCell, State};
use crate::locus::describe::{Birth, Hook, Locus, Outcome};
use crate::locus::family::NO_CELL;
use crate::pool::core::Core;
use crate::pool::slot::NO_SLOT;
use crate::supervise::panic_text;

/// How far a step got the short way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Plainly {
    /// All of it.
    Done,
    /// It is born; the pool sees to what it did in its birth.
    Born,
    /// Nothing was done.
    Not,
}

impl<L: Locus> LocusCell<L> {
    const IS_BORN_PLAINLY: bool = L::HOOKS.run.is_none() && !matches!(L::HOOKS.birth, Birth::Async(_));

    /// Bears a child whose turn has come.
    #[inline]
    pub(super) fn bear_plainly(self: &Rc<Self>, core: &Core) -> Plainly {
        let head = &self.head;
        let is_plain = Self::IS_BORN_PLAINLY
            && head.family.is_born_plainly
            && head.state.get() == State::Unborn
            && !head.is_considered.get()
            && head.has_body()
            && head.rare_made().is_none()
            && !core.is_holding()
            && core.with_head(head.kin.parent, |parent| parent.is_born.get()).unwrap_or_default();
        if !is_plain {
            return Plainly::Not;
        }
        core.note_considered(head);
        let born = match L::HOOKS.birth {
            Birth::Sync(birth) => self.call_birth(core, birth),
            Birth::None | Birth::Async(_) => Ok(()),
        };
        let born = match born {
            Ok(()) if head.family.has.subscribes => Rc::clone(self).subscribe(core),
            born => born,
        };
        if let Err(error) = born {
            core.birth_failed(head, error);
            return Plainly::Done;
        }
        head.is_born.set(true);
        if head.rare_made().is_some() {
            return Plainly::Born;
        }
        head.state.set(State::Ready);
        Plainly::Done
    }

    /// Calls a sync `birth` as an activation.
    #[inline]
    pub(super) fn call_birth(&self, core: &Core, birth: Hook<L>) -> Outcome {
        let result = catch_unwind(AssertUnwindSafe(|| {
            self.activate(core, |me, cx| birth(me, cx).and_then(|()| core.check_doom(&self.head)))
        }));
        match result {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => {
                core.take_back(&self.head);
                Err(error)
            }
            Err(panic) => {
                core.abandon(&self.head);
                Err(format!("panicked: {}", panic_text(panic.as_ref())).into())
            }
        }
    }

    /// Ends a child whose turn has come.
    #[inline]
    pub(super) fn end_plainly(&self, core: &Core) -> Plainly {
        let head = &self.head;
        let is_plain = Self::IS_BORN_PLAINLY
            && L::HOOKS.dissolve.is_none()
            && head.family.ends_plainly
            && head.state.get() == State::Ready
            && head.kin.first_child.get() == NO_CELL
            && head.slot.get() == NO_SLOT
            && head.rare_made().is_none();
        if !is_plain {
            return Plainly::Not;
        }
        head.is_ending.set(true);
        head.state.set(State::Closed);
        if let Some(joined) = head.take_joined()
            && let Some(route) = core.any_route(joined.number)
        {
            route.leave(core, head.id, joined.hash);
        }
        self.bury_quietly();
        core.remove_plain(head);
        Plainly::Done
    }
}
