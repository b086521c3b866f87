//! `blocking-in-handler`: a call that holds up the thread on which everybody else runs, too.

mod handed;
mod kernel;

use crate::context::{Entry, Often};
use crate::declare_rule;
use crate::events::seen::{Seen, Sight, within};
use crate::finding::{Confidence, Finding};
use crate::lower::attr::{ContractKind, LocusItem, MethodRole};
use crate::lower::ir::{ExprKind, Range, Receiver};
use crate::lower::sym::Sym;
use crate::names::{AdtId, FnId};
use crate::rule::{Level, Shape};
use crate::rules::judged::asks::Asks;
use crate::rules::judged::ways::Ways;
use crate::rules::judged::{Judged, Reach, Says, is_locus_method};
use crate::types::{Interner, TyKind};
use handed::handed_on;
use rustc_hash::{FxHashMap, FxHashSet};
use std::cell::LazyCell;

/// In a handler.
pub static HANDLER: Shape =
    Shape::certain("blocks-a-pool", "a handler, timer or `run` calls what holds up its thread");

/// In async code of any runtime.
pub static ASYNC: Shape =
    Shape::certain("blocks-an-executor", "an async function calls what holds up its thread");

/// A route that awaits and borrows its locus.
pub static ROUTE: Shape = Shape::certain(
    "route-holds-its-locus",
    "a route that awaits holds its locus, so that requests come one by one",
);

/// A promise not to block, broken.
pub static PROMISED: Shape = Shape::certain(
    "promised-not-to-block",
    "what `#[locus::no_block]` stands on calls what holds up its thread",
);

declare_rule! {
    pub static RULE = {
        name: "blocking-in-handler",
        summary: "a handler calls what holds up its thread, and everything else that runs there",
        level: Level::Warn,
        since: "0.1.0",
        shapes: [&HANDLER, &ASYNC, &ROUTE, &PROMISED],
        doc: include_str!("../../../docs/rules/blocking-in-handler.md"),
    }
}

/// Reports blocking calls that handlers, async functions and promises reach.
pub(super) fn check(judged: &Judged<'_, '_>, findings: &mut Vec<Finding>) {
    let pinned = pinned_loci(judged);
    let promised: Vec<FnId> = judged.functions().filter(|id| promises(judged, *id)).collect();
    let promise = Reach::of(judged.summary, promised);
    let ways = Ways::of(judged);
    let on_executor = on_executor(judged);
    let mut async_ones = Vec::new();
    for (id, seen) in judged.sights() {
        let Sight::Blocks { name, slight } = &seen.sight else { continue };
        let is_asked = promise.contains(id) || judged.on_pool.contains(id) || on_executor.contains(&id);
        if !is_asked
            || judged.summary.facts[id.ix()].on_thread(seen.at)
            || handed_on(judged, id).iter().any(|closure| within(*closure, seen.at))
        {
            continue;
        }
        if promise.contains(id) {
            findings.push(judged.with_way(blocks(judged, id, seen, (&PROMISED, name)), &promise, id));
        } else if judged.on_pool.contains(id) {
            let (entry, _) = judged.on_pool.chain(id);
            let alone = judged.program.adt_of(entry).is_some_and(|adt| pinned.get(&adt) == Some(&true));
            if !alone {
                findings.push(judged.with_way(
                    blocks(judged, id, seen, (&HANDLER, name)),
                    &judged.on_pool,
                    id,
                ));
            }
        } else if on_executor.contains(&id)
            && !slight
            && judged.is_per_message(id, seen)
            && !is_command(judged, id)
            && !kernel::is_read(judged, id, seen.at)
            && ways.is_driven(id, seen.at, Asks::UNDER_WAY)
        {
            let mut finding = blocks(judged, id, seen, (&ASYNC, name));
            // Far from peers it is mostly rare, or small, or nobody else runs there; and a future that its program only
            // blocks on has the thread to itself, unless a handler is sure to lead there.
            let is_near = judged.serves_closely(id) && ways.is_driven(id, seen.at, Asks::SERVED.near());
            // A thread that is waited for has mostly ended by then.
            finding.confidence = match () {
                () if is_near && &**name != "join" => Confidence::Certain,
                () if is_near => Confidence::Likely,
                () => Confidence::Nursery,
            };
            async_ones.push(((judged.package_of(id), &**name), judged.with_chain(finding, id)));
        }
    }
    findings.extend(said_once(async_ones));
    findings.extend(judged.functions().filter_map(|id| route(judged, id)));
}

