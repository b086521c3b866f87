//! A pass: consecutive records of one source on their way to their subscribers.
//!
//! The pass finds out how the records of a topic are taken, and leaves that to the topic's [`Taker`], which goes on as
//! long as the next record is one of its own. Where topics alternate, every record is a run of its own, so what is paid
//! once per run counts as much as what is paid per record: one look into the routes' table, one indirect call. One
//! `catch_unwind` serves a whole pass, and the passes over the pool's own queue that follow it at once: the records behind an
//! activation that unwinds are handed out all the same.
//!
//! Invariants
//! - I1. A taker is called with the data it was listed with, at a record of the number it is listed for (`routes` I4).
//! - I2. A taker takes at least one record, or the pass would not end.
//! - I3. A [`Next`] that is known is the kind of the record that the pass's cursor stands at: who gives one out has looked at
//!   that record last, and has brought the cursor up to it.
//!
//! It does not know topics; those who take a run note in [`Core::note_unwound`] whose activation unwound.

use std::ops::ControlFlow::{self, Break, Continue};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::NonNull;

use super::cursor::Cursor;
use super::record::{Header, Word};
use super::{LIFE, TOKEN};
use crate::pool::PoolId;
use crate::pool::core::Core;
use crate::pool::core::kin::LifeStep;

/// Passes over the pool's own queue in one turn, and between two looks at whether there may be more: exchanges between loci
/// need no flush in between.
const QUEUE_PASSES_MAX: usize = 16;

/// Passes over it as long as they were short ones, such as a question and an answer at a time, and no other pool waits for
/// what they published.
const SHORT_PASSES_MAX: usize = 256;

/// What short passes take together, in words.
const SHORT_PASSES_WORDS: usize = 1024;

/// Records under way, and where they came from.
pub(crate) struct Pass<'c> {
    pub(crate) core: &'c Core,
    pub(crate) cursor: Cursor,
    pub(crate) source: PoolId,
    /// Whether that is the pool itself.
    pub(crate) is_own: bool,
}

/// How the records of one number are taken: a function for one subscriber of one type, or for a route.
#[derive(Clone, Copy)]
pub(crate) struct Taker {
    subscriber: NonNull<()>,
    take: Take,
}

/// Takes records for a subscriber; called with it, its route and the pass. Says what comes next, where it has seen that.
///
/// # Safety
/// Subscriber and route are those the taker was listed with, and a record of the route's number comes next (I1). What it
/// says comes next does (I3).
pub(crate) type Take = unsafe fn(NonNull<()>, NonNull<()>, &mut Pass<'_>) -> Next;

/// The kind of the record that comes next in a pass, where that is known: so the next run need not wait for the cursor.
#[derive(Clone, Copy)]
pub(crate) struct Next(u32);

impl Next {
    /// The cursor has to be looked at. No record is of this kind: each has a word at least.
    pub(crate) const UNKNOWN: Self = Self(0);

    /// The record with this header, which the cursor stands at (I3).
    #[inline]
    pub(crate) fn of(header: Header) -> Self {
        Self(header.kind())
    }
}

impl Taker {
    /// A taker that calls `take` with `subscriber`.
    ///
    /// # Safety
    /// `take` expects this subscriber and a `Route<T>`, and the subscriber itself gives the taker out, as a
    /// `Subscriber<T>`, so that it is listed for that topic; or `take` is a route's, and leaves `subscriber` alone.
    pub(crate) unsafe fn new(subscriber: NonNull<()>, take: Take) -> Self {
        Self { subscriber, take }
    }
}

/// The passes of one turn over the pool's own queue.
pub(crate) struct OwnPasses<'c> {
    pass: Pass<'c>,
    begun: usize,
    /// How many there may be, for all that is known.
    begun_max: usize,
    words: usize,
}

impl<'c> OwnPasses<'c> {
    /// Begins the first pass over what was filled so far.
    pub(crate) fn begin(core: &'c Core) -> Self {
        let cursor = core.queue.turn_over();
        let words = cursor.left_words();
        Self { pass: Pass::new(core, cursor, core.id), begun: 1, begun_max: QUEUE_PASSES_MAX, words }
    }

    /// Begins the next pass; false where nothing was filled meanwhile, or the turn has had enough of them.
    #[inline]
    pub(crate) fn go_on(&mut self) -> bool {
        let core = self.pass.core;
        if core.queue.is_empty() || (self.begun == self.begun_max && !self.may_go_on()) {
            return false;
        }
        self.pass.cursor = core.queue.turn_over();
        self.begun += 1;
        self.words += self.pass.cursor.left_words();
        true
    }

