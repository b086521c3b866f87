//! Whether a region of a body waits for anything but itself: for the network, a disk, time, room in a queue.
//!
//! Decided by what is awaited: an await that leads into the workspace is as slow as the functions it leads to, any
//! other counts as slow, and so does a call that blocks its thread. What is handed to tasks and threads on the way
//! runs elsewhere and does not count.

use super::opened::Opened;
use super::ways::Ways;
use crate::lower::ir::{ExprId, ExprKind, Range};
use crate::lower::sym::{Sym, syms};
use crate::names::FnId;
use crate::types::{Callee, Interner, TyKind};

/// Longest way down the calls.
const DEPTH_MAX: u32 = 10;
/// Methods that only wrap what is awaited.
const WRAPS: [Sym; 10] = syms([
    "instrument",
    "boxed",
    "boxed_local",
    "fuse",
    "map",
    "map_err",
    "map_ok",
    "unwrap_or_else",
    "in_current_span",
    "into_future",
]);
const LOCKS: [Sym; 5] = syms(["lock", "read", "write", "lock_owned", "write_owned"]);
/// What waits until a disk has what it was given.
const SYNCS: [Sym; 4] = syms(["sync_data", "sync_all", "fsync", "fdatasync"]);
/// What gives the thread away once, and goes on.
const GOES_ON: [Sym; 4] = syms(["yield_now", "ready", "consume_budget", "pending"]);

impl Ways<'_, '_, '_> {
    /// Whether what runs in a region of `id` waits for something.
    pub(crate) fn is_slow(&self, id: FnId, region: Range) -> bool {
        self.slow_region(id, region, 1)
    }

    /// Whether what is done with an item in a region of `id`, which takes it, waits for anything but the next.
    pub(crate) fn is_slow_per_item(&self, id: FnId, region: Range) -> bool {
        self.slow_region(id, region, 0)
    }

    fn slow_region(&self, id: FnId, region: Range, depth: u32) -> bool {
        let Some(opened) = self.open(id) else { return false };
        let takes = |at: ExprId| depth == 0 && self.is_receive(&opened, at);
        opened.inside(region).any(|(at, kind)| match kind {
            ExprKind::Await(inner) => !takes(*inner) && self.is_slow_await(&opened, *inner, depth),
            ExprKind::Call(..) | ExprKind::Method(_) => {
                let callable = opened.callable(self.judged.program, at);
                let syncs = SYNCS.contains(&opened.called(at)) && opened.own(at).is_empty();
                let blocks = syncs || callable.is_some_and(|callable| callable.blocks);
                let is_called = |of: &FnId| !self.is_async(*of) && self.is_slow_fn(*of, depth + 1);
                !opened.is_awaited(at) && !takes(at) && (blocks || opened.own(at).iter().any(is_called))
            }
            ExprKind::Select(arms) => {
                let futures = arms.iter().filter_map(|arm| arm.future);
                !futures.map(|of| opened.extent(of)).any(|of| opened.inside(of).any(|(at, _)| takes(at)))
            }
            _ => false,
        })
    }

    fn is_slow_await(&self, opened: &Opened<'_>, awaited: ExprId, depth: u32) -> bool {
        let mut at = awaited;
        for _ in 0..6 {
            match opened.kind(at) {
                ExprKind::Method(call) if WRAPS.contains(&call.name) && opened.own(at).is_empty() => {
                    at = call.recv
                }
                ExprKind::Call(_, args) if args.len() == 1 && opened.called(at) == Sym::new("pin") => {
                    at = args[0]
                }
                ExprKind::Async(_) => return false,
                _ => break,
            }
        }
        if GOES_ON.contains(&opened.called(at)) || self.locks(opened, at) {
            return false;
        }
        match opened.inferred.callees.get(&at) {
            Some(Callee::Fns(fns)) => fns.iter().any(|of| self.is_slow_fn(*of, depth + 1)),
            Some(Callee::Ctor(_)) => false,
            _ => true,
        }
    }

    /// A lock is held for as long as others work with it: what they do under it counts where they do it.
    fn locks(&self, opened: &Opened<'_>, id: ExprId) -> bool {
        let ExprKind::Method(call) = opened.kind(id) else { return false };
        let is_lock = |name: Sym| name == Sym::new("Mutex") || name == Sym::new("RwLock");
        LOCKS.contains(&call.name)
            && call.args.is_empty()
            && opened.own(id).is_empty()
            && (call.name == Sym::new("lock")
                || opened.holds_type(opened.inferred.expr(call.recv), &is_lock, 0))
    }

    pub(super) fn is_slow_fn(&self, id: FnId, depth: u32) -> bool {
        let outermost = {
            let mut slow = self.slow.borrow_mut();
            slow.rests_on_open |= slow.open.contains(&id) || depth > DEPTH_MAX;
            if let Some(known) = slow.of.get(&id) {
                return *known;
            }
            if depth > DEPTH_MAX {
                return true;
            }
            // Functions that call each other are as slow as what else they do.
            slow.of.insert(id, false);
            slow.open.push(id);
            slow.open.len() == 1
        };
        let all = Range { start: 0, end: u32::MAX };
        let has_body = self.judged.program.names.body(id).is_some();
        let answer = if has_body { self.slow_region(id, all, depth) } else { self.is_async(id) };
        let mut slow = self.slow.borrow_mut();
        slow.open.pop();
        slow.of.insert(id, answer);
        if !outermost {
            slow.on_the_way.push(id);
        } else if std::mem::take(&mut slow.rests_on_open) {
            // Asked for themselves, those on the way may be slow after all.
            for of in std::mem::take(&mut slow.on_the_way) {
                slow.of.remove(&of);
            }
        } else {
            slow.on_the_way.clear();
        }
        answer
    }

    /// Whether what a function gives has to be awaited.
    pub(super) fn is_async(&self, id: FnId) -> bool {
        let program = self.judged.program;
        let declared = program.names.function(id).sig.is_some_and(|sig| sig.is_async);
        let future = |name: Sym| name == Sym::new("Future") || name == Sym::new("BoxFuture");
        declared || {
            let ret = program.sigs[id.ix()].ret;
            ret.is_some_and(
                |ret| matches!(program.types.kind(ret), TyKind::Foreign(of, _) if future(of.last)),
            )
        }
    }
}
