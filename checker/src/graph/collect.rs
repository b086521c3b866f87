//! Cuts the wiring of each binary out of the workspace.

use super::bus::{Bus, Feed, is_locus_method, locus_decl, named, on_of, topic_decl, topic_of};
use super::circles::{circles, in_circles};
use super::wiring::{By, Fed, Handler, Locus, Publisher, Taker, Topic, Wiring};
use crate::events::seen::Sight;
use crate::facts::{self, Bodies, MainLocus, Place, TOPIC_BOUND_DEFAULT};
use crate::finding::{FileId, Span};
use crate::lower::attr::{OnIr, RingIr};
use crate::lower::ir::Range;
use crate::lower::sym::Sym;
use crate::names::{AdtId, FnId};
use crate::summary::Summary;
use crate::types::{Interner, Program, Ty, TyKind};
use std::collections::{BTreeMap, BTreeSet};

mod tree;

use tree::{Node, tree};

/// The wiring of every binary with a main locus.
pub(crate) fn wirings(
    program: &Program<'_>,
    summary: &Summary,
    bus: &Bus,
    calls: &Bodies<'_, '_>,
) -> Vec<Wiring> {
    let methods = facts::locus_methods(&program.names);
    let mains = facts::mains(&program.names, calls);
    mains
        .into_iter()
        .map(|main| Collect { program, summary, bus, methods: &methods, main }.wiring())
        .collect()
}

/// What one locus type, or the code outside, does on the bus.
#[derive(Default)]
struct Does {
    /// By topic and whether through a handle, with the calls.
    publishes: BTreeMap<(AdtId, bool), Vec<Span>>,
    takes: Vec<(AdtId, By, Option<RingIr>, Span)>,
    unresolved: usize,
}

struct Collect<'a, 'w> {
    program: &'a Program<'w>,
    summary: &'a Summary,
    bus: &'a Bus,
    /// What the runtime calls, by locus.
    methods: &'a BTreeMap<AdtId, Vec<FnId>>,
    main: MainLocus,
}

impl Collect<'_, '_> {
    fn wiring(&self) -> Wiring {
        let names = &self.program.names;
        let krate = &names.workspace.crates[self.main.target];
        let nodes = tree(self.program, self.main.locus, |locus| self.spawned(locus));
        let types: BTreeSet<AdtId> = nodes.iter().map(|node| node.adt).collect();
        let mut reached = BTreeSet::new();
        let does: BTreeMap<AdtId, Does> =
            types.iter().map(|adt| (*adt, self.done_by(*adt, &mut reached))).collect();
        let outside = self.done_outside(&reached);
        let ids = self.topics(does.values().chain([&outside]));
        let index: BTreeMap<AdtId, usize> = ids.iter().enumerate().map(|(at, topic)| (*topic, at)).collect();
        let mut wiring = Wiring {
            package: names.workspace.packages[krate.package].name.clone(),
            binary: krate.target.clone(),
            main: self.text(self.main.locus),
            topics: ids.iter().map(|topic| self.topic(*topic)).collect(),
            unresolved: does.values().map(|does| does.unresolved).sum(),
            ..Wiring::default()
        };
        for (at, node) in nodes.iter().enumerate() {
            wire(&mut wiring, &index, Some(at), &does[&node.adt]);
        }
        wire(&mut wiring, &index, None, &outside);
        self.circles(&mut wiring, &index, &nodes);
        wiring.loci = nodes.into_iter().map(|node| node.locus).collect();
        wiring
    }

    fn circles(&self, wiring: &mut Wiring, index: &BTreeMap<AdtId, usize>, nodes: &[Node]) {
        let of_handler = |handler: FnId| self.program.adt_of(handler);
        let runs = |adt: Option<AdtId>| nodes.iter().any(|node| Some(node.adt) == adt);
        let feeds: Vec<_> =
            self.bus.feeds.iter().filter(|feed| runs(of_handler(feed.handler))).copied().collect();
        for (feed, in_circle) in feeds.iter().zip(in_circles(&feeds)) {
            let loci =
                nodes.iter().enumerate().filter(|(_, node)| Some(node.adt) == of_handler(feed.handler));
            for (locus, _) in loci {
                if let (Some(from), Some(to)) = (index.get(&feed.from), index.get(&feed.to)) {
                    let fed = Fed { from: *from, to: *to, locus, in_circle };
                    if !wiring.feeds.contains(&fed) {
                        wiring.feeds.push(fed);
                    }
                }
            }
        }
        let way =
            |circle: &Vec<Feed>| circle.iter().filter_map(|feed| index.get(&feed.to).copied()).collect();
        wiring.circles = circles(&feeds).iter().map(way).collect();
    }

