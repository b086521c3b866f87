//! Where the world enters a program, and what else may be called.

use super::given::types::names_a_start;
use super::shared::{WRAPS, is_shared};
use super::{Context, Often};
use crate::load::TargetKind;
use crate::lower::attr::{LocusItem, MethodRole};
use crate::lower::ir::{Body, ExprKind, Receiver, Vis};
use crate::lower::sym::{Sym, syms};
use crate::names::{AdtId, FnId, Owner};
use crate::summary::Summary;
use crate::types::{Interner, Program, Ty, TyKind};
use rustc_hash::FxHashSet;

/// Methods of foreign traits that are called with each request or poll.
const POLLS: [Sym; 9] = syms([
    "poll",
    "poll_next",
    "poll_ready",
    "call",
    "on_upgrade",
    "from_request",
    "from_request_parts",
    "on_request",
    "on_response",
]);

/// What a function is called for, other than by the code itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    /// A message, a tick, a request, a child's hook.
    Message,
    /// `run`.
    Run,
    /// `birth`, or a constructor given to the runtime.
    Birth,
    /// `drain`, `dissolve`, `Drop`.
    Exit,
    /// `main`.
    Main,
    /// An async function handed to a framework.
    Callback,
    /// `poll` and the like: whoever holds the value calls it.
    Poll,
}

/// Where the world enters programs, and where it enters demonstrations.
pub(super) fn entries(
    program: &Program<'_>,
    summary: &Summary,
    context: &mut Context,
) -> (Vec<FnId>, Vec<FnId>) {
    let mut entries = Vec::new();
    for index in 0..program.names.fns.len() {
        let id = FnId(u32::try_from(index).unwrap_or(u32::MAX));
        let is_never_made = || program.adt_of(id).is_some_and(|adt| summary.made.never.contains(&adt));
        let Some(entry) = entry_of(program, id).filter(|_| !is_never_made()) else { continue };
        context.runs[index].entry = Some(entry);
        if entry == Entry::Callback {
            context.runs[index].kept = kept(program, id);
            context.copied.extend(copies(program, id));
        }
        let is_drop = entry == Entry::Exit && !is_locus_method(program, id);
        if !is_drop {
            entries.push(id);
        }
    }
    mark_callbacks(program, summary, context);
    let is_shown =
        |id: &FnId| program.names.crate_of(program.names.function(*id).module).kind == TargetKind::Example;
    let (shown, of_programs) = entries.into_iter().partition(is_shown);
    (of_programs, shown)
}

/// Begins with what happens at some entries.
pub(super) fn enter(program: &Program<'_>, entries: &[FnId], context: &mut Context) {
    for id in entries {
        let entry = context.runs[id.ix()].entry;
        let often = match entry {
            Some(Entry::Message | Entry::Poll) => Often::PerMessage,
            Some(Entry::Run | Entry::Birth | Entry::Exit | Entry::Main) => Often::Once,
            Some(Entry::Callback) if is_route(program, *id) => {
                for at in context.runs[id.ix()].kept.clone() {
                    context.raise_param(*id, at, Often::PerMessage);
                }
                Often::PerMessage
            }
            Some(Entry::Callback) | None => continue,
        };
        context.raise(*id, often, None);
        if matches!(entry, Some(Entry::Message | Entry::Birth | Entry::Exit)) {
            context.raise_param(*id, 0, often);
            if let Some(state) = state_of_actor(program, *id) {
                context.raise_param(*id, state, often);
                context.runs[id.ix()].kept.push(state);
            }
        }
    }
}

/// Async functions that are passed on as values: `get(handler)`. One that is passed the configuration runs once with it, and
/// so does one that is called what begins a program, or reads its arguments.
fn mark_callbacks(program: &Program<'_>, summary: &Summary, context: &mut Context) {
    let sites = summary.facts.iter().flat_map(|facts| facts.calls.iter().map(move |site| (facts, site)));
    for (facts, site) in sites.filter(|(_, site)| site.is_callback) {
        let around = site.under.in_loop.and_then(|at| facts.loops.get(at as usize));
        let is_served = around.is_some_and(|around| around.serves);
        for callee in &site.callees {
            let is_async = is_served || program.names.function(*callee).sig.is_some_and(|sig| sig.is_async);
            let begins = program.sigs[callee.ix()].params.iter().any(|ty| match program.types.kind(*ty) {
                TyKind::Adt(adt, _) => names_a_start(program.names.text(program.names.adt(*adt).name)),
                _ => false,
            });
            let name = program.names.text(program.names.function(*callee).name);
            let begins = begins || name.starts_with("configure") || name.ends_with("main");
            let begins = begins || reads_arguments(program, *callee);
            if is_async && !begins && context.runs[callee.ix()].entry.is_none() {
                context.runs[callee.ix()].entry = Some(Entry::Callback);
                context.runs[callee.ix()].kept = kept(program, *callee);
                context.copied.extend(copies(program, *callee));
            }
        }
    }
}

