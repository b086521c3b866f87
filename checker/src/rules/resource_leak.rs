//! `resource-leak`: descriptors and processes that stay open because nobody can close them any more.

mod answers;
mod killed;
mod left_file;
mod left_open;

use self::left_open::{LeftOpen, Opened, left_open};
use super::judged::ways::Ways;
use super::judged::{Judged, Says};
use super::unbounded_growth;
use crate::context::Often;
use crate::declare_rule;
use crate::events::seen::Sight;

use crate::events::{Lost, LostHow, only_looks_at};
use crate::finding::{Confidence, Finding, Label, Subject};
use crate::lower::ir::{ExprKind, Pat, Range};
use crate::lower::sym::{Sym, syms};
use crate::models::Resource;
use crate::names::{AdtId, FnId};
use crate::rule::{Level, Shape};
use rustc_hash::FxHashSet;

/// A collection of owners that only grows.
pub static COLLECTION: Shape = Shape {
    name: "owners-in-growing-collection",
    confidence: Confidence::Certain,
    summary: "a collection that lives on holds one open descriptor more with every message",
};

/// A raw descriptor without an owner.
pub static RAW: Shape = Shape {
    name: "raw-descriptor-lost",
    confidence: Confidence::Certain,
    summary: "a raw descriptor is taken from its owner and nobody closes it",
};

/// An owner that never drops.
pub static FORGOTTEN: Shape = Shape {
    name: "owner-forgotten",
    confidence: Confidence::Certain,
    summary: "the owner of a descriptor is forgotten or leaked",
};

/// A child process nobody waits for.
pub static CHILD: Shape = Shape {
    name: "child-never-waited",
    confidence: Confidence::Certain,
    summary: "a child process is started and never waited for",
};

/// A child that is killed and not waited for.
pub static KILLED: Shape =
    Shape::likely("killed-never-waited", "a child process is killed and never waited for");

/// A file that stays on the disk.
pub static FILE: Shape = Shape::likely(
    "file-left-by-a-way-out",
    "a function removes a file at its end that it made, and a `?` or `return` leads past that",
);

/// A child whose pipe nobody reads.
pub static PIPE: Shape =
    Shape::likely("pipe-of-a-kept-child", "a child is kept together with a pipe that nobody takes from it");

/// Opened and closed in one function, and a way out between the two.
pub static LEFT: Shape = Shape::certain(
    "left-open-by-a-way-out",
    "a function closes or waits for what it opened, and a `?` or `return` leads past that",
);

/// A child that goes on when nobody waits for it any more.
pub static OUTLIVES: Shape = Shape::certain(
    "child-outlives-its-wait",
    "the wait for a child process is given up after a time, and the child runs on",
);

/// An answer that got lost.
pub static ANSWER: Shape = Shape::certain(
    "waits-for-a-lost-datagram",
    "the answer to a datagram is waited for without a limit of time, with a socket made for it",
);

/// A source that stays with its poller.
pub static REGISTERED: Shape = Shape::likely(
    "registered-never-deregistered",
    "a source is registered with every message and never taken out",
);

/// A task that never gives its descriptor back.
pub static TASK: Shape = Shape::nursery(
    "endless-task-owns",
    "a task without an end owns a descriptor, one more with every message",
);

/// A temporary file that stays.
pub static KEPT: Shape =
    Shape::nursery("temporary-file-kept", "a temporary file is made permanent with every message");

declare_rule! {
    pub static RULE = {
        name: "resource-leak",
        summary: "a descriptor or child process stays open with every message",
        level: Level::Warn,
        since: "0.1.0",
        shapes: [&COLLECTION, &RAW, &FORGOTTEN, &CHILD, &LEFT, &OUTLIVES, &ANSWER, &KILLED, &FILE, &PIPE, &REGISTERED, &TASK, &KEPT],
        doc: include_str!("../../../docs/rules/resource-leak.md"),
    }
}

