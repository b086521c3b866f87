//! `hot-allocation`: memory taken for each message where kept or borrowed memory would do.

mod registries;

use crate::declare_rule;
use crate::events::seen::{Allocation, Sight, allocations};
use crate::finding::{Confidence, Finding, Label};
use crate::graph::topic_of;
use crate::lower::attr::{ContractKind, LocusItem};
use crate::lower::sym::Sym;
use crate::names::{AdtId, FnId};
use crate::rule::{Level, Shape};
use crate::rules::judged::asks::Asks;
use crate::rules::judged::ways::Ways;
use crate::rules::judged::{Judged, Reach, Says, is_locus_method, span};
use crate::types::{Interner, Ty, TyKind};
use rustc_hash::FxHashSet;
use std::collections::BTreeSet;

/// A key made for a look-up.
pub static KEY: Shape =
    Shape::likely("owned-key-for-look-up", "text is made for each message only to look something up");

/// Something costly made for each message.
pub static FRESH: Shape =
    Shape::likely("made-per-message", "a client, pattern, runtime or pool is made anew with every message");

/// A registry with a fixed set of names.
pub static REGISTRY: Shape = Shape::likely(
    "text-keys-that-are-known",
    "a map is looked up by text with every message, and the code itself names all keys",
);

/// A topic may hold so many bytes itself before copying it to many pools is worth a word.
const COPIED_BYTES_MAX: u64 = 1024;

/// Text copied and only read.
pub static SPARE_COPY: Shape =
    Shape::likely("copied-only-to-read", "text of a message is copied and then only read");

/// Memory for the time of one message.
pub static TEMPORARY: Shape = Shape::likely(
    "made-where-scratch-serves",
    "text or a list is made for one message and dropped with it, where scratch is at hand",
);

/// A topic that is copied whole to many pools.
pub static COPIED: Shape = Shape::likely(
    "copied-to-pools",
    "a topic with text or lists of its own, or of more than a kilobyte, is copied to three pools or more",
);

/// Allocations in what is said to be hot.
pub static HOT: Shape = Shape::certain("allocates-while-hot", "what `#[locus::hot]` stands on takes memory");

/// More allocations than were promised.
pub static PROMISED: Shape =
    Shape::certain("more-than-promised", "what `#[locus::max_alloc(N)]` stands on takes memory more often");

declare_rule! {
    pub static RULE = {
        name: "hot-allocation",
        summary: "memory is taken for each message where kept or borrowed memory would do",
        level: Level::Warn,
        since: "0.1.0",
        shapes: [&KEY, &REGISTRY, &SPARE_COPY, &TEMPORARY, &FRESH, &COPIED, &HOT, &PROMISED],
        doc: include_str!("../../../docs/rules/hot-allocation.md"),
    }
}

/// Reports costly habits, and promises about memory that are not kept.
pub(super) fn check(judged: &Judged<'_, '_>, findings: &mut Vec<Finding>) {
    let ways = Ways::of(judged);
    for (id, seen) in judged.per_message(|_| true) {
        let (shape, says) = match &seen.sight {
            Sight::Fresh(name) if judged.in_locus(id) || ways.is_driven(id, seen.at, Asks::PEERS) => {
                (&FRESH, fresh(name))
            }
            Sight::OwnedKey if judged.in_locus(id) => (&KEY, key()),
            Sight::SpareCopy if judged.in_locus(id) => (&SPARE_COPY, spare_copy()),
            Sight::Temporary(name) if judged.on_pool.contains(id) => (&TEMPORARY, temporary(name)),
            _ => continue,
        };
        let finding = judged.finding(id, seen.at, (&RULE, shape), says);
        // Elsewhere most of what makes a client anew does so rarely, or keeps it.
        let finding = judged.as_proved(finding, id, Confidence::Nursery);
        findings.push(
            judged
                .with_chain(finding, id)
                .note("looked at what happens to the value: it is used for this and dropped"),
        );
    }
    registries::check(judged, findings);
    copied(judged, findings);
    if judged.has_contracts() {
        for id in judged.functions() {
            promise(judged, id, findings);
        }
    }
}

fn key() -> Says {
    Says::new(
        "text is made only to look something up",
        "takes memory, and gives it back at once",
        "look up with what is there: `get(name)` takes a `&str` where the keys are `String`s",
    )
}

fn spare_copy() -> Says {
    Says::new(
        "text of the message is copied, and the copy is only read",
        "takes memory, and gives it back at the end",
        "borrow it: `let name = &message.name`",
    )
}

