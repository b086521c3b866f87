//! Where the work of a call comes from: from peers, who send as much as they like, or from the program itself.
//!
//! Asked backwards from one call, and only for what would be reported. The innermost loop around it that waits for
//! something sets the pace: a loop that accepts, or reads what a peer sends, is driven by peers; one that waits for
//! a clock, or for work that the program itself has started, is not. A loop over a queue is driven by whoever sends into it. Where
//! no loop waits, it is whoever calls the function. Nobody is known to be driven by peers but by one of those ways.
//!
//! A permit, or a comparison with a limit, on the way ends it: what is behind it comes in so many at a time.

use super::Judged;
use super::asks::Asks;
use super::opened::Opened;
use super::pace::{OfFunction, Pace};
use crate::context::Entry;
use crate::events::seen::{Item, Sight, within};
use crate::lower::ir::{ExprId, ExprKind, Range};
use crate::lower::sym::Sym;
use crate::names::{AdtId, FnId, Owner};
use crate::types::{Interner, TyKind};
use rustc_hash::{FxHashMap, FxHashSet};
use std::cell::{OnceCell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

/// Places that one question may lead through.
const STEPS_MAX: usize = 3000;
/// Which functions wait for something.
#[derive(Default)]
pub(super) struct Slow {
    pub(super) of: FxHashMap<FnId, bool>,
    /// Those that are being asked about.
    pub(super) open: Vec<FnId>,
    /// Those that were asked about for one of these.
    pub(super) on_the_way: Vec<FnId>,
    /// Whether one of the answers rests on one that was still open.
    pub(super) rests_on_open: bool,
}

/// What turns what stands at a place in a function, as far as the function tells.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turned {
    /// Each message or request of a peer.
    ByPeers {
        /// Once, and not in a loop of its own.
        once: bool,
    },
    /// A clock, a queue, or work of its own.
    Otherwise,
    /// Whoever calls the function.
    ByCallers {
        /// Once, and not in a loop of its own.
        once: bool,
    },
}

/// Answers where work comes from, and what waits.
pub(crate) struct Ways<'j, 'a, 'w> {
    pub(super) judged: &'j Judged<'a, 'w>,
    sends: FxHashMap<Item, Vec<(FnId, Range)>>,
    bodies: RefCell<FxHashMap<FnId, Option<Rc<Opened<'a>>>>>,
    pub(super) paces: RefCell<FxHashMap<FnId, Rc<OfFunction>>>,
    pub(super) slow: RefCell<Slow>,
    /// Types whose values are made with messages.
    pub(super) fleeting: OnceCell<FxHashSet<AdtId>>,
    /// Where an answer was no, and so is that of whatever leads there.
    far: RefCell<FxHashMap<Asks, FxHashSet<(FnId, u32)>>>,
}

impl<'j, 'a, 'w> Ways<'j, 'a, 'w> {
    pub(crate) fn of(judged: &'j Judged<'a, 'w>) -> Self {
        let mut sends: FxHashMap<Item, Vec<(FnId, Range)>> = FxHashMap::default();
        for (id, seen) in judged.sights() {
            if let Sight::Sends { item: Some(item), .. } = seen.sight {
                sends.entry(item).or_default().push((id, seen.at));
            }
        }
        Ways {
            judged,
            sends,
            bodies: RefCell::default(),
            paces: RefCell::default(),
            slow: RefCell::default(),
            fleeting: OnceCell::new(),
            far: RefCell::default(),
        }
    }

