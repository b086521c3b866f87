//! `detached-task`: tasks that nobody can end, count or wait for.

use crate::declare_rule;
use crate::events::seen::{Seen, Sight};
use crate::finding::{Confidence, Finding};
use crate::lower::ir::{ExprKind, Range};
use crate::lower::sym::{Sym, syms};
use crate::names::FnId;
use crate::rule::{Level, Shape};
use crate::rules::judged::asks::Asks;
use crate::rules::judged::forwarders::Forwarders;
use crate::rules::judged::refusals::turns_away;
use crate::rules::judged::ways::Ways;
use crate::rules::judged::{Judged, Says};
use rustc_hash::FxHashSet;

/// A task or thread for each message.
pub static SPAWNED: Shape = Shape::likely(
    "spawned-per-message",
    "a task or thread starts with every message, without a limit to their number",
);

/// A task for each message that never ends.
pub static ENDLESS: Shape = Shape::certain(
    "endless-per-message",
    "a task that waits for a clock in a loop without a way out starts with every message",
);

/// A task for each message that ends with what it takes from alone.
pub static OUTLIVES: Shape = Shape::likely(
    "outlives-its-reader",
    "a task that hands on to one client what outlives it starts with every message, and does not end when that client goes",
);

/// A sleeping task for each message.
pub static TIMER: Shape =
    Shape::likely("timer-per-message", "a task that only waits for a time starts with every message");

/// A handle that another takes the place of.
pub static REPLACED: Shape =
    Shape::likely("handle-replaced", "the handle of a task is replaced, and the task it stood for goes on");

/// The task that loses a `select!`.
pub static RACE: Shape = Shape::certain(
    "loser-runs-on",
    "a `select!` drops the handle of the task that comes second, which goes on",
);

declare_rule! {
    pub static RULE = {
        name: "detached-task",
        summary: "tasks are started with every message, and nobody can end them or knows how many there are",
        level: Level::Warn,
        since: "0.1.0",
        shapes: [&SPAWNED, &ENDLESS, &OUTLIVES, &TIMER, &REPLACED, &RACE],
        doc: include_str!("../../../docs/rules/detached-task.md"),
    }
}

const OUTLIVES_NOTE: &str = "looked in the loop for a way out but the end of what it takes from, or of a send to that client alone: there is none";

/// Reports spawns without a bound, handles that are replaced, and races.
pub(super) fn check(judged: &Judged<'_, '_>, findings: &mut Vec<Finding>) {
    let ended: FxHashSet<_> = judged
        .sights()
        .filter_map(|(_, seen)| match seen.sight {
            Sight::Aborted(field) => Some(field),
            _ => None,
        })
        .collect();
    let (ways, forwarders) = (Ways::of(judged), Forwarders::of(judged));
    for (id, seen) in judged.per_message(|_| true) {
        let (shape, says) = match &seen.sight {
            Sight::Detached { asks, .. } if asks.iter().any(|asked| turns_away(judged, *asked)) => {
                continue;
            }
            Sight::Detached { thread, .. }
                if ways.ticks_on(id, seen.at)
                    && (judged.in_locus(id) || ways.is_driven(id, seen.at, Asks::FOR_EVER)) =>
            {
                (&ENDLESS, endless(*thread))
            }
            // One at a time, as far as the function tells: what never ends is not done with where a connection is.
            Sight::Detached { alone: true, .. } => continue,
            Sight::Detached { .. }
                if forwarders.outlives(&ways, id, seen.at)
                    && (judged.in_locus(id) || ways.is_driven(id, seen.at, Asks::OUTLIVED)) =>
            {
                (&OUTLIVES, outlives())
            }
            Sight::Detached { tied: true, .. } => continue,
            Sight::Detached { thread, .. }
                if !judged.in_locus(id) && !ways.piles_up(id, seen.at, *thread) =>
            {
                continue;
            }
            Sight::Detached { .. } if gives_up(judged, id, seen.at) => continue,
            Sight::Detached { timer: true, .. } => (&TIMER, timer()),
            Sight::Detached { thread, .. } => (&SPAWNED, spawned(*thread)),
            Sight::HandleReplaced(Some(field)) if !ended.contains(field) => (&REPLACED, replaced()),
            Sight::Race { .. } => (&RACE, race()),
            Sight::FieldRace(fields) if !fields.iter().any(|field| ended.contains(field)) => (&RACE, race()),
            _ => continue,
        };
        let finding = judged.finding(id, seen.at, (&RULE, shape), says);
        let note = match shape.name {
            "handle-replaced" => {
                "looked in the workspace for an `abort` or an await of what the field holds: there is none"
            }
            "loser-runs-on" => "looked in the function for an `abort` of the handles: there is none",
            "endless-per-message" => "looked in the loop for a way out: there is none",
            "outlives-its-reader" => OUTLIVES_NOTE,
            _ => "looked in the function for a permit, or a test against a limit: there is none",
        };
        let finding = judged.as_proved(finding, id, proved(&ways, (id, seen), shape));
        findings.push(judged.with_chain(finding, id).note(note));
    }
    for (id, at) in forwarders.upgraded(&ways) {
        let finding = judged.finding(id, at, (&RULE, &OUTLIVES), outlives_upgraded());
        findings.push(judged.with_chain(finding, id).note(OUTLIVES_NOTE));
    }
}

