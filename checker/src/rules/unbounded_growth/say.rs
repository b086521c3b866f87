//! Words for a place that grows: the site, the chain from the handler, what was looked for, the fix.

use crate::context::{Brings, Counter, Growing, Key, Site, Unswept};
use crate::events::What;
use crate::finding::{Confidence, Finding, Label, Subject};
use crate::lower::ir::{Pat, Range};
use crate::lower::sym::Sym;
use crate::models::Resource;
use crate::names::FnId;
use crate::rule::{Rule, Shape};
use crate::rules::judged::Judged;

/// Most further sites that are shown.
const SITES_MAX: usize = 3;

pub(in crate::rules) fn finding(
    judged: &Judged<'_, '_>,
    growing: &Growing<'_>,
    rule: &'static Rule,
    shape: &'static Shape,
) -> Finding {
    let first = growing.grows[0];
    let place = place_name(judged, growing.key);
    let subject = Subject {
        package: judged.package_of(first.id),
        place: format!("{}::{place}", judged.crate_name(first.id)),
        operation: judged.program.names.text(first.event.operation).replace('?', "="),
        declared_at: declared_at(judged, growing.key),
    };
    let primary = Label::new(judged.span(first.id, first.event.at), says(first));
    let mut finding =
        Finding::new(rule, shape, message(judged, growing, &place, shape), primary, subject, help(growing));
    if !growing.is_certain || is_output(growing) {
        finding.confidence = finding.confidence.max(Confidence::Likely);
    }
    for site in growing.grows.iter().skip(1).take(SITES_MAX) {
        finding = finding.label(Label::new(judged.span(site.id, site.event.at), "also grows here"));
    }
    for (counter, site) in growing.shrinks.iter().take(SITES_MAX) {
        finding = finding.label(Label::new(judged.span(site.id, site.event.at), about(*counter)));
    }
    for label in chain(judged, first) {
        finding = finding.label(label);
    }
    if let Some(told) = growing.told {
        finding = finding.label(Label::new(judged.span(told.id, told.at), brings(told.what)));
    }
    finding.note(looked_for(judged, growing, &place))
}

/// What is handed on as a whole at the end may be what the program is for.
fn is_output(growing: &Growing<'_>) -> bool {
    let hands_on = |(counter, site): &(Counter, Site<'_>)| {
        *counter == Counter::AtExit && site.event.what == What::Clear && site.event.taken
    };
    growing.against == Counter::AtExit && growing.shrinks.iter().any(hands_on)
}

/// A value that is filled and that nobody empties.
pub(super) fn unswept(
    judged: &Judged<'_, '_>,
    of: &Unswept<'_>,
    shapes: (&'static Rule, &'static Shape),
) -> Finding {
    let names = &judged.program.names;
    let (caller, site) = of.filled;
    let (rule, shape) = shapes;
    let place = place_name(judged, of.key);
    let named = |id: &FnId| {
        let holder = judged.program.adt_of(*id).map_or("", |adt| names.text(names.adt(adt).name));
        format!("`{holder}::{}`", names.text(names.function(*id).name))
    };
    let mut sweepers: Vec<String> = of.sweepers.iter().map(named).collect();
    sweepers.dedup();
    let subject = Subject {
        package: judged.package_of(caller),
        place: format!("{}::{place}", judged.crate_name(caller)),
        operation: shape.name.to_owned(),
        declared_at: declared_at(judged, of.key),
    };
    let message =
        format!("`{place}` grows with every message, and nothing calls {} for it", sweepers.join(" or "));
    let primary = Label::new(judged.span(caller, site.at), "this call makes it grow");
    let help = format!("call {} on a timer, or hold at most N with `locus::Lru<K, V, N>`", sweepers[0]);
    let mut finding = Finding::new(rule, shape, message, primary, subject, help)
        .label(Label::new(judged.span(of.grows.id, of.grows.event.at), "one more each time"));
    // Elsewhere a value may go by names that were not followed, and most do.
    if !matches!(of.key, Key::Field(adt, _) if judged.is_locus(adt)) {
        finding.confidence = finding.confidence.max(Confidence::Nursery);
    }
    for sweeper in of.sweepers.iter().take(SITES_MAX) {
        let at = names.function(*sweeper).at;
        finding = finding.label(Label::new(judged.span(*sweeper, at), "this would make it smaller"));
    }
    judged.with_chain(finding, caller).note(format!(
        "followed every call of {} to the value it is made on: `{place}` is none of them",
        sweepers.join(" and of ")
    ))
}