    /// What the methods of a locus lead to.
    fn reached_from(&self, roots: &[FnId]) -> BTreeSet<FnId> {
        let (mut seen, mut open) = (BTreeSet::new(), roots.to_vec());
        while let Some(id) = open.pop() {
            if seen.insert(id) {
                open.extend(
                    self.summary.facts[id.ix()].calls.iter().flat_map(|call| call.callees.iter().copied()),
                );
            }
        }
        seen
    }

    fn methods_of(&self, locus: AdtId) -> &[FnId] {
        self.methods.get(&locus).map_or(&[], Vec::as_slice)
    }

    /// Types of children that the code of a locus makes.
    fn spawned(&self, locus: AdtId) -> Vec<AdtId> {
        let mut found = Vec::new();
        for id in self.reached_from(self.methods_of(locus)) {
            found.extend(self.summary.facts[id.ix()].seen.iter().filter_map(|seen| match seen.sight {
                Sight::Spawns(child) => Some(child),
                _ => None,
            }));
        }
        found
    }

    fn done_by(&self, locus: AdtId, reached: &mut BTreeSet<FnId>) -> Does {
        let mut does = Does::default();
        let module = self.program.names.adt(locus).module;
        let own = self.reached_from(self.methods_of(locus));
        let declared = locus_decl(self.program, locus);
        for ty in declared.iter().flat_map(|decl| &decl.publishes) {
            match named(self.program, module, ty) {
                Some(topic) => drop(does.publishes.entry((topic, false)).or_default()),
                None => does.unresolved += 1,
            }
        }
        for method in self.methods_of(locus).iter().filter(|method| is_locus_method(self.program, **method)) {
            let Some(on) = on_of(self.program, *method) else { continue };
            match topic_of(self.program, *method) {
                Some(topic) => {
                    does.takes.push((topic, self.handler(*method, on), on.ring, self.named_at(*method)))
                }
                None => does.unresolved += 1,
            }
        }
        let mut received = BTreeSet::new();
        for one in declared.iter().flat_map(|decl| &decl.receives) {
            match named(self.program, module, &one.topic) {
                Some(topic) => {
                    received.insert(topic);
                    let adt = self.program.names.adt(locus);
                    does.takes.push((topic, By::Run, Some(one.ring), span(adt.file, adt.at)));
                }
                None => does.unresolved += 1,
            }
        }
        self.done_in(&own, false, &mut does);
        // A call that publishes what a handle may publish too has no need of the declaration.
        let by_handle: Vec<AdtId> =
            does.publishes.keys().filter(|(_, by_handle)| *by_handle).map(|(topic, _)| *topic).collect();
        does.publishes
            .retain(|(topic, handle), sites| *handle || !sites.is_empty() || !by_handle.contains(topic));
        reached.extend(own);
        does
    }

    /// What other code of the binary does through handles.
    fn done_outside(&self, reached: &BTreeSet<FnId>) -> Does {
        let entry: Vec<FnId> = self.main.entry.into_iter().collect();
        let mut code = self.reached_from(&entry);
        let own = |id: &FnId| {
            let module = self.program.names.function(*id).module;
            self.program.names.modules[module.ix()].krate.ix() == self.main.target
        };
        code.extend((0_u32..).map(FnId).zip(&self.summary.facts).map(|(id, _)| id).filter(own));
        let code = code.difference(reached).copied().collect();
        let mut does = Does::default();
        self.done_in(&code, true, &mut does);
        does
    }

