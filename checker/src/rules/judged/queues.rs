//! The two ends of a queue without a limit: whether its reader may fall behind, and whether its writers are peers who
//! do not wait.
//!
//! A reader falls behind where it waits for something else with each item, or where the user of a library is the
//! reader. One that only works on what it has in memory keeps up, or the program is too small for its load
//! in other ways. A writer waits where it makes a question of what it sends, and asks for the answer.

use super::Judged;
use super::asks::Asks;
use super::opened::Opened;
use super::started::is_for_one;
use super::ways::Ways;
use crate::context::Key;
use crate::events::seen::{Item, Seen, Sight, within};
use crate::load::TargetKind;
use crate::lower::ir::{ExprId, ExprKind, Range, Receiver, Vis};
use crate::lower::sym::{Sym, syms};
use crate::names::{AdtId, FnId};
use crate::types::{Interner, Ty, TyKind};
use rustc_hash::FxHashMap;

const PERMITS: [Sym; 2] = syms(["SemaphorePermit", "OwnedSemaphorePermit"]);
/// How many calls lie between a loop and the function that takes one item for it.
const DEPTH_MAX: u32 = 4;

/// Who takes what out of which queue.
pub(crate) struct Queues<'x, 'j, 'a, 'w> {
    judged: &'j Judged<'a, 'w>,
    ways: &'x Ways<'j, 'a, 'w>,
    by_key: FxHashMap<Key, Vec<(FnId, Range)>>,
    by_item: FxHashMap<Item, Vec<(FnId, Range)>>,
}

impl<'x, 'j, 'a, 'w> Queues<'x, 'j, 'a, 'w> {
    pub(crate) fn of(judged: &'j Judged<'a, 'w>, ways: &'x Ways<'j, 'a, 'w>) -> Self {
        let mut queues = Queues { judged, ways, by_key: FxHashMap::default(), by_item: FxHashMap::default() };
        for (id, seen) in judged.sights() {
            let Sight::Receives { receiver, item } = seen.sight else { continue };
            if let Some(key) = receiver.and_then(|place| Key::of(id, place)) {
                queues.by_key.entry(judged.keys.find(key)).or_default().push((id, seen.at));
            }
            if let Some(item) = item {
                queues.by_item.entry(item).or_default().push((id, seen.at));
            }
        }
        queues
    }

    /// A reader of a queue that may fall behind, and where it reads.
    pub(crate) fn reader(&self, id: FnId, made: &Seen) -> Option<(FnId, Range)> {
        let Sight::Unbounded { receiver, item, .. } = made.sight else { return None };
        if item.is_some_and(|item| self.is_counted(item)) {
            return None;
        }
        let key = receiver.and_then(|place| Key::of(id, place));
        let carried = || item.or_else(|| key.and_then(|key| self.carried(key, 0)));
        let readers = key
            .and_then(|key| self.readers(key, 0))
            .or_else(|| carried().and_then(|item| self.by_item.get(&item).map(Vec::as_slice)))?;
        readers.iter().copied().find(|(of, at)| self.falls_behind((*of, *at), (id, made.at), 0))
    }

    /// Who reads from what a name stands for, or from what callers get when it is given back.
    fn readers(&self, key: Key, depth: u32) -> Option<&[(FnId, Range)]> {
        let own = self.by_key.get(&self.judged.keys.find(key)).map(Vec::as_slice);
        let mut others = self.given_to(key, depth).into_iter().chain(self.handed_to(key, depth));
        own.or_else(|| others.find_map(|of| self.readers(of, depth + 1)))
    }

    /// What stands for an end of a queue: a name, and what callers call it when it is given back.
    pub(crate) fn names_of(&self, key: Key) -> Vec<Key> {
        let mut names = vec![key];
        let mut from = 0;
        for depth in 0..DEPTH_MAX {
            let held: Vec<Key> = names[from..].iter().flat_map(|name| self.given_to(*name, depth)).collect();
            from = names.len();
            names.extend(held);
        }
        names
    }

    /// What a queue carries whose reading end is given back, as its callers know it: a function for any type does not say.
    fn carried(&self, key: Key, depth: u32) -> Option<Item> {
        self.given_to(key, depth).into_iter().find_map(|of| {
            let Key::Local(id, local) = of else { return None };
            let opened = self.ways.open(id)?;
            opened.item(opened.local_ty(local)).or_else(|| self.carried(of, depth + 1))
        })
    }

