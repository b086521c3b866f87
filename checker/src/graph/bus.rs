//! Who publishes what and who takes it, over the whole workspace: what the graph and the rules about the bus start from.

use crate::context::Reach;
use crate::events::seen::Sight;
use crate::lower::attr::{LocusDecl, LocusItem, MethodRole, OnIr, Policy, TopicDecl};
use crate::lower::ir::{Range, TypeRef};
use crate::lower::sym::Sym;
use crate::names::{AdtId, Def, FnId, ModId, Owner};
use crate::summary::Summary;
use crate::types::{Interner, Program, Ty, TyKind};
use rustc_hash::FxHashSet;

/// Deepest nesting of a type that is searched for handles.
const HANDLE_DEPTH_MAX: u32 = 6;

/// Deepest nesting of a type that is searched for loci: `Child<T>`, `Option<Child<T>>` and the like.
const LOCUS_DEPTH_MAX: u32 = 4;

/// A call that publishes or asks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Publish {
    pub(crate) topic: AdtId,
    pub(crate) id: FnId,
    pub(crate) at: Range,
    pub(crate) by_handle: bool,
}

/// A message that a handler of one topic publishes, of another or the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Feed {
    pub(crate) from: AdtId,
    pub(crate) to: AdtId,
    pub(crate) handler: FnId,
    /// Where the publish stands.
    pub(crate) id: FnId,
    pub(crate) at: Range,
}

/// The bus as the source of a workspace declares and uses it.
#[derive(Debug, Default)]
pub(crate) struct Bus {
    /// In the order of functions.
    pub(crate) publishes: Vec<Publish>,
    /// Subscriptions made in code, in the order of functions.
    pub(crate) subscribes: Vec<(AdtId, FnId)>,
    /// Handlers whose topic is known.
    pub(crate) handlers: Vec<(AdtId, FnId)>,
    /// Topics that generic code or code outside the loci may publish or take.
    pub(crate) held: FxHashSet<AdtId>,
    /// Topics with a binding.
    pub(crate) bound: FxHashSet<AdtId>,
    /// Topics that a `run` receives.
    pub(crate) received: FxHashSet<AdtId>,
    /// What handlers publish over queues that block, in the order of topics.
    pub(crate) feeds: Vec<Feed>,
}

impl Bus {
    pub(crate) fn of(program: &Program<'_>, summary: &Summary) -> Self {
        let mut bus = Self::default();
        // Most workspaces hold no loci, and nothing of theirs is about a topic.
        if program.names.adts.iter().all(|adt| adt.locus.is_none()) {
            return bus;
        }
        for (id, facts) in (0_u32..).map(FnId).zip(&summary.facts) {
            for seen in &facts.seen {
                match seen.sight {
                    Sight::Publishes { topic, by_handle, .. } => {
                        bus.publishes.push(Publish { topic, id, at: seen.at, by_handle });
                    }
                    Sight::Uses { topic, subscribes } => {
                        bus.held.insert(topic);
                        if subscribes {
                            bus.subscribes.push((topic, id));
                        }
                    }
                    _ => {}
                }
            }
            if on_of(program, id).is_some() && is_locus_method(program, id) {
                bus.handlers.extend(topic_of(program, id).map(|topic| (topic, id)));
            }
        }
        for adt in &program.names.adts {
            let Some(LocusItem::Locus(decl)) = adt.locus else { continue };
            let found = |ty: &TypeRef| named(program, adt.module, ty);
            bus.bound.extend(decl.binds.iter().filter_map(|(ty, ..)| found(ty)));
            bus.received.extend(decl.receives.iter().filter_map(|one| found(&one.topic)));
        }
        for ty in program.fields.iter().flatten().flatten().map(|(_, ty)| *ty) {
            held(program, ty, 0, &mut bus.held);
        }
        for ty in program.sigs.iter().flat_map(|sig| sig.params.iter().chain(&sig.ret).copied()) {
            held(program, ty, 0, &mut bus.held);
        }
        bus.feeds = feeds(program, summary, &bus.handlers);
        bus
    }

    /// Whether anything but handlers may publish or take a topic.
    pub(crate) fn is_used_otherwise(&self, topic: AdtId) -> bool {
        [&self.held, &self.bound, &self.received].iter().any(|set| set.contains(&topic))
    }
}

/// What `#[on(..)]` says of a function.
pub(crate) fn on_of(program: &Program<'_>, id: FnId) -> Option<OnIr> {
    match program.names.function(id).sig?.role.as_deref() {
        Some(MethodRole::On(on)) => Some(*on),
        _ => None,
    }
}