    /// What is published and subscribed to in `code`; only through handles if `outside`.
    fn done_in(&self, code: &BTreeSet<FnId>, outside: bool, does: &mut Does) {
        let published = self.bus.publishes.iter().filter(|one| code.contains(&one.id));
        for one in published.filter(|one| one.by_handle || !outside) {
            let sites = does.publishes.entry((one.topic, one.by_handle)).or_default();
            sites.push(self.span(one.id, one.at));
        }
        let mut subscribed = BTreeSet::new();
        for (topic, id) in self.bus.subscribes.iter().filter(|(_, id)| code.contains(id)) {
            if subscribed.insert(*topic) {
                does.takes.push((*topic, By::Subscription, None, self.named_at(*id)));
            }
        }
    }

    fn handler(&self, method: FnId, on: OnIr) -> By {
        let function = self.program.names.function(method);
        let is_cx = |ty: &Ty| matches!(self.program.types.kind(*ty), TyKind::Foreign(foreign, _) if foreign.last == Sym::new("Cx"));
        By::Handler(Handler {
            name: self.program.names.text(function.name).to_owned(),
            is_inline: on.inline,
            is_batch: on.batch,
            is_partly: on.partly,
            is_async: function.sig.is_some_and(|sig| sig.is_async),
            takes_cx: self.program.sigs[method.ix()].params.iter().any(is_cx),
        })
    }

    /// Topics that are mentioned or bound, in the order of their declaration.
    fn topics<'d>(&self, does: impl Iterator<Item = &'d Does>) -> Vec<AdtId> {
        let mut found: BTreeSet<AdtId> = BTreeSet::new();
        for does in does {
            found.extend(does.publishes.keys().map(|(topic, _)| *topic));
            found.extend(does.takes.iter().map(|(topic, ..)| *topic));
        }
        found.extend(self.bindings().map(|(topic, _)| topic));
        found.into_iter().filter(|topic| topic_decl(self.program, *topic).is_some()).collect()
    }

    /// Topics that main binds, with their transports.
    fn bindings(&self) -> impl Iterator<Item = (AdtId, &str)> {
        let module = self.program.names.adt(self.main.locus).module;
        let binds = locus_decl(self.program, self.main.locus).into_iter().flat_map(|decl| &decl.binds);
        binds.filter_map(move |(ty, transport, _)| Some((named(self.program, module, ty)?, &**transport)))
    }

    fn topic(&self, topic: AdtId) -> Topic {
        let adt = self.program.names.adt(topic);
        let decl = topic_decl(self.program, topic).cloned().unwrap_or_default();
        let sink = decl.to.as_ref().and_then(|ty| named(self.program, adt.module, ty));
        Topic {
            name: self.text(topic),
            bounded: decl.bounded.unwrap_or(TOPIC_BOUND_DEFAULT),
            on_full: decl.on_full,
            is_keyed: decl.keyed,
            is_question: decl.reply.is_some(),
            sink: sink.map(|sink| self.text(sink)),
            bound: self
                .bindings()
                .filter(|(bound, _)| *bound == topic)
                .map(|(_, transport)| transport.to_owned())
                .collect(),
            is_held: self.bus.held.contains(&topic),
            span: span(adt.file, adt.at),
        }
    }

    fn text(&self, adt: AdtId) -> String {
        self.program.names.text(self.program.names.adt(adt).name).to_owned()
    }

    fn span(&self, id: FnId, at: Range) -> Span {
        span(self.program.names.function(id).file, at)
    }

    fn named_at(&self, id: FnId) -> Span {
        self.span(id, self.program.names.function(id).at)
    }
}

/// Adds what `does` says of one locus, or of the code outside.
fn wire(wiring: &mut Wiring, index: &BTreeMap<AdtId, usize>, locus: Option<usize>, does: &Does) {
    for ((topic, by_handle), sites) in &does.publishes {
        let Some(topic) = index.get(topic) else { continue };
        let (topic, by_handle, sites) = (*topic, *by_handle, sites.clone());
        wiring.publishers.push(Publisher { topic, locus, by_handle, sites });
    }
    for (topic, by, ring, span) in &does.takes {
        let Some(topic) = index.get(topic) else { continue };
        wiring.takers.push(Taker { topic: *topic, locus, by: by.clone(), ring: *ring, span: *span });
    }
}

fn span(file: FileId, at: Range) -> Span {
    Span { file, start: at.start, end: at.end }
}