/// Whether a function reads the arguments of the program, which come once.
fn reads_arguments(program: &Program<'_>, id: FnId) -> bool {
    const READS: [Sym; 4] =
        syms(["from_arg_matches", "from_arg_matches_mut", "try_get_matches", "try_get_matches_from"]);
    let reads = |body: &Body, kind: &ExprKind| match kind {
        ExprKind::Method(call) => READS.contains(&call.name),
        ExprKind::Call(callee, _) => {
            matches!(&body.expr(*callee).kind, ExprKind::Path(path) if READS.contains(&path.last()))
        }
        _ => false,
    };
    program.names.body(id).is_some_and(|body| body.exprs.iter().any(|expr| reads(body, &expr.kind)))
}

/// The type of the workspace that a framework hands to its handlers by copying it, where a part of it is shared.
fn copied(program: &Program<'_>, ty: Ty) -> Option<AdtId> {
    let TyKind::Adt(adt, _) = program.types.kind(ty) else { return None };
    let mut fields = program.fields[adt.ix()].iter().flatten();
    fields.any(|(_, ty)| is_shared(program, *ty) || copied(program, *ty).is_some()).then_some(*adt)
}

/// Types whose values a handler gets as copies.
fn copies(program: &Program<'_>, id: FnId) -> impl Iterator<Item = AdtId> {
    program.sigs[id.ix()].params.iter().filter_map(|ty| match program.types.kind(*ty) {
        TyKind::Foreign(foreign, args) if WRAPS.contains(&foreign.last) => {
            args.first().and_then(|arg| copied(program, *arg))
        }
        _ => None,
    })
}

/// Parameters of a handler that are names of state which outlives the request: shared by count, themselves or
/// within what the framework wraps them in. A copy of a value is none.
fn kept(program: &Program<'_>, id: FnId) -> Vec<usize> {
    let is_kept = |ty: &Ty| match program.types.kind(*ty) {
        TyKind::Foreign(foreign, _) if foreign.last == Sym::new("Data") => true,
        _ if is_shared(program, *ty) => true,
        TyKind::Foreign(foreign, args) if WRAPS.contains(&foreign.last) => {
            args.first().is_some_and(|arg| is_shared(program, *arg) || copied(program, *arg).is_some())
        }
        _ => false,
    };
    let params = program.sigs[id.ix()].params.iter().enumerate();
    params.filter(|(_, ty)| is_kept(ty)).map(|(at, _)| at).collect()
}

fn is_locus_method(program: &Program<'_>, id: FnId) -> bool {
    matches!(program.names.function(id).owner, Owner::Impl(block) if program.names.impls[block.ix()].ir.locus)
}

/// A function that an attribute makes the handler of requests: `#[post("/login")]`.
fn is_route(program: &Program<'_>, id: FnId) -> bool {
    program.names.function(id).sig.is_some_and(|sig| sig.is_route)
}

fn entry_of(program: &Program<'_>, id: FnId) -> Option<Entry> {
    let function = program.names.function(id);
    let name = |text: &str| function.name == Sym::new(text);
    if is_route(program, id) && !matches!(function.owner, Owner::Trait(_)) {
        let is_method = function.sig.is_some_and(|sig| sig.receiver != Receiver::None);
        return Some(if is_method { Entry::Message } else { Entry::Callback });
    }
    match function.owner {
        Owner::Module => {
            let krate = program.names.crate_of(function.module);
            let at_root = program.names.roots.contains(&function.module)
                || program.names.modules[function.module.ix()]
                    .parent
                    .is_some_and(|parent| program.names.roots.contains(&parent));
            // A bare file says only by its `main` that it is a program.
            let is_bare = !program.names.workspace.packages[krate.package].has_manifest;
            let may_be_program = krate.kind != TargetKind::Lib || is_bare;
            let begins = name("main") || function.sig.is_some_and(|sig| sig.begins);
            (may_be_program && begins && at_root && function.sig.is_some()).then_some(Entry::Main)
        }
        Owner::Trait(_) => None,
        Owner::Impl(block) => {
            let sig = &program.impls[block.ix()];
            if program.names.impls[block.ix()].ir.locus {
                return locus_entry(program, id);
            }
            let foreign = sig.of.is_none() && sig.trait_name != Sym::NONE;
            if foreign && sig.trait_name == Sym::new("Drop") {
                return Some(Entry::Exit);
            }
            let polls = POLLS.contains(&function.name);
            match foreign {
                true if polls => Some(Entry::Poll),
                true if is_served(program, id, sig.trait_name) => Some(Entry::Message),
                _ => None,
            }
        }
    }
}