fn temporary(name: &str) -> Says {
    Says::new(
        format!("`{name}` takes memory for the time of one message, where scratch is at hand"),
        "made here, and dropped with the message",
        "build text with `scratch_format!(cx, ..)` or `cx.scratch().text()`; keep a list in a field and clear it",
    )
}

fn fresh(name: &str) -> Says {
    Says::new(
        format!("`{name}` makes anew with every message what could be kept"),
        "made here, and dropped with the message",
        "make it once, at birth or in a `LazyLock`, and keep it in a field",
    )
}

/// `#[locus::hot]` and `#[locus::max_alloc(N)]` on one function.
fn promise(judged: &Judged<'_, '_>, id: FnId, findings: &mut Vec<Finding>) {
    let mut ceiling = None;
    let mut hot = false;
    for contract in judged.under_contract(id) {
        match contract.kind {
            ContractKind::MaxAlloc(max) => ceiling = Some(ceiling.unwrap_or(u64::MAX).min(max)),
            ContractKind::Hot => hot = true,
            _ => {}
        }
    }
    if ceiling.is_none() && !hot {
        return;
    }
    let reach = Reach::of(judged.summary, [id]);
    let reached = judged.functions().filter(|callee| reach.contains(*callee));
    let sites: Vec<(FnId, Allocation)> = reached
        .flat_map(|callee| allocations(judged.program, callee).into_iter().map(move |one| (callee, one)))
        .collect();
    match ceiling {
        Some(max) if exceeds(judged, &sites, max) => findings.push(exceeded(judged, id, &sites, max, &reach)),
        Some(_) => {}
        None => findings.extend(sites.first().map(|first| while_hot(judged, first, &reach))),
    }
}

/// One in a loop counts as more than any number.
fn exceeds(judged: &Judged<'_, '_>, sites: &[(FnId, Allocation)], max: u64) -> bool {
    let turns = |(id, site): &(FnId, Allocation)| {
        let loops = &judged.summary.facts[id.ix()].loops;
        site.in_loop.is_some_and(|at| loops.get(at as usize).is_some())
    };
    sites.len() as u64 > max || sites.iter().any(turns)
}

fn exceeded(
    judged: &Judged<'_, '_>,
    id: FnId,
    sites: &[(FnId, Allocation)],
    max: u64,
    reach: &Reach,
) -> Finding {
    let function = judged.program.names.function(id);
    let says = Says::new(
        format!(
            "`{}` takes memory at {} places, and promises at most {max}",
            judged.program.names.text(function.name),
            sites.len()
        ),
        "promised here",
        "use scratch, a kept buffer or what is borrowed, or raise the promise",
    );
    let mut finding = judged.finding(id, function.at, (&RULE, &PROMISED), says);
    for (at, site) in sites.iter().take(4) {
        finding = finding.label(Label::new(judged.span(*at, site.at), "takes memory"));
    }
    let last = sites.last().map_or(id, |(at, _)| *at);
    judged.with_way(finding, reach, last).note("counted the calls that take memory in it and in all that it calls; one in a loop counts as more than any promise")
}

fn while_hot(judged: &Judged<'_, '_>, site: &(FnId, Allocation), reach: &Reach) -> Finding {
    let says = Says::new(
        "this takes memory in what is said to be hot",
        "takes memory",
        "use scratch, a kept buffer, or what is borrowed",
    );
    let finding = judged.finding(site.0, site.1.at, (&RULE, &HOT), says);
    judged.with_way(finding, reach, site.0).note("looked in the function and in all that it calls")
}

/// Topics with memory of their own that three pools or more handle.
fn copied(judged: &Judged<'_, '_>, findings: &mut Vec<Finding>) {
    let names = &judged.program.names;
    let pools = pools_by_locus(judged);
    let mut told = FxHashSet::default();
    for index in 0..names.adts.len() {
        let topic = AdtId(u32::try_from(index).unwrap_or(u32::MAX));
        let Some(LocusItem::Topic(declared)) = names.adt(topic).locus else { continue };
        let owns = match declared.array_bytes {
            bytes if bytes > COPIED_BYTES_MAX => format!("holds arrays of {bytes} bytes"),
            _ if owns_memory(judged, topic) => "owns text or lists".to_owned(),
            _ => continue,
        };
        let mut reached = BTreeSet::new();
        for id in judged.functions().filter(|id| is_locus_method(judged.program, *id)) {
            let handles = names.function(id).sig.is_some_and(|sig| {
                matches!(sig.role.as_deref(), Some(crate::lower::attr::MethodRole::On(_)))
            });
            if handles
                && topic_of(judged.program, id) == Some(topic)
                && let Some(adt) = judged.program.adt_of(id)
            {
                reached
                    .extend(pools.iter().filter(|(locus, _)| *locus == adt).map(|(_, pool)| pool.as_str()));
            }
        }
        if reached.len() >= 3 && told.insert(topic) {
            findings.push(copied_finding(judged, topic, &owns, reached.len()));
        }
    }
}