/// The name of a place, with the type that declares it.
pub(in crate::rules) fn place_name(judged: &Judged<'_, '_>, key: Key) -> String {
    let names = &judged.program.names;
    match key {
        Key::Field(adt, field) => format!("{}.{}", names.text(names.adt(adt).name), names.text(field)),
        Key::Static(of) => names.text(names.statics[of.ix()].name).to_owned(),
        Key::Local(id, local) => {
            let body = names.body(id);
            body.map_or_else(String::new, |body| names.text(body.locals[local.0 as usize].name).to_owned())
        }
        Key::Param(id, at) => {
            named_by_param(judged, id, at).map_or_else(|| "a parameter".to_owned(), |(name, _)| name)
        }
    }
}

fn declared_at(judged: &Judged<'_, '_>, key: Key) -> Option<crate::finding::Span> {
    let names = &judged.program.names;
    let span = |file, at: Range| crate::finding::Span { file, start: at.start, end: at.end };
    match key {
        Key::Field(adt, field) => {
            let adt = names.adt(adt);
            let fields = adt.variants.iter().flat_map(|(_, fields)| fields.iter());
            fields.clone().find(|known| known.name == field).map(|known| span(adt.file, known.at))
        }
        Key::Static(of) => Some(span(names.statics[of.ix()].file, names.statics[of.ix()].at)),
        Key::Local(id, local) => {
            let function = names.function(id);
            names.body(id).map(|body| span(function.file, body.locals[local.0 as usize].at))
        }
        Key::Param(id, at) => {
            let at = named_by_param(judged, id, at)?.1;
            Some(span(names.function(id).file, at))
        }
    }
}

/// The first name that a parameter gives to what it takes apart, and where it stands.
fn named_by_param(judged: &Judged<'_, '_>, id: FnId, at: u32) -> Option<(String, Range)> {
    let names = &judged.program.names;
    let body = names.body(id)?;
    let mut pat = *body.params.get(at as usize)?;
    loop {
        pat = match body.pat(pat) {
            Pat::Bind(local, _) => {
                let local = &body.locals[local.0 as usize];
                return Some((names.text(local.name).to_owned(), local.at));
            }
            Pat::Ref(inner) | Pat::Typed(inner, _) => *inner,
            Pat::TupleStruct(_, parts) => *parts.first()?,
            _ => return None,
        };
    }
}

fn message(judged: &Judged<'_, '_>, growing: &Growing<'_>, place: &str, shape: &Shape) -> String {
    let first = growing.grows[0];
    let when = match (growing.key, judged.context.runs[first.id.ix()].entry) {
        (Key::Local(..), _) if shape.name != "state-only-grows" => "with every turn of its loop",
        _ if !growing.is_certain => "with every call",
        _ => "with every message",
    };
    match growing.against {
        Counter::InsideOnly => format!("keys of `{place}` are added {when} and never removed"),
        Counter::AtExit => format!("`{place}` grows {when} and is emptied only at the end"),
        Counter::Unreachable => format!("`{place}` grows {when}, and nothing that runs reaches its removal"),
        Counter::OnError => format!("`{place}` grows {when}, and only what failed is taken out"),
        Counter::WholeOnly => format!("the values inside `{place}` grow {when}, and only whole entries go"),
        Counter::Nothing | Counter::Works if shape.name == "itself-plus-more" => {
            format!("`{place}` is replaced by itself plus more {when}")
        }
        Counter::Nothing | Counter::Works if shape.name == "capacity-taken-for-a-limit" => {
            format!("`{place}` grows {when} and nothing takes anything out; its capacity is no limit")
        }
        Counter::Nothing | Counter::Works => format!("`{place}` grows {when} and nothing takes anything out"),
    }
}

