//! Where the work of a call comes from: from peers, who send as much as they like, or from the program itself.
//!
//! Asked backwards from one call, and only for what would be reported. The innermost loop around it that waits for
//! something sets the pace: a loop that accepts, or reads what a peer sends, is driven by peers; one that waits for
//! a clock, or for work that the program itself has started, is not. A loop over a queue is driven by whoever sends into it. Where
//! no loop waits, it is whoever calls the function. Nobody is known to be driven by peers but by one of those ways.
//!
//! A permit, or a comparison with a limit, on the way ends it: what is behind it comes in so many at a time.
//!
//! What is far from peers, behind many calls or a queue, has mostly turned out to be one at a time, or paced, for reasons
//! that lie between: only what is near to them is likely to be theirs.

use super::Judged;
use super::opened::Opened;
use crate::context::Entry;
use crate::events::seen::{Item, Sight, within};
use crate::lower::ir::{ExprId, ExprKind, Range};
use crate::lower::sym::{Sym, syms};
use crate::names::{FnId, Owner};
use crate::types::{Interner, TyKind};
use rustc_hash::{FxHashMap, FxHashSet};
use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

/// Places that one question may lead through.
const STEPS_MAX: usize = 3000;
/// Functions whose waits count as those of a loop that calls them.
const DEPTH_MAX: u32 = 4;
/// Calls between what peers drive and what is near to it.
const NEAR_MAX: u32 = 2;
/// What gives the work that the program itself has begun, and time.
const OWN: [Sym; 12] = syms([
    "Interval",
    "IntervalStream",
    "JoinSet",
    "FuturesUnordered",
    "FuturesOrdered",
    "DelayQueue",
    "JoinMap",
    "Sleep",
    "Signal",
    "Signals",
    "Notify",
    "WatchStream",
]);
const ONESHOT: Sym = Sym::path("tokio::sync::oneshot::Receiver");

/// What a loop waits for.
#[derive(Default)]
struct Pace {
    peers: bool,
    own: bool,
    reloads: bool,
    queues: Vec<Item>,
}

impl Pace {
    fn is_quiet(&self) -> bool {
        !self.peers && !self.own && self.queues.is_empty()
    }

    fn is_clock(&self) -> bool {
        self.own && !self.peers && self.queues.is_empty()
    }

    fn add(&mut self, other: &Pace) {
        self.peers |= other.peers;
        self.own |= other.own;
        self.queues.extend(&other.queues);
    }
}

/// What a function waits for, wherever in it, and whom it calls.
#[derive(Default)]
struct OfFunction {
    pace: Pace,
    callees: Vec<FnId>,
}

/// What is asked of the ways that lead somewhere.
#[derive(Clone, Copy)]
pub(crate) struct Asks {
    /// A permit on the way ends it.
    permits: bool,
    /// A comparison with a limit on the way ends it, and a clock that a loop waits for.
    limits: bool,
    /// What comes with a clock counts, too.
    clocks: bool,
    /// What comes with a new configuration counts, too.
    reloads: bool,
    /// How many calls may lie between; then no queue does either.
    calls_max: Option<u32>,
}

impl Asks {
    /// Peers, up to the permits and limits on the way.
    pub(crate) const PEERS: Asks =
        Asks { permits: true, limits: true, clocks: false, reloads: false, calls_max: None };
    /// Peers who leave something behind: who has a permit says nothing of that, and one more for each new configuration
    /// is too many.
    pub(crate) const LEFT: Asks = Asks { permits: false, reloads: true, ..Asks::PEERS };
    /// Peers for whom something is done, however many there are.
    pub(crate) const SERVED: Asks = Asks { permits: false, limits: false, ..Asks::PEERS };
    /// Peers or a clock: neither the start of the program, nor what is asked once for all or told by its operator.
    pub(crate) const UNDER_WAY: Asks = Asks { clocks: true, ..Asks::SERVED };

    /// At most a few calls away, and behind no queue.
    pub(crate) fn near(self) -> Asks {
        Asks { calls_max: Some(NEAR_MAX), ..self }
    }
}

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

