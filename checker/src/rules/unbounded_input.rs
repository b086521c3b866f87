//! `unbounded-input`: a peer that says by itself how much memory it takes.

mod local;

use self::local::is_local;
use crate::declare_rule;
use crate::events::seen::{Sender, Sight};
use crate::finding::{Confidence, Finding};
use crate::lower::ir::{BinOp, Body, ExprId, ExprKind, Range};
use crate::lower::sym::{Sym, syms};
use crate::names::{AdtId, FnId};
use crate::rule::{Level, Shape};
use crate::rules::judged::asks::Asks;
use crate::rules::judged::ways::Ways;
use crate::rules::judged::{Judged, Says};
use rustc_hash::{FxHashMap, FxHashSet};

/// Most calls from a handler, or a loop that accepts connections, to what peers surely send.
const CALLS_MAX: usize = 4;

/// A line, frame or body without a limit.
pub static FRAME: Shape =
    Shape::certain("frame-without-limit", "a line, frame or body is read to its end, however far that is");

/// A buffer as large as the message says.
pub static SIZED: Shape =
    Shape::certain("sized-by-message", "memory is reserved by a number that the peer sent");

declare_rule! {
    pub static RULE = {
        name: "unbounded-input",
        summary: "a peer decides how much memory its input takes",
        level: Level::Warn,
        since: "0.1.0",
        shapes: [&FRAME, &SIZED],
        doc: include_str!("../../../docs/rules/unbounded-input.md"),
    }
}

/// Reports reads and reservations without a limit, wherever they may run.
pub(super) fn check(judged: &Judged<'_, '_>, findings: &mut Vec<Finding>) {
    let (ways, parsed) = (Ways::of(judged), parsed(judged));
    let sets_limit = |lifts: bool| {
        judged.sights().any(|(_, seen)| matches!(seen.sight, Sight::BodyLimit { lifted } if lifted == lifts))
    };
    let takes_all = sets_limit(true) && !sets_limit(false);
    for (id, seen) in judged.sights() {
        let (shape, says) = match &seen.sight {
            Sight::Frame(_, Sender::Form) if !takes_all => continue,
            // A reader of any type is a peer's where a connection that was accepted leads to it.
            Sight::Frame(_, Sender::Any(_) | Sender::Kept) if judged.serves_with(id).is_none() => continue,
            Sight::Frame(_, Sender::Any(Some(param))) if ways.is_always_at_hand(id, *param as usize) => {
                continue;
            }
            Sight::Frame(name, _) => (&FRAME, frame(name)),
            Sight::SizedByInput(of, _) if of.is_none_or(|field| parsed.contains_key(&field)) => {
                (&SIZED, sized())
            }
            _ => continue,
        };
        if !judged.may_meet_peers(id, seen) {
            continue;
        }
        let note = match shape.name {
            "sized-by-message" => {
                "looked in the function for a comparison of that number, `min` or `clamp`: there is none"
            }
            _ => "looked at the reader for a `take(..)`, and at the call for a limit: there is none",
        };
        let mut finding = judged.finding(id, seen.at, (&RULE, shape), says);
        // A number that nobody is seen to read again and again is mostly of the program's own files, and what no server is
        // sure to read comes from a side that one chose: an answer one asked for, a daemon or a child of one's own.
        let served = judged.serves_with(id).filter(|_| !connects(judged, id, seen.at));
        let is_of_peers = match std::ptr::eq(shape, &SIZED) {
            true => ways.is_driven(id, seen.at, Asks::UNDER_WAY),
            false => served.is_some(),
        };
        // Whoever connects sends it where a handler, or a loop that accepts connections, is sure to lead there soon.
        let over_network = match &seen.sight {
            Sight::Frame(_, sender) => !matches!(sender, Sender::Near | Sender::Kept),
            Sight::SizedByInput(of, over) => of.map_or(*over, |field| parsed.get(&field) == Some(&true)),
            _ => false,
        };
        finding.confidence = match () {
            () if !judged.in_locus(id) && !is_of_peers => Confidence::Nursery,
            () if over_network && served.is_some_and(|calls| calls <= CALLS_MAX) && !is_local(judged, id) => {
                Confidence::Certain
            }
            () => Confidence::Likely,
        };
        findings.push(judged.with_chain(finding, id).note(note));
    }
}

/// Whether a function opens a connection before it reads.
fn connects(judged: &Judged<'_, '_>, id: FnId, read: Range) -> bool {
    const OPENS: [Sym; 3] = syms(["connect", "connect_timeout", "connect_async"]);
    judged.program.names.body(id).is_some_and(|body| {
        let opens = |kind: &ExprKind| match kind {
            ExprKind::Method(call) => OPENS.contains(&call.name),
            ExprKind::Call(callee, _) => {
                matches!(&body.expr(*callee).kind, ExprKind::Path(path) if OPENS.contains(&path.last()))
            }
            _ => false,
        };
        body.exprs.iter().any(|expr| expr.at.start < read.start && opens(&expr.kind))
    })
}

/// Fields that hold a number which came in, and that no function of the workspace compares with anything; whether it
/// came over a connection.
fn parsed(judged: &Judged<'_, '_>) -> FxHashMap<(AdtId, Sym), bool> {
    let sized: FxHashSet<(AdtId, Sym)> = judged
        .sights()
        .filter_map(|(_, seen)| match seen.sight {
            Sight::SizedByInput(field, _) => field,
            _ => None,
        })
        .collect();
    let mut parsed = FxHashMap::default();
    for (_, seen) in judged.sights() {
        match seen.sight {
            Sight::Parses(field, over) if sized.contains(&field) => {
                *parsed.entry(field).or_insert(false) |= over;
            }
            _ => {}
        }
    }
    if !parsed.is_empty() {
        for body in judged.functions().filter_map(|id| judged.program.names.body(id)) {
            parsed.retain(|(_, name), _| !is_compared(body, *name));
        }
    }
    parsed
}

/// Whether a body holds a field of that name against something.
fn is_compared(body: &Body, name: Sym) -> bool {
    const CUTS: [Sym; 4] = syms(["min", "clamp", "checked_sub", "contains"]);
    let is_it = |id: &ExprId| {
        let mut id = *id;
        for _ in 0..4 {
            id = match &body.expr(id).kind {
                ExprKind::Field(_, of) => return *of == name,
                ExprKind::Cast(inner, _) | ExprKind::Ref(inner, _) | ExprKind::Binary(_, inner, _) => *inner,
                _ => return false,
            };
        }
        false
    };
    body.exprs.iter().any(|expr| match &expr.kind {
        ExprKind::Binary(BinOp::Lt | BinOp::Le | BinOp::Gt | BinOp::Ge, left, right) => {
            is_it(left) || is_it(right)
        }
        ExprKind::Method(call) if CUTS.contains(&call.name) => {
            is_it(&call.recv) || call.args.iter().any(is_it)
        }
        _ => false,
    })
}

fn frame(name: &str) -> Says {
    Says::new(
        format!("`{name}` reads until the peer ends it, and keeps all of it"),
        "a peer that never ends it fills the memory",
        "read through `take(LIMIT)`, or use a codec with a longest frame",
    )
}

fn sized() -> Says {
    Says::new(
        "memory is reserved by a number that the peer sent",
        "four bytes can ask for gigabytes",
        "refuse what is beyond a limit first, or read in pieces and let the buffer grow as they come",
    )
}
