//! `unbounded-growth`: a collection that lives on and only ever gets bigger.

mod callbacks;
mod fetch;
mod proved;
mod residents;
mod say;
mod state;
mod stores;

use fetch::memoised;
use proved::proved;
use residents::residents;

use crate::context::{Counter, Growing, Key};
use crate::declare_rule;
use crate::events::What;
use crate::events::seen::Sight;
use crate::finding::{Confidence, Finding, Label};
use crate::lower::attr::ContractKind;
use crate::lower::sym::Sym;
use crate::models::Resource;
use crate::rule::{Level, Shape};
use crate::rules::judged::ways::Ways;
use crate::rules::judged::{Judged, span};
use rustc_hash::FxHashSet;

/// What holds tasks that are under way.
const SETS_OF_TASKS: [Sym; 2] = [Sym::new("JoinSet"), FUTURES];
const FUTURES: Sym = Sym::new("FuturesUnordered");

/// A field that only grows.
pub static FIELD: Shape = Shape {
    name: "field-only-grows",
    confidence: Confidence::Certain,
    summary: "a field grows with every message and nothing takes anything out",
};

/// A static that only grows.
pub static STATIC: Shape = Shape {
    name: "static-only-grows",
    confidence: Confidence::Certain,
    summary: "a static grows with every message and nothing takes anything out",
};

/// A collection that handlers share and that only grows.
pub static STATE: Shape = Shape::certain(
    "state-only-grows",
    "a collection that handlers or connections share grows with every message and nothing takes anything out",
);

/// A local of an endless loop that only grows.
pub static LOCAL: Shape = Shape {
    name: "loop-local-only-grows",
    confidence: Confidence::Certain,
    summary: "a local of an endless loop grows with every turn and nothing takes anything out",
};

/// Text or bytes that are only appended to.
pub static BUFFER: Shape = Shape {
    name: "buffer-never-drained",
    confidence: Confidence::Certain,
    summary: "a buffer that lives on is appended to and never drained",
};

/// A value replaced by itself plus more.
pub static ACCUMULATED: Shape = Shape {
    name: "itself-plus-more",
    confidence: Confidence::Certain,
    summary: "a value is replaced by its old self plus more",
};

/// Keys that stay when their values are emptied.
pub static OUTER_KEYS: Shape = Shape {
    name: "outer-keys-stay",
    confidence: Confidence::Certain,
    summary: "the values inside shrink, but no key is ever removed",
};

/// An inner collection that only goes with its entry.
pub static INNER: Shape = Shape {
    name: "inner-only-grows",
    confidence: Confidence::Likely,
    summary: "an inner collection grows, and only whole entries are removed",
};

/// Removal in code that nothing reaches.
pub static UNREACHABLE: Shape = Shape {
    name: "removal-unreachable",
    confidence: Confidence::Likely,
    summary: "something removes, but nothing that runs reaches it",
};

/// Removal at the end only.
pub static AT_EXIT: Shape = Shape {
    name: "drained-only-at-exit",
    confidence: Confidence::Certain,
    summary: "it is emptied only when the locus or the loop ends",
};

/// Removal only of what failed.
pub static ON_ERROR: Shape = Shape {
    name: "removed-only-on-error",
    confidence: Confidence::Certain,
    summary: "only what the same activation inserted and failed with is taken out again",
};

/// Handles of tasks and threads.
pub static HANDLES: Shape = Shape {
    name: "handles-never-reaped",
    confidence: Confidence::Certain,
    summary: "handles of tasks or threads are kept and never reaped",
};

/// Values put into an arena.
pub static ARENA: Shape =
    Shape::certain("put-into-an-arena", "values are put into an arena that lives on and is never reset");

/// Names put into an interner.
pub static INTERNED: Shape =
    Shape::likely("interned-per-message", "an interner, which forgets nothing, is fed by messages");

/// Results of a function that are all kept.
pub static MEMOISED: Shape = Shape::likely(
    "memoised-per-message",
    "an attribute keeps what a function gave for each of its arguments, and messages bring new ones",
);

/// A look-up that adds.
pub static GETTER: Shape =
    Shape::certain("getter-that-inserts", "what looks like a look-up adds what it does not find");

/// Senders whose receivers are gone.
pub static SUBSCRIBERS: Shape = Shape::certain(
    "dead-subscribers-kept",
    "sending ends of channels are kept, and those whose receiver is gone stay",
);

/// Room taken for a limit.
pub static CAPACITY: Shape = Shape::certain(
    "capacity-taken-for-a-limit",
    "room is reserved or the capacity asked for, which limits nothing",
);

/// Residents for messages.
pub static RESIDENTS: Shape = Shape::certain(
    "residents-per-message",
    "a resident child is spawned with every message, and nothing ends it: they fill their ceiling for good",
);

/// A wrapper that nobody empties.
pub static UNSWEPT: Shape = Shape::certain(
    "expiry-never-called",
    "a type of its own can be emptied, and for this value of it nothing does",
);

/// A promise of a bound.
pub static PROMISED: Shape = Shape {
    name: "bound-not-enforced",
    confidence: Confidence::Certain,
    summary: "a `#[locus::bounded(by = ..)]` that nothing in the code enforces",
};