/// How far a shape has been right outside of loci: halves of one connection mostly end together; what a field held has most
/// often ended before, or is told to; those who sleep for a message are mostly one for each of what is paced or counted
/// elsewhere; tasks that first wait under a timeout are held open by nobody, and those that start far from peers are most often
/// one at a time, or as many as something that was not seen admits.
fn proved(ways: &Ways<'_, '_, '_>, (id, seen): (FnId, &Seen), shape: &'static Shape) -> Confidence {
    let at = seen.at;
    match shape.name {
        "loser-runs-on" if !matches!(seen.sight, Sight::Race { halves: false }) => Confidence::Likely,
        "loser-runs-on" => Confidence::Certain,
        "endless-per-message" if ways.is_driven(id, at, Asks::FOR_EVER.near()) => Confidence::Certain,
        "endless-per-message" => Confidence::Likely,
        "outlives-its-reader" => Confidence::Likely,
        "handle-replaced" | "timer-per-message" => Confidence::Nursery,
        _ if ways.is_driven(id, at, Asks::LEFT.near()) && !ways.gives_up_soon(id, at) => Confidence::Likely,
        _ => Confidence::Nursery,
    }
}

/// Whether what the task calls tries for a permit, and is done at once if there is none.
fn gives_up(judged: &Judged<'_, '_>, id: FnId, task: Range) -> bool {
    const TRIES: [Sym; 2] = syms(["try_acquire", "try_acquire_owned"]);
    let calls = |id: FnId| judged.summary.facts[id.ix()].calls.iter();
    let inside = calls(id).filter(|site| task.start <= site.at.start && site.at.end <= task.end);
    let called: Vec<FnId> = inside.flat_map(|site| site.callees.iter().copied()).collect();
    let further = called.iter().flat_map(|of| calls(*of)).flat_map(|site| site.callees.iter().copied());
    let tries = |of: FnId| {
        judged.program.names.body(of).is_some_and(|body| {
            let mut exprs = body.exprs.iter();
            exprs.any(|expr| matches!(&expr.kind, ExprKind::Method(call) if TRIES.contains(&call.name)))
        })
    };
    further.chain(called.iter().copied()).any(tries)
}

fn spawned(thread: bool) -> Says {
    let what = if thread { "a thread" } else { "a task" };
    Says::new(
        format!("{what} is started with every message, and nothing limits how many there are"),
        "its handle is dropped here",
        "take a permit of a `Semaphore` before it starts, or keep them in a `JoinSet` that is reaped",
    )
}

fn endless(thread: bool) -> Says {
    let what = if thread { "a thread" } else { "a task" };
    Says::new(
        format!("{what} that never ends is started with every message"),
        "ticks on when whoever it was started for has gone",
        "leave its loop when the other side is gone, as `send` or `closed` tells, or `abort` it when its owner is dropped",
    )
}

fn outlives() -> Says {
    Says::new(
        "a task that forwards to one client is started with every message, and goes on when that client has gone",
        "nothing tells it that the client has gone",
        "leave its loop when any send fails, or race it against `closed()`",
    )
}

fn outlives_upgraded() -> Says {
    Says::new(
        "the task of a connection goes on forwarding when its client has gone",
        "nothing tells it that the client has gone",
        "leave the loop when the send fails, or race it against what the client sends",
    )
}

fn timer() -> Says {
    Says::new(
        "a task that only waits for a time is started with every message",
        "one sleeper more each time",
        "keep what is due in one queue and let one timer look at it, `DelayQueue` or `#[every(..)]`",
    )
}

fn replaced() -> Says {
    Says::new(
        "the handle of a task is replaced with every message, and the old task goes on",
        "what stood here before is detached, not ended",
        "call `abort` on the old handle first, or hold an `AbortOnDropHandle`",
    )
}

fn race() -> Says {
    Says::new(
        "the task that loses this `select!` goes on",
        "its handle is dropped, which does not end it",
        "race `&mut` handles and `abort` the loser, or race the futures themselves without spawning them",
    )
}