fn copied_finding(judged: &Judged<'_, '_>, topic: AdtId, owns: &str, pools: usize) -> Finding {
    let adt = judged.program.names.adt(topic);
    let name = judged.program.names.text(adt.name);
    let subject = crate::finding::Subject {
        package: judged.program.names.workspace.packages[judged.program.names.package_of(adt.module)]
            .name
            .clone(),
        place: name.to_owned(),
        operation: COPIED.name.to_owned(),
        declared_at: Some(span(adt.file, adt.at)),
    };
    let label = Label::new(span(adt.file, adt.at), "copied whole to each of them");
    let message = format!("`{name}` {owns} and goes to {pools} pools");
    Finding::new(
        &RULE,
        &COPIED,
        message,
        label,
        subject,
        "hold what is large as `Bytes`, `Arc<[u8]>` or `Arc<str>`",
    )
    .note("counted the pools of the loci that handle it")
}

/// Where each locus runs, by the placements of main loci.
fn pools_by_locus(judged: &Judged<'_, '_>) -> Vec<(AdtId, String)> {
    let program = judged.program;
    let mut pools = Vec::new();
    for (index, adt) in program.names.adts.iter().enumerate() {
        if !matches!(adt.locus, Some(LocusItem::Locus(decl)) if decl.main) {
            continue;
        }
        let declared = adt.variants.iter().flat_map(|(_, fields)| fields.iter());
        for (field, (_, ty)) in declared.zip(program.fields[index].iter().flatten()) {
            let TyKind::Adt(of, _) = program.types.kind(*ty) else { continue };
            let pool = match field.place.as_deref() {
                Some(place) if place.pinned => format!("pinned:{}", program.names.text(field.name)),
                Some(place) => place.pool.as_deref().unwrap_or("main").to_owned(),
                None => "main".to_owned(),
            };
            pools.push((*of, pool));
        }
    }
    pools
}

/// A `String`, a `Vec` or the like among the fields.
fn owns_memory(judged: &Judged<'_, '_>, topic: AdtId) -> bool {
    const OWNS: [Sym; 6] =
        crate::lower::sym::syms(["String", "Vec", "HashMap", "BTreeMap", "VecDeque", "HashSet"]);
    let owns = |ty: Ty| matches!(judged.program.types.kind(ty), TyKind::Foreign(foreign, _) if OWNS.contains(&foreign.last));
    judged.program.fields[topic.ix()].iter().flatten().any(|(_, ty)| owns(*ty))
}

#[cfg(test)]
mod tests {
    use crate::finding::Confidence;
    use crate::load::{TargetKind, Workspace};
    use crate::rules::check;

    const SERVER: &str = "use reqwest::Client;
#[tokio::main] async fn main() -> std::io::Result<()> {
let at = tokio::net::TcpListener::bind(\"127.0.0.1:7310\").await?;
loop { let (_, from) = at.accept().await?; let client = Client::new(); client.get(from.to_string()).send().await; } }";

    const LOCUS: &str = "use locus::prelude::*; use reqwest::Client;
#[topic] #[derive(Clone)] pub struct Notice { pub url: String }
#[locus] pub struct Notices { sent: u64 }
#[locus] impl Notices { #[on] async fn on_notice(&mut self, notice: &Notice, _cx: &mut Cx<'_, Self>) {
let client = Client::new(); client.get(&notice.url).send().await; self.sent += 1; } }";

    fn told(kind: TargetKind, text: &str) -> Vec<Confidence> {
        let found = check(&Workspace::of_texts(&[("main", kind, text)]), crate::models::Models::shipped());
        let made = found.findings.iter().filter(|finding| finding.shape.name == super::FRESH.name);
        made.map(|finding| finding.confidence).collect()
    }

    #[test]
    fn what_is_made_anew_is_shown_where_loci_run() {
        assert_eq!(told(TargetKind::Lib, LOCUS), [Confidence::Likely]);
        assert_eq!(told(TargetKind::Bin, SERVER), [Confidence::Nursery]);
    }
}