    pub(super) fn open(&self, id: FnId) -> Option<Rc<Opened<'a>>> {
        if let Some(known) = self.bodies.borrow().get(&id) {
            return known.clone();
        }
        let opened = Opened::of(self.judged.program, self.judged.insides, id).map(Rc::new);
        self.bodies.borrow_mut().insert(id, opened.clone());
        opened
    }

    /// Who calls a function, and where.
    pub(super) fn callers(&self, id: FnId) -> impl Iterator<Item = (FnId, Range)> {
        let facts = &self.judged.summary.facts;
        let known = self.judged.callers.of(id).iter();
        known.map(|(caller, call)| (*caller, facts[caller.ix()].calls[*call].at))
    }

    /// Whether what is asked for decides how often what stands at `at` in `id` happens.
    pub(crate) fn is_driven(&self, id: FnId, at: Range, asks: Asks) -> bool {
        let is_far = |place| self.far.borrow().get(&asks).is_some_and(|far| far.contains(&place));
        let mut known = FxHashSet::default();
        let mut open = VecDeque::from([(id, at, 0)]);
        while let Some((id, at, calls)) = open.pop_front() {
            let place = (id, at.start);
            if known.len() > STEPS_MAX || is_far(place) || !known.insert(place) {
                continue;
            }
            let Some(opened) = self.open(id) else { continue };
            if self.is_typed(id)
                || asks.limits && self.is_limited(&opened, at, asks.shared)
                || asks.permits && self.is_admitted(&opened, at)
            {
                continue;
            }
            let counts = |pace: &Pace| asks.limits || asks.clocks || !pace.is_clock();
            match self.driver(&opened, at).filter(counts) {
                Some(pace) if pace.reloads && !asks.reloads => {}
                Some(pace) if pace.peers || asks.clocks && pace.own => return true,
                Some(_) if asks.calls_max.is_some() => {}
                Some(pace) => {
                    let sends = pace.queues.iter().flat_map(|of| self.sends.get(of).into_iter().flatten());
                    open.extend(sends.map(|(id, at)| (*id, *at, calls)));
                }
                None if opened.is_served(at) || self.is_served(id) => return true,
                None if asks.calls_max == Some(calls) => {}
                None => open.extend(self.callers(id).map(|(id, at)| (id, at, calls + 1))),
            }
        }
        // How far off a place of the way is says nothing of a question that begins there.
        if asks.calls_max.is_none() && known.len() <= STEPS_MAX {
            self.far.borrow_mut().entry(asks).or_default().extend(known);
        }
        false
    }

    /// What turns what stands at `at` in `id`.
    pub(crate) fn turned(&self, id: FnId, at: Range) -> Option<Turned> {
        let opened = self.open(id)?;
        let once = opened.loops_around(at).is_empty();
        Some(match self.driving(&opened, at) {
            Some((within, pace)) if pace.peers && !pace.own && pace.queues.is_empty() => {
                Turned::ByPeers { once: within == 0 }
            }
            Some(_) => Turned::Otherwise,
            None if opened.is_served(at) || self.is_entered(id) => Turned::ByPeers { once },
            None => Turned::ByCallers { once },
        })
    }

    /// Whether two places in a function stand in two of what it hands to a framework.
    pub(crate) fn are_of_two_handlers(&self, id: FnId, one: Range, other: Range) -> bool {
        let Some(opened) = self.open(id) else { return false };
        opened.handler(one).zip(opened.handler(other)).is_some_and(|(one, other)| one != other)
    }

    /// Whether messages or requests enter at a function.
    fn is_entered(&self, id: FnId) -> bool {
        matches!(self.judged.context.runs[id.ix()].entry, Some(Entry::Message | Entry::Callback))
    }

    /// Whether all who are seen to send what is taken out of a queue at `at` in `id` are far from peers.
    pub(crate) fn is_fed_from_afar(&self, id: FnId, at: Range) -> bool {
        let seen = &self.judged.summary.facts[id.ix()].seen;
        let items = seen.iter().filter_map(|seen| match seen.sight {
            Sight::Receives { item: Some(item), .. } if within(seen.at, at) || within(at, seen.at) => {
                Some(item)
            }
            _ => None,
        });
        let mut sends = items.flat_map(|item| self.sends.get(&item).into_iter().flatten()).peekable();
        sends.peek().is_some() && !sends.any(|(id, at)| self.is_driven(*id, *at, Asks::SERVED.near()))
    }

    /// Whether a function is called with what peers ask for.
    fn is_served(&self, id: FnId) -> bool {
        let program = self.judged.program;
        let takes_request = || {
            let is_request = |name: Sym| program.names.text(name).contains("Request");
            program.sigs[id.ix()].params.iter().any(|ty| match program.types.kind(*ty) {
                TyKind::Foreign(of, _) => is_request(of.last),
                TyKind::Adt(of, _) => is_request(program.names.adt(*of).name),
                _ => false,
            })
        };
        match self.judged.context.runs[id.ix()].entry {
            _ if self.is_entered(id) => true,
            Some(Entry::Poll) => takes_request(),
            // What a server calls is often a trait that was generated elsewhere.
            _ => self.is_of_foreign_trait(id) && takes_request(),
        }
    }

    /// Whether a function is what an operator's command or request does: one comes after the other.
    fn is_typed(&self, id: FnId) -> bool {
        let program = self.judged.program;
        match program.names.function(id).owner {
            Owner::Impl(block) => {
                program.names.text(program.impls[block.ix()].trait_name).contains("Command")
            }
            _ => self.judged.lets_in_operators(id),
        }
    }

    fn is_of_foreign_trait(&self, id: FnId) -> bool {
        let program = self.judged.program;
        match program.names.function(id).owner {
            Owner::Impl(block) => {
                let block = &program.impls[block.ix()];
                block.of.is_none() && block.trait_name != Sym::NONE
            }
            _ => false,
        }
    }

    /// Whether a call takes the next out of a queue.
    pub(super) fn is_receive(&self, opened: &Opened<'_>, id: ExprId) -> bool {
        match opened.kind(id) {
            ExprKind::Method(call) => {
                self.judged.program.models.gives(call.name).next
                    && opened.is_queue(opened.inferred.expr(call.recv))
            }
            _ => false,
        }
    }
}