    /// Lets more passes follow where they were short so far.
    #[inline(never)]
    fn may_go_on(&mut self) -> bool {
        let are_short = self.words < SHORT_PASSES_WORDS && !self.pass.core.is_outgoing.get();
        let may_go_on = are_short && self.begun < SHORT_PASSES_MAX;
        self.begun_max += if may_go_on { QUEUE_PASSES_MAX } else { 0 };
        may_go_on
    }

    /// Hands records out to the end of the pass, and of those that may follow at once, or until there is a step in the life
    /// of a locus to take, after which it has to be called again.
    pub(crate) fn hand_out(&mut self) -> Option<LifeStep> {
        loop {
            match catch_unwind(AssertUnwindSafe(|| self.hand_out_all())) {
                Ok(step) => return step,
                Err(panic) => self.pass.core.see_to_unwound(panic),
            }
        }
    }

    #[inline]
    fn hand_out_all(&mut self) -> Option<LifeStep> {
        loop {
            let mut next = Next::UNKNOWN;
            while let Some(kind) = self.pass.begin_run(next) {
                match self.pass.hand_out_run(kind) {
                    Continue(follows) => next = follows,
                    Break(step) => return Some(step),
                }
            }
            let core = self.pass.core;
            core.queue.finish();
            if core.is_called_off() || !self.go_on() {
                return None;
            }
        }
    }

    /// Words of all passes so far.
    pub(crate) fn words(&self) -> usize {
        self.words
    }
}

impl<'c> Pass<'c> {
    pub(crate) fn new(core: &'c Core, cursor: Cursor, source: PoolId) -> Self {
        Self { core, cursor, source, is_own: source == core.id }
    }

    /// Hands records to those who take them, until about `words_max` words are taken, or there is a step in the life of a
    /// locus to take, which is not the bus's to take.
    pub(crate) fn hand_out(&mut self, words_max: usize) -> Option<LifeStep> {
        let since = self.cursor.position();
        loop {
            match catch_unwind(AssertUnwindSafe(|| self.hand_out_from(since, words_max))) {
                Ok(step) => return step,
                Err(panic) => self.core.see_to_unwound(panic),
            }
        }
    }

    fn hand_out_from(&mut self, since: *const Word, words_max: usize) -> Option<LifeStep> {
        let mut next = Next::UNKNOWN;
        while self.cursor.is_within(since, words_max)
            && let Some(kind) = self.begin_run(next)
        {
            match self.hand_out_run(kind) {
                Continue(follows) => next = follows,
                Break(step) => return Some(step),
            }
        }
        None
    }

    /// Ends a run, also one that unwound, and returns the kind of the next record; `None` at the end of the span.
    #[inline(always)]
    fn begin_run(&mut self, Next(kind): Next) -> Option<u32> {
        self.cursor.end_run();
        if kind == Next::UNKNOWN.0 {
            return self.cursor.peek().map(Header::kind);
        }
        debug_assert!(self.cursor.next_is(kind), "another record comes next");
        Some(kind)
    }

    /// Hands out the record of this kind, which is next, and those behind it that go with it.
    #[inline(always)]
    fn hand_out_run(&mut self, kind: u32) -> ControlFlow<LifeStep, Next> {
        match self.core.routes.taker(Header::number_of(kind)) {
            // SAFETY: listed together, for this number, which the next record has (I3), and neither is freed during a pass
            // (I1).
            Some((taker, route)) => Continue(unsafe { (taker.take)(taker.subscriber, route, self) }),
            None => self.take_other().map_or(Continue(Next::UNKNOWN), Break),
        }
    }

    /// Takes a record that no route is responsible for.
    #[cold]
    #[inline(never)]
    fn take_other(&mut self) -> Option<LifeStep> {
        let header = self.cursor.peek()?;
        if header.topic() == LIFE {
            // SAFETY: a record under this number holds a `LifeStep` (`cursor` I2).
            let step = *unsafe { self.cursor.take::<LifeStep>() };
            return self.core.take_plain_step(step);
        }
        self.cursor.skip(header.words());
        if header.topic() == TOKEN {
            self.core.token(header.hash()).drain(self.core);
        }
        None
    }
}
