//! What a loop waits for, and so who decides how often it turns: peers, a clock or the work that the program itself has
//! begun, or whoever sends into a queue.

use super::opened::Opened;
use super::ways::Ways;
use crate::events::seen::{Item, within};
use crate::lower::ir::{ExprId, ExprKind, Range};
use crate::lower::sym::{Sym, syms};
use crate::names::FnId;
use crate::types::{Interner, Ty, TyKind};
use std::rc::Rc;

/// Functions whose waits count as those of a loop that calls them.
const DEPTH_MAX: u32 = 4;
/// What gives the work that the program itself has begun, and time.
const OWN: [Sym; 10] = syms([
    "Interval",
    "IntervalStream",
    "JoinSet",
    "FuturesUnordered",
    "DelayQueue",
    "Sleep",
    "Signal",
    "Signals",
    "Notify",
    "WatchStream",
]);
const ONESHOT: Sym = Sym::path("tokio::sync::oneshot::Receiver");

/// What a loop waits for.
#[derive(Default)]
pub(super) struct Pace {
    pub(super) peers: bool,
    pub(super) own: bool,
    pub(super) reloads: bool,
    pub(super) queues: Vec<Item>,
}

impl Pace {
    fn is_quiet(&self) -> bool {
        !self.peers && !self.own && self.queues.is_empty()
    }

    pub(super) fn is_clock(&self) -> bool {
        self.own && !self.peers && self.queues.is_empty()
    }

    fn add(&mut self, other: &Pace) {
        self.peers |= other.peers;
        self.own |= other.own;
        self.reloads |= other.reloads;
        self.queues.extend(&other.queues);
    }
}

/// What a function waits for, wherever in it, and whom it calls.
#[derive(Default)]
pub(super) struct OfFunction {
    pace: Pace,
    callees: Vec<FnId>,
}

impl<'a> Ways<'_, 'a, '_> {
    /// What the innermost loop around a position waits for that waits for anything.
    pub(super) fn driver(&self, opened: &Opened<'a>, at: Range) -> Option<Pace> {
        self.driving(opened, at).map(|(_, pace)| pace)
    }

    /// The same, with how many loops within that one wait for nothing.
    pub(super) fn driving(&self, opened: &Opened<'a>, at: Range) -> Option<(usize, Pace)> {
        opened.loops_around(at).into_iter().enumerate().find_map(|(within, around)| {
            let region = self.head(opened, around, at);
            let mut pace = Pace::default();
            self.paces(opened, region, &mut pace);
            if pace.is_quiet() && !matches!(opened.kind(around), ExprKind::For(..)) {
                let callees = opened.inside(region).flat_map(|(call, _)| opened.own(call));
                callees.for_each(|of| self.paces_within(*of, &mut pace, 0));
            }
            (!pace.is_quiet()).then_some((within, pace))
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

    pub(super) fn paces(&self, opened: &Opened<'a>, region: Range, pace: &mut Pace) {
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
        pace.reloads |= self.judged.program.names.text(opened.named(of)).split('_').any(is_reload);
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
        if depth >= DEPTH_MAX || !(self.judged.summary.waits[id.ix()] || self.reads_any(id)) {
            return;
        }
        let own = self.pace_of(id);
        pace.add(&own.pace);
        if pace.is_quiet() {
            own.callees.iter().for_each(|of| self.paces_within(*of, pace, depth + 1));
        }
    }

    /// Whether an async function is given any `R: AsyncRead`: what it reads from that is not known to wait.
    fn reads_any(&self, id: FnId) -> bool {
        let program = self.judged.program;
        let any = |ty: &Ty| matches!(program.types.kind(*ty), TyKind::Param(_));
        self.is_async(id) && program.sigs[id.ix()].params.iter().any(any)
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
}

/// Whether a word of a name speaks of settings that are read anew.
fn is_reload(word: &str) -> bool {
    ["reload", "reloads", "reloaded"].contains(&word)
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
    pub(super) fn is_queue(&self, ty: Ty) -> bool {
        self.queue(ty, 0).is_some()
    }

    /// What the queue carries whose receiving end a type is, or wraps.
    pub(super) fn item(&self, ty: Ty) -> Option<Item> {
        let item = self.queue(ty, 0)??;
        Item::of(&self.inferred.types, item, 0)
    }

    fn queue(&self, ty: Ty, depth: u32) -> Option<Option<Ty>> {
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