/// Reports growing collections of owners, and resources that go out of sight.
pub(super) fn check(judged: &Judged<'_, '_>, findings: &mut Vec<Finding>) {
    for growing in &judged.growing {
        let held = growing.grows.iter().find_map(|site| site.event.holds);
        let shape = match held {
            Some(Resource::Fd) => &COLLECTION,
            Some(Resource::Child) => &CHILD,
            _ => continue,
        };
        let mut finding = unbounded_growth::finding(judged, growing, &RULE, shape);
        finding.confidence = finding.confidence.max(unbounded_growth::confidence(growing));
        findings.push(unbounded_growth::promised(judged, finding));
    }
    kept(judged, findings);
    passed_by(judged, findings);
    run_on(judged, findings);
    killed(judged, findings);
    left_files(judged, findings);
    answers::check(judged, findings);
    let handed: FxHashSet<_> =
        judged.summary.facts.iter().flat_map(|facts| facts.handed.iter().copied()).collect();
    let names = &judged.program.names;
    let package = |id: FnId| names.package_of(names.function(id).module);
    let closes = judged.sights().filter(|(_, seen)| matches!(seen.sight, Sight::ClosesByNumber));
    let by_number: FxHashSet<usize> = closes.map(|(id, _)| package(id)).collect();
    let by_hand = judged.sights().filter(|(_, seen)| matches!(seen.sight, Sight::DropsByHand));
    let by_hand: FxHashSet<_> = by_hand.map(|(id, _)| package(id)).collect();
    for (index, facts) in judged.summary.facts.iter().enumerate() {
        let id = FnId(u32::try_from(index).unwrap_or(u32::MAX));
        // What a field keeps from its destructor is let go of by hand.
        let drops = by_hand.contains(&package(id));
        for lost in &facts.lost {
            let is_taken_apart =
                || lost.how == LostHow::Child && lost.field.is_some_and(|field| taken_apart(judged, field));
            let is_handed = lost.field.is_some_and(|field| handed.contains(&field))
                || (lost.field.is_some() && lost.how == LostHow::Forgotten && drops);
            let often = judged.context.often(judged.summary, id, &lost.under);
            // An owner whose number was closed must not close it again.
            let is_closed = lost.how == LostHow::Forgotten && by_number.contains(&package(id));
            let looks = |(of, at): &(FnId, u32)| names.body(*of).is_some_and(|body| only_looks_at(body, *at));
            let is_lost = !is_handed && !is_closed && lost.lent.iter().all(looks);
            if often == Some(Often::PerMessage)
                && is_lost
                && !ends_behind(judged, id, lost.at)
                && !is_taken_apart()
            {
                findings.push(lost_finding(judged, id, lost));
            }
        }
    }
}

/// Whether a pattern takes a field out of its struct: what becomes of it then is not followed.
fn taken_apart(judged: &Judged<'_, '_>, (adt, name): (AdtId, Sym)) -> bool {
    let names = &judged.program.names;
    let own = [names.adt(adt).name, Sym::new("Self")];
    let takes = |pat: &Pat| match pat {
        Pat::Struct(path, fields) => own.contains(&path.last()) && fields.iter().any(|(of, _)| *of == name),
        _ => false,
    };
    let mut bodies = judged.functions().filter_map(|id| names.body(id));
    bodies.any(|body| body.pats.iter().any(takes))
}

/// Whether the program ends behind a position, where it gets that far.
fn ends_behind(judged: &Judged<'_, '_>, id: FnId, at: Range) -> bool {
    const PROCESS: [Sym; 2] = syms(["process", "exit"]);
    let ends = |kind: &ExprKind| matches!(kind, ExprKind::Path(path) if path.segments.ends_with(&PROCESS));
    let body = judged.program.names.body(id);
    body.is_some_and(|body| body.exprs.iter().any(|expr| expr.at.start > at.start && ends(&expr.kind)))
}