    /// The locals of callers that hold what a function gives back of its own.
    fn given_to(&self, key: Key, depth: u32) -> Vec<Key> {
        let Key::Local(id, local) = key else { return Vec::new() };
        let opened = self.ways.open(id).filter(|_| depth < DEPTH_MAX);
        let Some(part) = opened.and_then(|opened| opened.given_as(local)) else { return Vec::new() };
        let held = self
            .ways
            .callers(id)
            .filter_map(|(caller, at)| Some(Key::Local(caller, self.ways.open(caller)?.bound_to(at, part)?)));
        held.collect()
    }

    /// The parameters of callees that get what a local holds: a local for a part of what a call gave goes by no other name.
    fn handed_to(&self, key: Key, depth: u32) -> Vec<Key> {
        let Key::Local(id, local) = key else { return Vec::new() };
        let Some(opened) = self.ways.open(id).filter(|_| depth < DEPTH_MAX) else { return Vec::new() };
        let params = opened.exprs().flat_map(|(call, _)| {
            let first = u32::from(matches!(opened.kind(call), ExprKind::Method(_)));
            let is_it = |arg: &ExprId| matches!(opened.kind(*arg), ExprKind::Local(of) if *of == local);
            let at = opened.args(call).iter().position(is_it).and_then(|at| u32::try_from(at).ok());
            let callees = at.map(|at| opened.own(call).iter().map(move |of| Key::Param(*of, at + first)));
            callees.into_iter().flatten().collect::<Vec<Key>>()
        });
        params.collect()
    }

    /// Whether what is done with an item that is taken at `at` waits for something. Of a queue that the same body makes,
    /// and takes one item out of in no loop, there is no next one.
    fn falls_behind(&self, (id, at): (FnId, Range), (maker, made): (FnId, Range), depth: u32) -> bool {
        let Some(opened) = self.ways.open(id) else { return false };
        let is_anew = |around: &ExprId| within(opened.extent(*around), made);
        if id == maker && per_item(&opened, at).is_none() && opened.loops_around(at).iter().all(is_anew) {
            return false;
        }
        match handled(&opened, at) {
            Some(region) => self.ways.is_slow_per_item(id, region),
            None => {
                let mut callers = self.ways.callers(id).peekable();
                let of_user = callers.peek().is_none() && self.is_for_users(id);
                let mut behind = |caller| self.falls_behind(caller, (maker, made), depth + 1);
                of_user || depth < DEPTH_MAX && callers.any(&mut behind)
            }
        }
    }

    /// Whether whoever uses a library calls the function.
    fn is_for_users(&self, id: FnId) -> bool {
        let names = &self.judged.program.names;
        let function = names.function(id);
        let is_lib = names.crate_of(function.module).kind == TargetKind::Lib;
        let polls = [Sym::new("poll_next"), Sym::new("poll_read")].contains(&function.name);
        is_lib && (polls || function.vis == Vis::Public)
    }