/// Lowers what a package does all over: it is its way of working, which one finding says as well as a hundred.
fn said_once<'n>(found: Vec<((String, &'n str), Finding)>) -> Vec<Finding> {
    const SAID_MAX: usize = 3;
    let mut times: FxHashMap<(String, &'n str), usize> = FxHashMap::default();
    for (of, _) in found.iter().filter(|(_, finding)| finding.confidence == Confidence::Certain) {
        *times.entry(of.clone()).or_default() += 1;
    }
    let mut said = FxHashSet::default();
    let lowered = found.into_iter().map(|(of, mut finding)| {
        let times = times.get(&of).copied().unwrap_or_default();
        if finding.confidence != Confidence::Certain || times <= SAID_MAX {
            return finding;
        }
        let name = of.1;
        if said.insert(of) {
            let others = times - 1;
            return finding.note(format!(
                "{others} more calls of `{name}` in this package do the same: `--survey` shows them"
            ));
        }
        finding.confidence = Confidence::Likely;
        finding
    });
    lowered.collect()
}

fn blocks(judged: &Judged<'_, '_>, id: FnId, seen: &Seen, of: (&'static Shape, &str)) -> Finding {
    let (shape, name) = of;
    let message = match shape.name {
        "promised-not-to-block" => {
            format!("`{name}` holds up its thread, which `#[locus::no_block]` rules out")
        }
        "blocks-a-pool" => format!("`{name}` holds up the pool, and every locus on it"),
        _ => format!("`{name}` holds up a thread of the executor"),
    };
    let says = Says::new(message, "waits here, and nothing else runs meanwhile", help(name));
    judged.finding(id, seen.at, (&RULE, shape), says)
}

fn help(name: &str) -> &'static str {
    let is = |part: &str| name.contains(part);
    match () {
        () if is("sleep") => "use `cx.after(..)` or `#[every(..)]`, or `tokio::time::sleep(..).await`",
        () if is("block_on") => "await it: make this function async, or hand the future to `cx.go(..)`",
        () if is("recv") || is("iter") => "await the message, or let it come as a topic",
        () if is("join") => "await the task, or let the thread publish what it found",
        () if is("fs::") || is("File::") || is("read_to") => {
            "hand it to `cx.submit(..)` or `spawn_blocking`, or use `tokio::fs`"
        }
        () if is("output") || is("status") => {
            "use `tokio::process`, or hand it to `spawn_blocking` or `cx.submit(..)`"
        }
        () if is("connect") => "use `tokio::net`, and connect in `run`",
        () => "hand it to `cx.submit(..)` or `spawn_blocking`, or use what can be awaited",
    }
}

/// Whether a locus is placed pinned wherever it is placed: alone on its thread, it holds up nobody else.
fn pinned_loci(judged: &Judged<'_, '_>) -> FxHashMap<AdtId, bool> {
    let program = judged.program;
    let mut pinned = FxHashMap::default();
    for (index, adt) in program.names.adts.iter().enumerate() {
        let Some(LocusItem::Locus(decl)) = adt.locus else { continue };
        if !decl.main {
            continue;
        }
        let declared = adt.variants.iter().flat_map(|(_, fields)| fields.iter());
        let typed = program.fields[index].iter().flatten();
        for (field, (_, ty)) in declared.zip(typed) {
            if let TyKind::Adt(of, _) = program.types.kind(*ty) {
                let alone = field.place.as_ref().is_some_and(|place| place.pinned);
                pinned.entry(*of).and_modify(|known| *known &= alone).or_insert(alone);
            }
        }
    }
    pinned
}

fn is_async(judged: &Judged<'_, '_>, id: FnId) -> bool {
    judged.program.names.function(id).sig.is_some_and(|sig| sig.is_async)
}

/// Whether a function belongs to a program that a user runs for one thing, where nobody else waits.
fn is_command(judged: &Judged<'_, '_>, id: FnId) -> bool {
    let is = |name: &str| name.ends_with("cli") || name.ends_with("ctl");
    is(judged.crate_name(id)) || is(&judged.package_of(id))
}

/// Async functions, and functions near handlers: what a handler of a framework, or the task of a connection, calls with every
/// message where it stands, up to `CALLS_MAX` calls away. Calls that a trait decides, and what is handed to other threads,
/// lead nowhere here.
fn on_executor(judged: &Judged<'_, '_>) -> FxHashSet<FnId> {
    const CALLS_MAX: u32 = 3;
    let mut on_executor: FxHashSet<FnId> = judged.functions().filter(|id| is_async(judged, *id)).collect();
    let is_handler = |id: &FnId| {
        let entry = judged.context.runs[id.ix()].entry;
        is_async(judged, *id)
            && (matches!(entry, Some(Entry::Message | Entry::Callback)) || judged.serves_closely(*id))
    };
    let mut open: Vec<FnId> = judged.functions().filter(is_handler).collect();
    for _ in 0..CALLS_MAX {
        let mut next = Vec::new();
        for id in open {
            let facts = &judged.summary.facts[id.ix()];
            let elsewhere = LazyCell::new(|| [in_place(judged, id), handed_on(judged, id)].concat());
            let hands_over = |at: Range| facts.on_thread(at) || elsewhere.iter().any(|of| within(*of, at));
            for site in facts.calls.iter().filter(|site| !site.is_callback) {
                let [callee] = site.callees[..] else { continue };
                let often = judged.context.often(judged.summary, id, &site.under);
                if often == Some(Often::PerMessage) && !hands_over(site.at) {
                    on_executor.insert(callee);
                    next.push(callee);
                }
            }
        }
        open = next;
    }
    on_executor
}

/// Where a function has told its executor that it is going to wait.
fn in_place(judged: &Judged<'_, '_>, id: FnId) -> Vec<Range> {
    const IN_PLACE: Sym = Sym::new("block_in_place");
    let Some(body) = judged.program.names.body(id) else { return Vec::new() };
    let calls = body.exprs.iter().filter_map(|expr| match &expr.kind {
        ExprKind::Call(callee, args) => match &body.expr(*callee).kind {
            ExprKind::Path(path) if path.last() == IN_PLACE => Some(args),
            _ => None,
        },
        _ => None,
    });
    calls.flatten().map(|arg| body.extent(*arg)).collect()
}

fn promises(judged: &Judged<'_, '_>, id: FnId) -> bool {
    judged.under_contract(id).any(|contract| contract.kind == ContractKind::NoBlock)
}

/// An async route with `&mut self` that awaits.
fn route(judged: &Judged<'_, '_>, id: FnId) -> Option<Finding> {
    let function = judged.program.names.function(id);
    let sig = function.sig.filter(|sig| sig.is_async && sig.receiver == Receiver::Mut)?;
    let is_route =
        matches!(sig.role.as_deref(), Some(MethodRole::Route)) && is_locus_method(judged.program, id);
    // Code that was not read is only looked at where it matters.
    let code = if is_route { judged.program.names.body(id) } else { None };
    let awaits =
        code.is_some_and(|body| body.exprs.iter().any(|expr| matches!(expr.kind, ExprKind::Await(_))));
    let says = Says::new(
        "this route awaits while it holds its locus, so that one slow request stalls all",
        "no other request, message or timer gets in meanwhile",
        "take `run: Run<Self>` instead of `&mut self`, and reach the state in `run.with(..)`",
    );
    let finding = judged.finding(id, function.at, (&RULE, &ROUTE), says);
    awaits.then(|| finding.note("looked in the route for an await: there is one"))
}

#[cfg(test)]
mod tests {
    use crate::finding::Confidence;
    use crate::load::{TargetKind, Workspace};
    use crate::rules::check;

    const SERVER: &str = "#[tokio::main] async fn main() -> std::io::Result<()> {
let at = tokio::net::TcpListener::bind(\"127.0.0.1:7310\").await?;
loop { let (_, from) = at.accept().await?; println!(\"{from} {}\", std::fs::read(\"page\").is_ok()); } }";

    #[test]
    fn what_a_package_does_all_over_is_said_once() {
        for (calls, certain) in [(1, 1), (3, 3), (4, 1), (9, 1)] {
            let asked = vec!["std::fs::read(\"page\").is_ok()"; calls].join(" | ");
            let text = "#[tokio::main] async fn main() -> std::io::Result<()> {
                let at = tokio::net::TcpListener::bind(\"127.0.0.1:7310\").await?;
                loop { let (socket, _) = at.accept().await?; tokio::spawn(serve(socket)); } }
                async fn serve(socket: tokio::net::TcpStream) { println!(\"{socket:?} {}\", ASKED); }";
            let text = text.replace("ASKED", &asked);
            let workspace = Workspace::of_texts(&[("server", TargetKind::Bin, &text)]);
            let mut found = check(&workspace, crate::models::Models::shipped()).findings;
            found.retain(|finding| finding.rule.name == super::RULE.name);
            let sure = found.iter().filter(|finding| finding.confidence == Confidence::Certain);
            assert_eq!((found.len(), sure.count()), (calls, certain), "{found:?}");
            let says = found
                .iter()
                .flat_map(|finding| &finding.notes)
                .filter(|note| note.contains("more calls of `fs::read`"));
            assert_eq!(says.count(), usize::from(calls > 3));
        }
    }

    #[test]
    fn a_command_keeps_nobody_else_waiting() {
        for (name, findings) in [("server", 1), ("serverctl", 0), ("server_cli", 0)] {
            let workspace = Workspace::of_texts(&[(name, TargetKind::Bin, SERVER)]);
            let found = check(&workspace, crate::models::Models::shipped()).findings;
            assert_eq!(found.len(), findings, "{found:?}");
        }
    }
}