/// Answers where work comes from, and what waits.
pub(crate) struct Ways<'j, 'a, 'w> {
    pub(super) judged: &'j Judged<'a, 'w>,
    sends: FxHashMap<Item, Vec<(FnId, Range)>>,
    bodies: RefCell<FxHashMap<FnId, Option<Rc<Opened<'a>>>>>,
    paces: RefCell<FxHashMap<FnId, Rc<OfFunction>>>,
    pub(super) slow: RefCell<Slow>,
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
        let mut known = FxHashSet::default();
        let mut open = VecDeque::from([(id, at, 0)]);
        while let Some((id, at, calls)) = open.pop_front() {
            if known.len() > STEPS_MAX || !known.insert((id, at.start)) {
                continue;
            }
            let Some(opened) = self.open(id) else { continue };
            if self.is_typed(id)
                || asks.limits && self.is_limited(&opened, at)
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
                None if self.is_served(id) => return true,
                None if asks.calls_max == Some(calls) => {}
                None => open.extend(self.callers(id).map(|(id, at)| (id, at, calls + 1))),
            }
        }
        false
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
            Some(Entry::Message | Entry::Callback) => true,
            Some(Entry::Poll) => takes_request(),
            // What a server calls is often a trait that was generated elsewhere.
            _ => self.is_of_foreign_trait(id) && takes_request(),
        }
    }

    /// Whether a function is what an operator's command does: he types one after the other.
    fn is_typed(&self, id: FnId) -> bool {
        let program = self.judged.program;
        match program.names.function(id).owner {
            Owner::Impl(block) => {
                program.names.text(program.impls[block.ix()].trait_name).contains("Command")
            }
            _ => false,
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

    /// What the innermost loop around a position waits for that waits for anything.
    fn driver(&self, opened: &Opened<'a>, at: Range) -> Option<Pace> {
        opened.loops_around(at).into_iter().find_map(|around| {
            let region = self.head(opened, around, at);
            let mut pace = Pace::default();
            self.paces(opened, region, &mut pace);
            if pace.is_quiet() && !matches!(opened.kind(around), ExprKind::For(..)) {
                let callees = opened.inside(region).flat_map(|(call, _)| opened.own(call));
                callees.for_each(|of| self.paces_within(*of, &mut pace, 0));
            }
            (!pace.is_quiet()).then_some(pace)
        })
    }

    /// The part of a loop that decides when `at` is reached.
    fn head(&self, opened: &Opened<'a>, around: ExprId, at: Range) -> Range {
        match opened.kind(around) {
            ExprKind::While(cond, ..) if matches!(opened.kind(*cond), ExprKind::Let(..)) => {
                opened.extent(*cond)
            }
            ExprKind::For(_, over, ..) => opened.extent(*over),
            _ => {
                let all = opened.extent(around);
                let arms = opened.inside(all).filter_map(|(_, kind)| match kind {
                    ExprKind::Select(arms) => Some(arms.iter()),
                    _ => None,
                });
                let taken = arms.flatten().find(|arm| within(opened.extent(arm.body), at));
                taken.and_then(|arm| arm.future).map_or(all, |future| opened.extent(future))
            }
        }
    }

    fn paces(&self, opened: &Opened<'a>, region: Range, pace: &mut Pace) {
        for (id, kind) in opened.inside(region) {
            let of = match kind {
                ExprKind::Method(call) if opened.own(id).is_empty() => Some(call.recv),
                ExprKind::Call(..) if opened.own(id).is_empty() => None,
                // `for job in jobs`
                ExprKind::Local(_) | ExprKind::Field(..) => {
                    let is_over = opened.at(id) == region;
                    pace.queues.extend(is_over.then(|| opened.item(opened.inferred.expr(id))).flatten());
                    continue;
                }
                _ => continue,
            };
            let name = opened.called(id);
            let gives = self.judged.program.models.gives(name);
            let is_stream = || of.is_some_and(|of| is_of_connection(opened, name, of));
            if gives.tick || gives.peer && is_stream() {
                pace.own = true;
            } else if gives.peer {
                // A lock is read without a buffer, and a file is none of a peer's.
                let reads = name != Sym::new("read") || !opened.args(id).is_empty();
                let is_file = of.is_some_and(|of| {
                    opened.holds_type(opened.inferred.expr(of), &|name| name == Sym::new("File"), 0)
                });
                pace.peers |= reads && !is_file;
            } else if let Some(of) = of.filter(|_| gives.next) {
                self.next(opened, (id, of), name, pace);
            }
        }
    }

    /// `source.next()`.
    fn next(&self, opened: &Opened<'a>, (id, of): (ExprId, ExprId), name: Sym, pace: &mut Pace) {
        let ty = opened.inferred.expr(of);
        pace.reloads |= self.judged.program.names.text(opened.named(of)).contains("reload");
        if let Some(item) = opened.item(ty) {
            pace.queues.push(item);
        } else if opened.is_queue(ty) || opened.holds_type(ty, &|name| OWN.contains(&name), 0) {
            pace.own = true;
        } else {
            let polls = self.judged.program.names.text(name).starts_with("poll");
            let waits = polls || name != Sym::new("next") || opened.is_awaited(id) || opened.is_raced(id);
            pace.peers |= waits;
        }
    }

    /// What a function waits for, itself or through calls.
    fn paces_within(&self, id: FnId, pace: &mut Pace, depth: u32) {
        if depth >= DEPTH_MAX || !self.judged.summary.waits[id.ix()] {
            return;
        }
        let own = self.pace_of(id);
        pace.add(&own.pace);
        if pace.is_quiet() {
            own.callees.iter().for_each(|of| self.paces_within(*of, pace, depth + 1));
        }
    }

    /// What a function waits for itself, and whom it calls.
    fn pace_of(&self, id: FnId) -> Rc<OfFunction> {
        if let Some(known) = self.paces.borrow().get(&id) {
            return Rc::clone(known);
        }
        let mut of = OfFunction::default();
        if let Some(opened) = self.open(id) {
            let all = Range { start: 0, end: u32::MAX };
            self.paces(&opened, all, &mut of.pace);
            of.callees = opened.inside(all).flat_map(|(call, _)| opened.own(call)).copied().collect();
        }
        let of = Rc::new(of);
        self.paces.borrow_mut().insert(id, Rc::clone(&of));
        of
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

/// Whether a call accepts a stream of a connection: the transport admits so many of them at a time.
fn is_of_connection(opened: &Opened<'_>, name: Sym, of: ExprId) -> bool {
    const STREAMS: [Sym; 2] = syms(["accept_bi", "accept_uni"]);
    const CONNECTION: Sym = Sym::new("Connection");
    const NAMES: [Sym; 2] = syms(["conn", "connection"]);
    let is_connection = || opened.holds_type(opened.inferred.expr(of), &|of| of == CONNECTION, 0);
    STREAMS.contains(&name)
        || name == Sym::new("accept") && (NAMES.contains(&opened.named(of)) || is_connection())
}

impl Opened<'_> {
    /// Whether a type is the receiving end of a queue.
    pub(super) fn is_queue(&self, ty: crate::types::Ty) -> bool {
        self.queue(ty, 0).is_some()
    }

    /// What the queue carries whose receiving end a type is, or wraps.
    pub(super) fn item(&self, ty: crate::types::Ty) -> Option<Item> {
        let item = self.queue(ty, 0)??;
        Item::of(&self.inferred.types, item, 0)
    }

    fn queue(&self, ty: crate::types::Ty, depth: u32) -> Option<Option<crate::types::Ty>> {
        const ENDS: [Sym; 4] =
            syms(["Receiver", "UnboundedReceiver", "ReceiverStream", "UnboundedReceiverStream"]);
        match self.inferred.types.kind(ty) {
            TyKind::Foreign(foreign, args) if ENDS.contains(&foreign.last) => {
                (foreign.path != ONESHOT).then(|| args.first().copied())
            }
            TyKind::Foreign(_, args) if depth < 4 => args.iter().find_map(|arg| self.queue(*arg, depth + 1)),
            _ => None,
        }
    }

    /// Whether a call is the future of an arm of a race.
    fn is_raced(&self, id: ExprId) -> bool {
        self.exprs().any(|(_, expr)| match &expr.kind {
            ExprKind::Select(arms) => arms.iter().any(|arm| arm.future == Some(id)),
            _ => false,
        })
    }
}