    /// Whether each queue that is made gets one message from `sent`, or as many as the text says: what sends stands where
    /// the queue is made, in no loop or closure of its own but that of a task.
    pub(crate) fn is_sent_once(&self, (maker, made): (FnId, &Seen), (sender, sent): (FnId, &Seen)) -> bool {
        let again = |opened: &Opened<'_>| {
            opened.exprs().any(|(id, expr)| {
                let all = opened.extent(id);
                let is_closure = matches!(expr.kind, ExprKind::Closure(..)) && !opened.is_task(all);
                is_closure && within(all, sent.at) && !within(all, made.at)
            })
        };
        maker == sender
            && made.in_loop == sent.in_loop
            && self.ways.open(maker).is_some_and(|opened| !again(&opened))
    }

    /// Whether a queue is made for one call: a method of something that is there gives its reading end to its caller.
    pub(crate) fn is_of_one_call(&self, id: FnId, made: &Seen) -> bool {
        let Sight::Unbounded { receiver: Some(place), .. } = made.sight else { return false };
        let names = &self.judged.program.names;
        let of_method = names.function(id).sig.is_some_and(|sig| sig.receiver != Receiver::None);
        let Some(Key::Local(_, local)) = Key::of(id, place) else { return false };
        of_method && self.ways.open(id).is_some_and(|opened| opened.hands_out(local))
    }

    /// Whether peers decide how often is sent, and the sender does not wait for an answer.
    pub(crate) fn is_fed_by_peers(&self, id: FnId, sent: &Seen) -> bool {
        self.ways.open(id).is_some_and(|opened| !self.asks(&opened, sent.at))
            && self.ways.is_driven(id, sent.at, Asks::LEFT)
    }

    /// Whether a body makes the way of an answer for what it sends, and waits for it or hands it to who does. One that
    /// it is handed, or that was there before the loop it sends in, is another's.
    fn asks(&self, opened: &Opened<'a>, sent: Range) -> bool {
        let answer = |ty: Ty| matches!(opened.inferred.types.kind(ty), TyKind::Foreign(of, _) if of.last == Sym::new("Receiver") && is_for_one(of));
        let begins = opened.loops_around(sent).first().map_or(0, |around| opened.extent(*around).start);
        let head = opened.body.root.map_or(0, |root| opened.extent(root).start).max(begins);
        let locals = opened.body.locals.iter().zip(&opened.inferred.locals);
        locals.filter(|(local, _)| local.at.start >= head).any(|(_, ty)| answer(*ty))
    }

    /// Whether what waits in a queue holds a permit, of which there are so many, or the way of an answer, for which
    /// whoever asked waits.
    fn is_counted(&self, item: Item) -> bool {
        let Item::Own(adt) = item else { return false };
        self.any_field(adt, 0) || self.ways.asks_back(adt) || self.is_registration(adt)
    }

    /// Whether an item brings the receiving end of another queue: it comes once for each of those who send into that one.
    fn is_registration(&self, adt: AdtId) -> bool {
        const ENDS: [Sym; 2] = syms(["Receiver", "UnboundedReceiver"]);
        let program = self.judged.program;
        let is_end = |ty: Ty| matches!(program.types.kind(ty), TyKind::Foreign(of, _) if ENDS.contains(&of.last) && !is_for_one(of));
        let mut fields = program.fields[adt.ix()].iter().flatten();
        !program.names.adt(adt).is_enum && fields.any(|(_, ty)| is_end(*ty))
    }

    fn any_field(&self, adt: AdtId, depth: u32) -> bool {
        let program = self.judged.program;
        let mut fields = program.fields[adt.ix()].iter().flatten();
        fields.any(|(_, ty)| self.is_permit(*ty, depth))
    }

    fn is_permit(&self, ty: Ty, depth: u32) -> bool {
        match self.judged.program.types.kind(ty) {
            _ if depth > 4 => false,
            TyKind::Foreign(of, args) => {
                PERMITS.contains(&of.last) || args.iter().any(|arg| self.is_permit(*arg, depth + 1))
            }
            TyKind::Adt(adt, _) => self.any_field(*adt, depth + 1),
            TyKind::Tuple(parts) => parts.iter().any(|part| self.is_permit(*part, depth + 1)),
            _ => false,
        }
    }
}

/// The part of a body that deals with what is taken at `at`; none where that is left to the caller.
fn handled(opened: &Opened<'_>, at: Range) -> Option<Range> {
    let arms = opened.exprs().filter_map(|(_, expr)| match &expr.kind {
        ExprKind::Select(arms) => Some(arms.iter()),
        _ => None,
    });
    let arm = arms.flatten().find(|arm| arm.future.is_some_and(|future| within(opened.extent(future), at)));
    let around = opened.loops_around(at);
    let first: Option<ExprId> = around.first().copied();
    // `for job in jobs`: the loop begins before what it goes over.
    let over = || {
        opened.exprs().find(
            |(_, expr)| matches!(expr.kind, ExprKind::For(_, over, ..) if within(opened.extent(over), at)),
        )
    };
    match (arm, first, over()) {
        (_, _, Some((id, _))) => Some(opened.extent(id)),
        (Some(arm), Some(around), _) => {
            let body = opened.extent(arm.body);
            // `let next = select! { .. }`: what follows is done with it.
            let passes =
                matches!(opened.kind(arm.body), ExprKind::Local(_) | ExprKind::Path(_) | ExprKind::Call(..));
            Some(if passes { opened.extent(around) } else { body })
        }
        (_, Some(around), _) => Some(opened.extent(around)),
        (_, None, None) => per_item(opened, at),
    }
}

/// `receiver.for_each(|item| ..)`.
fn per_item(opened: &Opened<'_>, at: Range) -> Option<Range> {
    opened.exprs().find_map(|(_, expr)| match &expr.kind {
        ExprKind::Method(call) if expr.at == at && call.name == Sym::new("for_each") => {
            call.args.first().map(|arg| opened.extent(*arg))
        }
        _ => None,
    })
}