fn says(site: Site<'_>) -> &'static str {
    match site.event.what {
        _ if !site.event.via.is_empty() => "this call makes it grow",
        What::GrowMany => "appended to here",
        What::Accumulate => "its old value and more",
        _ => "one more each time",
    }
}

fn about(counter: Counter) -> &'static str {
    match counter {
        Counter::Unreachable => "this would make it smaller, but nothing that runs comes here",
        Counter::AtExit => "this runs only at the end",
        Counter::OnError => "this takes out only what has just been put in",
        Counter::InsideOnly => "this empties a value and leaves its key",
        Counter::WholeOnly => "this removes whole entries",
        Counter::Nothing | Counter::Works => "this makes it smaller",
    }
}

/// The calls from where the world enters to the site.
fn chain(judged: &Judged<'_, '_>, site: Site<'_>) -> Vec<Label> {
    let names = &judged.program.names;
    let mut labels = judged.way_to(site.id);
    if let Some(label) = turning(judged, site) {
        labels.push(label);
    }
    for id in &site.event.via {
        let function = names.function(*id);
        labels.push(Label::new(judged.span(*id, function.at), "grows what it is given"));
    }
    labels
}

/// The loop around the site.
fn turning(judged: &Judged<'_, '_>, site: Site<'_>) -> Option<Label> {
    let facts = &judged.summary.facts[site.id.ix()];
    let at = site.event.under.in_loop?;
    let around = facts.loops.get(at as usize)?;
    Some(Label::new(judged.span(site.id, around.at), around.says()))
}

fn looked_for(judged: &Judged<'_, '_>, growing: &Growing<'_>, place: &str) -> String {
    let functions = judged.program.names.fns.len();
    match growing.against {
        Counter::Nothing => format!(
            "looked in {functions} functions of the workspace for a removal, a replacement or a tested upper bound of `{place}`: there is none"
        ),
        _ => format!(
            "looked in {functions} functions of the workspace for what takes something out of `{place}` between two messages: there is only what is shown"
        ),
    }
}

fn help(growing: &Growing<'_>) -> String {
    let first = growing.grows[0].event;
    let is = |names: &[&str]| names.iter().any(|name| Sym::new(name) == first.holder);
    if growing.against == Counter::InsideOnly {
        return "remove the key when its value is empty, or hold at most N with `locus::Lru<K, V, N>`"
            .to_owned();
    }
    let text = match first.holds {
        Some(Resource::Fd) => "drop the owner when its peer is gone, or hold at most N and close the oldest",
        Some(Resource::Child) => "wait for each child, and take it out when it has ended",
        Some(Resource::Task) => "take out what has finished, or let a `JoinSet` hold the tasks and reap it",
        Some(Resource::Sender) => {
            "let go of those whose receiver is gone: `retain(|to| to.send(..).is_ok())`, or take one out when its peer leaves"
        }
        None if is(&["JoinSet", "FuturesUnordered"]) => {
            "call `try_join_next` until it gives `None`, on a timer or before each spawn"
        }
        None if first.what == What::Accumulate => "keep only the newest, or cut it to a length before adding",
        None if first.buffer => "take out what has been dealt with, or refuse what is beyond a limit",
        None if is(&["HashMap", "DashMap", "Entry", "VacantEntry"]) => {
            "remove the entry when what it is about ends, or hold at most N with `locus::Lru<K, V, N>`"
        }
        None if is(&["HashSet", "DashSet"]) => {
            "remove the key when it is done with, or hold at most N with `locus::Lru<K, (), N>`"
        }
        None => "take out what is done with, or hold the last N with `locus::Ring<T, N>`",
    };
    text.to_owned()
}

/// What is said of the value that brings new keys.
fn brings(what: Brings) -> &'static str {
    match what {
        Brings::Message => "the key comes from here: each message brings its own",
        Brings::Received | Brings::Queued => "the key comes from here: it is received",
        Brings::Outside => "the key comes from here: such values come from outside",
        Brings::Fresh | Brings::Time => "the key comes from here: it is another each time",
    }
}
