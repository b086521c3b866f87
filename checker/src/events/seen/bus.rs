//! The bus: what is published, what is taken off it other than by handlers, which children are spawned.

use super::{Look, Sight};
use crate::lower::attr::LocusItem;
use crate::lower::ir::{ExprId, ExprKind, TypeRef};
use crate::lower::sym::{Sym, syms};
use crate::names::{AdtId, Def};
use crate::types::{Callee, Interner, Ty, TyKind};

const PUBLISHES: [Sym; 5] = syms(["publish", "try_publish", "publish_blocking", "publish_wait", "ask"]);
const WAITS: [Sym; 2] = syms(["publish_blocking", "publish_wait"]);
const TAKES: [Sym; 6] = syms(["topic", "recv", "missed", "subscribe", "follow", "unfollow"]);
const SPAWNS: [Sym; 2] = syms(["spawn", "spawn_with"]);
const HANDLES: [Sym; 3] = syms(["TopicHandle", "Subscription", "Listener"]);

impl Look<'_, '_, '_> {
    pub(super) fn on_bus(&mut self, id: ExprId) {
        let ExprKind::Method(call) = self.kind(id) else { return };
        if PUBLISHES.contains(&call.name) {
            let topic = call.args.first().and_then(|arg| self.topic(self.walk.ty(*arg)));
            if let Some(topic) = topic {
                let waits = WAITS.contains(&call.name) || self.awaited[id.0 as usize];
                let conditional = self.is_conditional(id);
                let by_handle = self.foreign(self.walk.ty(call.recv)) == Sym::new("TopicHandle");
                self.note(Sight::Publishes { topic, waits, conditional, by_handle }, id);
            }
        }
        if TAKES.contains(&call.name) {
            for ty in &call.types {
                let topic = self.named(ty).filter(|adt| self.is_topic(*adt));
                self.seen_use(topic, false, id);
            }
        }
        let result = self.walk.ty(id);
        if let TyKind::Foreign(foreign, args) = self.walk.inferred.types.kind(result)
            && HANDLES.contains(&foreign.last)
        {
            let topic = args.first().and_then(|arg| self.topic(*arg));
            self.seen_use(topic, foreign.last == Sym::new("Subscription"), id);
        }
        let context = self.foreign(self.walk.ty(call.recv)) == Sym::new("Cx");
        if SPAWNS.contains(&call.name) && context {
            self.child(id);
        }
    }

    /// A message given to generic code, which may publish it.
    pub(super) fn given_to_generic(&mut self, id: ExprId) {
        let Some(Callee::Fns(fns)) = self.walk.inferred.callees.get(&id) else { return };
        let ExprKind::Call(_, args) = self.kind(id) else { return };
        let program = self.walk.program;
        let generic = |at: usize| {
            fns.iter().any(|of| {
                let param = program.sigs[of.ix()].params.get(at);
                param
                    .is_some_and(|ty| matches!(program.types.kind(*ty), TyKind::Param(_) | TyKind::Trait(..)))
            })
        };
        let given: Vec<AdtId> = args
            .iter()
            .enumerate()
            .filter(|(at, _)| generic(*at))
            .filter_map(|(_, arg)| self.topic(self.walk.ty(*arg)))
            .collect();
        for topic in given {
            self.note(Sight::Uses { topic, subscribes: false }, id);
        }
    }

    fn is_conditional(&self, id: ExprId) -> bool {
        let at = self.walk.at(id);
        let branches = self.walk.body.exprs.iter().enumerate().filter_map(|(index, expr)| match expr.kind {
            ExprKind::If(..) | ExprKind::Match(..) => Some(ExprId(u32::try_from(index).unwrap_or(u32::MAX))),
            _ => None,
        });
        branches.into_iter().any(|branch| super::within(self.extent(branch), at))
    }

    fn seen_use(&mut self, topic: Option<AdtId>, subscribes: bool, id: ExprId) {
        if let Some(topic) = topic {
            self.note(Sight::Uses { topic, subscribes }, id);
        }
    }

    fn child(&mut self, id: ExprId) {
        let Some(arg) = self.args(id).first() else { return };
        let made = match self.kind(*arg) {
            ExprKind::Closure(_, body, _) => *body,
            _ => *arg,
        };
        if let TyKind::Adt(adt, _) = self.walk.inferred.types.kind(self.walk.ty(made)) {
            self.note(Sight::Spawns(*adt), id);
        }
    }

    fn topic(&self, ty: Ty) -> Option<AdtId> {
        match self.walk.inferred.types.kind(ty) {
            TyKind::Adt(adt, _) => Some(*adt).filter(|adt| self.is_topic(*adt)),
            _ => None,
        }
    }

    fn is_topic(&self, adt: AdtId) -> bool {
        matches!(self.walk.program.names.adt(adt).locus, Some(LocusItem::Topic(_)))
    }

    fn named(&self, ty: &TypeRef) -> Option<AdtId> {
        let TypeRef::Path(path) = ty else { return None };
        let module = self.walk.program.names.function(self.walk.id).module;
        match self.walk.program.names.resolve(module, path, true)?.def {
            Def::Adt(adt) => Some(adt),
            _ => None,
        }
    }
}