/// Whether a function stands in a `#[locus] impl`.
pub(crate) fn is_locus_method(program: &Program<'_>, id: FnId) -> bool {
    matches!(program.names.function(id).owner, Owner::Impl(block) if program.names.impls[block.ix()].ir.locus)
}

/// The topic that a handler takes.
pub(crate) fn topic_of(program: &Program<'_>, id: FnId) -> Option<AdtId> {
    let mut at = *program.sigs[id.ix()].params.get(1)?;
    for _ in 0..3 {
        match program.types.kind(at) {
            TyKind::Adt(adt, _) => return Some(*adt),
            TyKind::Foreign(_, args) => at = *args.first()?,
            _ => return None,
        }
    }
    None
}

/// What `#[topic(..)]` says of a type.
pub(crate) fn topic_decl<'p>(program: &'p Program<'_>, topic: AdtId) -> Option<&'p TopicDecl> {
    match program.names.adt(topic).locus {
        Some(LocusItem::Topic(decl)) => Some(decl),
        _ => None,
    }
}

/// What `#[locus(..)]` says of a type.
pub(crate) fn locus_decl<'p>(program: &'p Program<'_>, locus: AdtId) -> Option<&'p LocusDecl> {
    match program.names.adt(locus).locus {
        Some(LocusItem::Locus(decl)) => Some(decl),
        _ => None,
    }
}

/// The type of the workspace that is written as `ty` in `module`.
pub(crate) fn named(program: &Program<'_>, module: ModId, ty: &TypeRef) -> Option<AdtId> {
    let TypeRef::Path(path) = ty else { return None };
    match program.names.resolve(module, path, true)?.def {
        Def::Adt(adt) => Some(adt),
        _ => None,
    }
}

/// The loci in a type, which runs them if it is the type of a part or of a child.
pub(crate) fn loci_in(program: &Program<'_>, ty: Ty, found: &mut Vec<AdtId>) {
    loci_below(program, ty, 0, found);
}

fn loci_below(program: &Program<'_>, ty: Ty, depth: u32, found: &mut Vec<AdtId>) {
    match program.types.kind(ty) {
        TyKind::Adt(adt, _) if locus_decl(program, *adt).is_some() => found.push(*adt),
        TyKind::Foreign(_, args) if depth < LOCUS_DEPTH_MAX => {
            args.iter().for_each(|arg| loci_below(program, *arg, depth + 1, found));
        }
        _ => {}
    }
}

/// `TopicHandle<T>` and the like, in a field or a signature; also a `T` that generic code may publish.
fn held(program: &Program<'_>, ty: Ty, depth: u32, used: &mut FxHashSet<AdtId>) {
    const HANDLES: [&str; 5] = ["TopicHandle", "Listener", "Subscription", "Delivery", "Ask"];
    if depth > HANDLE_DEPTH_MAX {
        return;
    }
    let (is_handle, args) = match program.types.kind(ty) {
        TyKind::Foreign(foreign, args) => (HANDLES.iter().any(|name| Sym::new(name) == foreign.last), args),
        // Generic code: `Feeder<Raw>` publishes what it is given.
        TyKind::Adt(_, args) => (true, args),
        _ => return,
    };
    for arg in args {
        match program.types.kind(*arg) {
            TyKind::Adt(adt, _) if is_handle => {
                used.insert(*adt);
            }
            _ => held(program, *arg, depth + 1, used),
        }
    }
}

/// Edges between topics: handlers that take from a queue which blocks, and what they reach that publishes.
fn feeds(program: &Program<'_>, summary: &Summary, handlers: &[(AdtId, FnId)]) -> Vec<Feed> {
    let blocks = |(topic, id): &&(AdtId, FnId)| {
        let on = on_of(program, *id).is_some_and(|on| !on.inline && !on.drops());
        on && topic_decl(program, *topic).is_some_and(|decl| decl.on_full == Policy::Block)
    };
    let mut feeds = Vec::new();
    for (from, handler) in handlers.iter().filter(blocks) {
        let reach = Reach::of(summary, [*handler]);
        for (id, facts) in (0_u32..).map(FnId).zip(&summary.facts).filter(|(id, _)| reach.contains(*id)) {
            for seen in &facts.seen {
                let Sight::Publishes { topic: to, conditional, .. } = seen.sight else { continue };
                // One in, one out, until a condition says stop: a locus that asks itself to go on.
                if to != *from || !conditional || seen.in_loop.is_some() {
                    feeds.push(Feed { from: *from, to, handler: *handler, id, at: seen.at });
                }
            }
        }
    }
    // Those of one topic stay in the order in which they were found.
    feeds.sort_by_key(|feed| feed.from);
    feeds
}