/// What ways out leave open.
fn passed_by(judged: &Judged<'_, '_>, findings: &mut Vec<Finding>) {
    for id in judged.functions().filter(|id| judged.context.runs[id.ix()].often == Some(Often::PerMessage)) {
        for LeftOpen { what, opened, way, closed } in left_open(judged, id) {
            let (message, label, done, help) = match what {
                Opened::Number => (
                    "a way out leaves this descriptor open",
                    "has no owner that would close it",
                    "closed here, behind that",
                    "keep it in its owner, or in an `OwnedFd`, which closes it on every way out",
                ),
                Opened::Child => (
                    "a way out leaves this child without anybody who waits for it",
                    "stays in the process table after it has ended",
                    "waited for here, behind that",
                    "keep it in a guard that kills and waits when it is dropped, or wait before looking at what it wrote",
                ),
            };
            let mut finding = judged.finding(id, opened, (&RULE, &LEFT), Says::new(message, label, help));
            finding = finding.label(Label::new(judged.span(id, way), "leaves it as it is"));
            finding = finding.label(Label::new(judged.span(id, closed), done));
            // A pipe that breaks has mostly broken because the child has.
            let is_sure = judged.serves_with(id).is_some() && what == Opened::Number;
            if !is_sure {
                finding.confidence = finding.confidence.max(Confidence::Likely);
            }
            let note =
                "looked in the function for whatever closes it on that way, or gets it: there is nothing";
            findings.push(judged.with_chain(finding, id).note(note));
        }
    }
}

/// Children that run on when the wait for them is given up.
fn run_on(judged: &Judged<'_, '_>, findings: &mut Vec<Finding>) {
    const KILLS: Sym = Sym::new("kill_on_drop");
    let kills = |of: &FnId| {
        let body = judged.program.names.body(*of);
        body.is_some_and(|body| {
            body.exprs.iter().any(|expr| matches!(&expr.kind, ExprKind::Method(call) if call.name == KILLS))
        })
    };
    let mut waits = judged.per_message(|sight| matches!(sight, Sight::AwaitsChild(_))).peekable();
    // Most programs start no child: who asks for ways pays for them.
    let Some(ways) = waits.peek().is_some().then(|| Ways::of(judged)) else { return };
    for (id, seen) in waits {
        let Sight::AwaitsChild(made_by) = &seen.sight else { continue };
        let Some((by, limit)) = ways.given_up(id, seen.at).filter(|_| !made_by.iter().any(kills)) else {
            continue;
        };
        let says = Says::new(
            "a child process runs on when the wait for it is given up",
            "dropped where the time is up, which does not end the child",
            "say `kill_on_drop(true)` of the command, or `kill` the child where the time is up",
        );
        let mut finding = judged.finding(id, seen.at, (&RULE, &OUTLIVES), says);
        // A limit to a call means the call; what is awaited below it may be told otherwise.
        if by != id || judged.serves_with(id).is_none() {
            finding.confidence = Confidence::Likely;
        }
        let finding = finding.label(Label::new(judged.span(by, limit), "given up here"));
        let note =
            "looked in the function, and where the command is made, for whatever kills it: there is nothing";
        findings.push(judged.with_chain(finding, id).note(note));
    }
}

/// Children that are killed and stay in the process table.
fn killed(judged: &Judged<'_, '_>, findings: &mut Vec<Finding>) {
    for (id, at) in killed::killed(judged) {
        let says = Says::new(
            "a child process is killed and never waited for",
            "stays in the process table after it has ended",
            "call `wait` behind `kill`: it returns at once",
        );
        let finding = judged.finding(id, at, (&RULE, &KILLED), says);
        let note = "looked behind it, and where the child comes from, for anything that waits for it: there is nothing";
        findings.push(judged.with_chain(finding, id).note(note));
    }
}

/// Files that ways out leave on the disk.
fn left_files(judged: &Judged<'_, '_>, findings: &mut Vec<Finding>) {
    for (id, file) in left_file::left_files(judged) {
        let says = Says::new(
            "a way out leaves this file on the disk",
            "has a name that nobody asks for again",
            "keep it in a `tempfile::TempPath`, which removes it when it is dropped, or remove it before looking at what may fail",
        );
        let finding = judged.finding(id, file.made, (&RULE, &FILE), says);
        let finding = finding.label(Label::new(judged.span(id, file.way), "leaves it as it is"));
        let finding = finding.label(Label::new(judged.span(id, file.removed), "removed here, behind that"));
        let note = "looked in the function for a guard, and in the workspace for a sweep of folders: there is neither";
        findings.push(judged.with_chain(finding, id).note(note));
    }
}