declare_rule! {
    pub static RULE = {
        name: "unbounded-growth",
        summary: "something that lives on grows with every message and nothing makes it smaller",
        level: Level::Warn,
        since: "0.1.0",
        shapes: [
            &FIELD, &STATIC, &STATE, &LOCAL, &BUFFER, &ACCUMULATED, &OUTER_KEYS, &INNER, &UNREACHABLE, &AT_EXIT, &ON_ERROR,
            &HANDLES, &ARENA, &INTERNED, &MEMOISED, &GETTER, &SUBSCRIBERS, &CAPACITY, &RESIDENTS, &UNSWEPT, &PROMISED,
        ],
        doc: include_str!("../../../docs/rules/unbounded-growth.md"),
    }
}

/// Reports every place that grows, but for collections of descriptors and children.
pub(super) fn check(judged: &Judged<'_, '_>, findings: &mut Vec<Finding>) {
    let (reserved, ways) = (reserved(judged), Ways::of(judged));
    for growing in judged.growing.iter().filter(|growing| !are_futures(growing)) {
        let held = growing.grows.iter().find_map(|site| site.event.holds);
        if !matches!(held, Some(Resource::Fd | Resource::Child)) {
            let shape = shape(judged, growing, held, &reserved);
            let finding = say::finding(judged, growing, &RULE, shape);
            let finding =
                judged.as_proved(finding, growing.grows[0].id, proved(judged, &ways, growing, shape));
            findings.push(promised(judged, finding));
        }
    }
    for unswept in &judged.unswept {
        findings.push(promised(judged, say::unswept(judged, unswept, (&RULE, &UNSWEPT))));
    }
    memoised(judged, findings);
    residents(judged, findings);
}

/// Whether a place holds futures that go on only while somebody asks which is done: somebody does, who is not seen.
fn are_futures(growing: &Growing<'_>) -> bool {
    growing.grows.iter().all(|site| site.event.holder == FUTURES && site.event.holds.is_none())
}

/// Places that room is reserved for, or whose capacity someone asks for.
fn reserved(judged: &Judged<'_, '_>) -> FxHashSet<Key> {
    let places = judged.sights().filter_map(|(id, seen)| match seen.sight {
        Sight::Reserves(place) if place.depth == 0 => Key::of(id, place),
        _ => None,
    });
    places.map(|key| judged.keys.find(key)).collect()
}

/// Where the place is promised to be bounded, the promise is what is wrong.
pub(super) fn promised(judged: &Judged<'_, '_>, mut finding: Finding) -> Finding {
    let Some(declared) = finding.subject.declared_at else { return finding };
    let file = &judged.program.names.workspace.files[declared.file.0 as usize];
    let contracts = file.ir.as_ref().map_or(&[][..], |ir| &ir.contracts[..]);
    let promise = contracts.iter().find(|contract| {
        contract.kind == ContractKind::Bounded && span(declared.file, contract.target).contains(declared)
    });
    if let Some(promise) = promise {
        let grows = std::mem::replace(
            &mut finding.primary,
            Label::new(span(declared.file, promise.at), "nothing enforces this"),
        );
        finding.secondary.insert(0, grows);
        finding.message = format!("{}, although a bound is promised", finding.message);
        finding.confidence = Confidence::Certain;
        if std::ptr::eq(finding.rule, &RULE) {
            finding.shape = &PROMISED;
        }
    }
    finding
}

fn shape(
    judged: &Judged<'_, '_>,
    growing: &Growing<'_>,
    held: Option<Resource>,
    reserved: &FxHashSet<Key>,
) -> &'static Shape {
    match growing.against {
        Counter::Unreachable => return &UNREACHABLE,
        Counter::AtExit => return &AT_EXIT,
        Counter::OnError => return &ON_ERROR,
        Counter::InsideOnly => return &OUTER_KEYS,
        Counter::WholeOnly => return &INNER,
        Counter::Nothing | Counter::Works => {}
    }
    let first = growing.grows[0].event;
    let is = |names: &[&str]| names.iter().any(|name| Sym::new(name) == first.holder);
    if is(&["Bump", "Arena"]) {
        return &ARENA;
    }
    if is(&["Rodeo", "ThreadedRodeo", "StringInterner"]) {
        return &INTERNED;
    }
    let is_set_of_tasks = first.holder == SETS_OF_TASKS[0];
    match growing.key {
        _ if held == Some(Resource::Task) || is_set_of_tasks => &HANDLES,
        _ if first.what == What::Accumulate => &ACCUMULATED,
        _ if held == Some(Resource::Sender) => &SUBSCRIBERS,
        _ if fetch::is_getter(judged, growing) => &GETTER,
        _ if reserved.contains(&growing.key) => &CAPACITY,
        _ if first.buffer => &BUFFER,
        Key::Static(_) => &STATIC,
        Key::Param(..) => &STATE,
        Key::Local(..) if state::is_shared(judged, growing.key) => &STATE,
        Key::Local(..) => &LOCAL,
        Key::Field(..) => &FIELD,
    }
}

/// How sure it is that nothing works against the growth, whatever the place holds.
pub(super) fn confidence(growing: &Growing<'_>) -> Confidence {
    match growing.against {
        Counter::Unreachable | Counter::WholeOnly => Confidence::Likely,
        _ => Confidence::Certain,
    }
}

pub(super) use say::{finding, place_name};