/// Methods that a framework calls with each message: handlers of actors, and services of an interface that was
/// generated, which take a request.
fn is_served(program: &Program<'_>, id: FnId, of: Sym) -> bool {
    const HANDLERS: [Sym; 4] = syms(["Handler", "StreamHandler", "Message", "EventHandler"]);
    let function = program.names.function(id);
    let Some(sig) = function.sig.filter(|sig| sig.receiver != Receiver::None) else { return false };
    let handles = HANDLERS.contains(&of) && (sig.is_async || function.name == Sym::new("handle"));
    let takes_request = || {
        let tonic = [Sym::path("tonic::Request"), Sym::path("tonic::request::Request")];
        program.sigs[id.ix()].params.iter().any(|ty| match program.types.kind(*ty) {
            TyKind::Foreign(foreign, _) => tonic.contains(&foreign.path),
            _ => false,
        })
    };
    handles || state_of_actor(program, id).is_some() || (sig.is_async && takes_request())
}

/// The parameter that is the state of an actor, which its framework keeps and lends to the handler of each message:
/// `async fn handle(&self, myself: ActorRef<Msg>, message: Msg, state: &mut State)`.
fn state_of_actor(program: &Program<'_>, id: FnId) -> Option<usize> {
    const ACTORS: [Sym; 2] = syms(["Actor", "ThreadLocalActor"]);
    const HANDLES: [Sym; 2] = syms(["handle", "handle_supervisor_evt"]);
    const STATE: usize = 3;
    let function = program.names.function(id);
    let Owner::Impl(block) = function.owner else { return None };
    let sig = &program.impls[block.ix()];
    let handles = sig.of.is_none() && ACTORS.contains(&sig.trait_name) && HANDLES.contains(&function.name);
    let has_state = program.sigs[id.ix()].params.len() == STATE + 1;
    (handles && has_state).then_some(STATE)
}

fn locus_entry(program: &Program<'_>, id: FnId) -> Option<Entry> {
    let function = program.names.function(id);
    let role = function.sig.and_then(|sig| sig.role.as_deref());
    if let Some(MethodRole::On(_) | MethodRole::Every | MethodRole::Hook | MethodRole::Route) = role {
        return Some(Entry::Message);
    }
    if is_told_of_missed(program, function) {
        return Some(Entry::Message);
    }
    let text = program.names.text(function.name);
    match text {
        "run" => Some(Entry::Run),
        "birth" => Some(Entry::Birth),
        "drain" | "dissolve" => Some(Entry::Exit),
        "accept" | "release" | "on_failure" | "on_missed" => Some(Entry::Message),
        _ => None,
    }
}

/// `#[on(missed = name)]` on another method of the same impl.
fn is_told_of_missed(program: &Program<'_>, function: &crate::names::Function<'_>) -> bool {
    let Owner::Impl(block) = function.owner else { return false };
    program.names.impls[block.ix()].fns.iter().any(|other| {
        let role = program.names.function(*other).sig.and_then(|sig| sig.role.as_deref());
        matches!(role, Some(MethodRole::On(on)) if on.missed == Some(function.name))
    })
}

/// Whether a type is declared as a locus.
pub(crate) fn is_locus(program: &Program<'_>, adt: crate::names::AdtId) -> bool {
    matches!(program.names.adt(adt).locus, Some(LocusItem::Locus(_)))
}

/// Marks what may be called by code that is not seen, and all that it calls.
pub(super) fn may_run(program: &Program<'_>, summary: &Summary, context: &mut Context) {
    let mentioned: FxHashSet<Sym> =
        summary.facts.iter().flat_map(|facts| facts.mentions.iter().copied()).collect();
    let mut pending = Vec::new();
    for index in 0..program.names.fns.len() {
        let id = FnId(u32::try_from(index).unwrap_or(u32::MAX));
        let function = program.names.function(id);
        if matches!(context.runs[index].entry, Some(Entry::Exit)) {
            continue;
        }
        let is_public = function.vis == Vis::Public
            && program.names.crate_of(function.module).kind == TargetKind::Lib
            && !is_locus_method(program, id)
            && !program.adt_of(id).is_some_and(|adt| is_locus(program, adt));
        let of_trait = match function.owner {
            Owner::Impl(block) => program.impls[block.ix()].trait_name != Sym::NONE,
            _ => false,
        };
        let handed_on = matches!(context.runs[index].entry, Some(Entry::Callback));
        if is_public || of_trait || handed_on || mentioned.contains(&function.name) {
            context.runs[index].may_run = true;
            pending.push(id);
        }
    }
    while let Some(id) = pending.pop() {
        for callee in summary.facts[id.ix()].calls.iter().flat_map(|site| site.callees.iter()) {
            let runs = &mut context.runs[callee.ix()];
            if !runs.may_run && !matches!(runs.entry, Some(Entry::Exit)) {
                runs.may_run = true;
                pending.push(*callee);
            }
        }
    }
}