/// What stays open with something that does not end.
fn kept(judged: &Judged<'_, '_>, findings: &mut Vec<Finding>) {
    let taken_out: FxHashSet<&str> = judged
        .sights()
        .filter_map(|(_, seen)| match &seen.sight {
            Sight::Deregisters(kind) => Some(&**kind),
            _ => None,
        })
        .collect();
    for (id, seen) in judged.per_message(|_| true) {
        let (shape, says) = match &seen.sight {
            Sight::KeepsPipe => (&PIPE, pipe()),
            Sight::Registers(kind) if !taken_out.contains(&**kind) => (&REGISTERED, registered(kind)),
            Sight::OwnsForEver => (&TASK, owning_task()),
            Sight::KeepsFile => (&KEPT, kept_file()),
            _ => continue,
        };
        let finding = judged.finding(id, seen.at, (&RULE, shape), says);
        let note = "looked for what would take it, end it or give it back: there is nothing";
        findings.push(judged.with_chain(finding, id).note(note));
    }
}

fn pipe() -> Says {
    Says::new(
        "a child is kept with a pipe that nobody takes from it",
        "the child waits when the pipe is full, and its end stays open here",
        "take the pipe and read it, `child.stdout.take()`, or give the child `Stdio::null()`",
    )
}

fn registered(kind: &str) -> Says {
    if kind != "poller" {
        return Says::new(
            format!("what is registered here with every message is never taken back: nothing calls `{kind}`"),
            "one registration more each time",
            format!("call `{kind}` when what it was made for goes"),
        );
    }
    Says::new(
        "a source is registered with every message and never taken out",
        "one registration more each time",
        "call `deregister` when the source is done, before it is dropped",
    )
}

fn owning_task() -> Says {
    Says::new(
        "this task never ends, and owns a descriptor of its own",
        "one descriptor more with every message",
        "leave the loop when the peer is gone, or when a token says so",
    )
}

fn kept_file() -> Says {
    Says::new(
        "a temporary file is made permanent with every message",
        "nothing removes it any more",
        "let it be dropped, or write over one file of a fixed name",
    )
}

fn lost_finding(judged: &Judged<'_, '_>, id: FnId, lost: &Lost) -> Finding {
    let (shape, message, label, help) = match lost.how {
        LostHow::RawFd => (
            &RAW,
            "a raw descriptor is left without an owner with every message",
            "whoever closes it would need this number",
            "keep the owner, or hand the number to `OwnedFd::from_raw_fd`; `as_raw_fd` only borrows it",
        ),
        LostHow::Forgotten => (
            &FORGOTTEN,
            "the owner of a descriptor is forgotten with every message",
            "its destructor, which would close it, never runs",
            "drop it, or keep it where it can be dropped",
        ),
        LostHow::Child => (
            &CHILD,
            "a child process is started with every message and never waited for",
            "stays in the process table after it has ended",
            "call `wait`, or `status` instead of `spawn`; to go on at once, keep the child and `try_wait` on a timer",
        ),
    };
    let names = &judged.program.names;
    let function = names.function(id);
    let subject = Subject {
        package: judged.package_of(id),
        place: format!("{}::{}", judged.crate_name(id), names.text(function.name)),
        operation: shape.name.to_owned(),
        declared_at: None,
    };
    let primary = Label::new(judged.span(id, lost.at), label);
    let mut finding = judged.with_chain(Finding::new(&RULE, shape, message, primary, subject, help), id);
    // Who writes `forget` mostly closes by number elsewhere, or gives the descriptor away on purpose.
    if lost.how == LostHow::Forgotten && !judged.in_locus(id) {
        finding.confidence = finding.confidence.max(Confidence::Likely);
    }
    finding.note("looked in the function for anything that closes it, waits for it, keeps it or hands it on")
}
