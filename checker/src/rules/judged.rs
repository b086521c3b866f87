//! What a rule may read, and the words that findings of all rules share: the chain from where the world enters.

pub(crate) mod asks;
pub(crate) mod forwarders;
mod given_up;
mod limits;
mod opened;
mod operators;
mod pace;
pub(crate) mod queues;
pub(crate) mod refusals;
mod requests;
mod routes;
mod single;
mod slow;
mod started;
pub(crate) mod support;
mod suspends;
pub(crate) mod ways;

pub(crate) use crate::context::Reach;
use crate::context::{Callers, Context, Entry, Growing, Keys, Often, Site, Step, Unswept};
use crate::events::seen::{Seen, Sight};
use crate::events::{CallSite, LoopFacts, Under};
use crate::finding::{Confidence, FileId, Finding, Label, Span, Subject};
use crate::graph::Bus;
pub(crate) use crate::graph::is_locus_method;
use crate::load::TargetKind;
use crate::load::support::support;
use crate::lower::attr::{Contract, LocusItem};
use crate::lower::ir::Range;
use crate::lower::sym::Sym;
use crate::names::{AdtId, FnId};
use crate::rule::{Rule, Shape};
use crate::summary::Summary;
use crate::types::{Insides, Program};

/// Calls between what repeats and what is close to it.
const NEAR_MAX: usize = 2;
/// Longest chain that is shown.
const STEPS_MAX: usize = 6;

/// All that a rule may read.
pub(crate) struct Judged<'a, 'w> {
    /// Declarations and their types.
    pub(crate) program: &'a Program<'w>,
    /// The types inside bodies.
    pub(crate) insides: &'a Insides<'a>,
    /// What functions do.
    pub(crate) summary: &'a Summary,
    /// Who calls them.
    pub(crate) callers: &'a Callers<'a>,
    /// How often they run.
    pub(crate) context: &'a Context,
    /// Representatives of shared values.
    pub(crate) keys: &'a Keys,
    /// Places that grow without anything working against it.
    pub(crate) growing: Vec<Growing<'a>>,
    /// Places that grow and shrink.
    pub(crate) balanced: Vec<Growing<'a>>,
    /// Places that may grow and shrink; how often is not known.
    pub(crate) loose: Vec<Growing<'a>>,
    /// Values of balanced types that nobody empties.
    pub(crate) unswept: Vec<Unswept<'a>>,
    /// What handlers, timers and `run` of loci reach on their own thread.
    pub(crate) on_pool: Reach,
    /// Who publishes and takes what.
    pub(crate) bus: Bus,
}

/// The functions that the runtime calls on a pool's thread while a program goes on.
pub(crate) fn pool_entries(program: &Program<'_>, context: &Context) -> Vec<FnId> {
    let all = (0..program.names.fns.len()).map(|index| FnId(u32::try_from(index).unwrap_or(u32::MAX)));
    let enters = |id: &FnId| matches!(context.runs[id.ix()].entry, Some(Entry::Message | Entry::Run));
    all.filter(enters).filter(|id| is_locus_method(program, *id)).collect()
}

impl<'a, 'w> Judged<'a, 'w> {
    /// A range in the file of a function.
    pub(crate) fn span(&self, id: FnId, at: Range) -> Span {
        span(self.program.names.function(id).file, at)
    }

    /// The package that holds a function.
    pub(crate) fn package_of(&self, id: FnId) -> String {
        let names = &self.program.names;
        names.workspace.packages[names.package_of(names.function(id).module)].name.clone()
    }

    /// The target that holds a function.
    pub(crate) fn crate_name(&self, id: FnId) -> &str {
        &self.program.names.crate_of(self.program.names.function(id).module).target
    }

    /// `crate::Type::function` of a function, or `crate::function`.
    pub(crate) fn path_of(&self, id: FnId) -> String {
        let names = &self.program.names;
        let name = names.text(names.function(id).name);
        match self.program.adt_of(id) {
            Some(adt) => format!("{}::{}::{name}", self.crate_name(id), names.text(names.adt(adt).name)),
            None => format!("{}::{name}", self.crate_name(id)),
        }
    }

    /// All functions.
    pub(crate) fn functions(&self) -> impl Iterator<Item = FnId> + use<> {
        (0..self.summary.facts.len()).map(|index| FnId(u32::try_from(index).unwrap_or(u32::MAX)))
    }

    /// All that was seen, in the order of functions.
    pub(crate) fn sights(&self) -> impl Iterator<Item = (FnId, &'a Seen)> {
        let summary = self.summary;
        self.functions().flat_map(move |id| summary.facts[id.ix()].seen.iter().map(move |seen| (id, seen)))
    }

    /// What was seen that `wanted` takes, where it happens with every message.
    pub(crate) fn per_message(
        &self,
        wanted: impl Fn(&Sight) -> bool,
    ) -> impl Iterator<Item = (FnId, &'a Seen)> {
        let often = |(id, seen): &(FnId, &Seen)| self.is_per_message(*id, seen);
        self.sights().filter(move |(_, seen)| wanted(&seen.sight)).filter(often)
    }

    /// Whether it is certain that what was seen happens with every message.
    pub(crate) fn is_per_message(&self, id: FnId, seen: &Seen) -> bool {
        self.context.often(self.summary, id, &seen.under()) == Some(Often::PerMessage)
            && !self.reloads(id, seen)
    }

    /// Whether what was seen happens as often as the program reloads its configuration, and no more: that comes
    /// with a signal or an operator's command, and not with messages.
    fn reloads(&self, id: FnId, seen: &Seen) -> bool {
        let names = &self.program.names;
        let turns = |id: FnId, under: &Under| self.context.turns(self.summary, id, under);
        let enters = |id: FnId| {
            matches!(self.context.runs[id.ix()].entry, Some(Entry::Message | Entry::Callback | Entry::Poll))
        };
        let is_reload = |id: FnId| {
            let name = names.text(names.function(id).name);
            name.ends_with("reload") || name.starts_with("reload_conf") || name.contains("sighup")
        };
        let (mut at, mut often) = (id, turns(id, &seen.under()));
        for step in self.context.chain(id).1.iter().rev() {
            if often || enters(at) {
                return false;
            }
            if is_reload(at) {
                return true;
            }
            let calls = &self.summary.facts[step.caller.ix()].calls;
            often = calls.iter().any(|site| site.at == step.at && turns(step.caller, &site.under));
            at = step.caller;
        }
        !often && !enters(at) && is_reload(at)
    }

    /// Whether what was seen may happen with messages: it certainly does, or nobody is seen to call it. What is
    /// certain to run at the start only, or as often as the configuration says, meets no peer.
    pub(crate) fn may_meet_peers(&self, id: FnId, seen: &Seen) -> bool {
        match self.context.runs[id.ix()].often {
            Some(_) => self.is_per_message(id, seen),
            None => self.context.runs[id.ix()].may_run,
        }
    }

    /// Whether nothing names a function of a workspace that has a program of its own.
    pub(crate) fn is_left_over(&self, id: FnId) -> bool {
        let name = self.program.names.function(id).name;
        let runs = &self.context.runs[id.ix()];
        let in_use = runs.often.is_some() || runs.entry.is_some() || {
            let mut all = self.summary.facts.iter();
            all.any(|facts| {
                facts.calls.iter().any(|site| site.callees.contains(&id)) || facts.mentions.contains(&name)
            })
        };
        !in_use && self.has_program()
    }

    /// Whether the workspace has a program of its own.
    pub(crate) fn has_program(&self) -> bool {
        let names = &self.program.names;
        self.functions().any(|of| {
            let of = names.function(of);
            let is_example = names.crate_of(of.module).kind == TargetKind::Example;
            of.name == Sym::new("main") && !is_example
        })
    }

    /// Whether everybody who is seen to call `id` hands it a value that the program itself fixes.
    pub(crate) fn is_always_fixed(&self, id: FnId, param: u32) -> bool {
        let calls = self.summary.facts.iter().flat_map(|facts| &facts.calls);
        let mut calls = calls.filter(|site| site.callees.contains(&id)).peekable();
        calls.peek().is_some() && calls.all(|site| site.fixed.has(param as usize))
    }

    /// A finding at `at` in `id`, with the chain that leads there.
    pub(crate) fn finding(
        &self,
        id: FnId,
        at: Range,
        of: (&'static Rule, &'static Shape),
        says: Says,
    ) -> Finding {
        let (rule, shape) = of;
        let subject = Subject {
            package: self.package_of(id),
            place: self.path_of(id),
            operation: shape.name.to_owned(),
            declared_at: None,
        };
        let primary = Label::new(self.span(id, at), says.label);
        Finding::new(rule, shape, says.message, primary, subject, says.help)
    }

    /// Adds where the world enters, and the calls from there to `id`.
    pub(crate) fn with_chain(&self, mut finding: Finding, id: FnId) -> Finding {
        for label in self.way_to(id) {
            finding = finding.label(label);
        }
        finding
    }

    /// What repeats, and the calls from there to `id`: a handler or a loop first.
    pub(crate) fn way_to(&self, id: FnId) -> Vec<Label> {
        let (entry, steps) = self.context.chain(id);
        let turning = steps.first().and_then(|step| self.loop_around(step));
        let turning = turning.map(|(id, around)| Label::new(self.span(id, around.at), around.says()));
        turning.into_iter().chain(self.way(entry, &steps)).collect()
    }

    /// The loop that turns with messages around a call.
    fn loop_around(&self, step: &Step) -> Option<(FnId, &'a LoopFacts)> {
        let facts = &self.summary.facts[step.caller.ix()];
        let turns = |site: &&CallSite| self.context.turns(self.summary, step.caller, &site.under);
        let site = facts.calls.iter().filter(|site| site.at == step.at).find(turns)?;
        let around = facts.loops.get(site.under.in_loop? as usize)?;
        Some((step.caller, around))
    }

    /// Whether a call that stands at `at` in `id` is part of what a framework calls with each request.
    fn is_served(&self, id: FnId, at: Range) -> bool {
        let facts = &self.summary.facts[id.ix()];
        let outer = |at: &u32| facts.loops.get(*at as usize)?.parent;
        facts.calls.iter().filter(|site| site.at == at).any(|site| {
            let mut around = std::iter::successors(site.under.in_loop, outer);
            around.any(|at| facts.loops.get(at as usize).is_some_and(|one| one.serves))
        })
    }

    /// Adds the way that `reach` found to `id`.
    pub(crate) fn with_way(&self, mut finding: Finding, reach: &Reach, id: FnId) -> Finding {
        let (entry, steps) = reach.chain(id);
        for label in self.way(entry, &steps) {
            finding = finding.label(label);
        }
        finding
    }

    fn way(&self, entry: FnId, steps: &[Step]) -> Vec<Label> {
        let function = self.program.names.function(entry);
        let text = match self.context.runs[entry.ix()].entry {
            Some(Entry::Message) => Some("runs for every message or tick"),
            Some(Entry::Callback) => Some("runs for every request"),
            Some(Entry::Poll) => Some("runs whenever it is polled"),
            Some(Entry::Run) => Some("runs as long as the locus lives"),
            _ => None,
        };
        let entered = text.map(|text| Label::new(self.span(entry, function.at), text));
        // What repeats comes first, and is never left out.
        let left_out = steps.len().saturating_sub(STEPS_MAX);
        let calls = steps.iter().take(1).chain(steps.iter().skip(1 + left_out));
        let calls = calls.map(|step| Label::new(self.span(step.caller, step.at), "on the way there"));
        entered.into_iter().chain(calls).collect()
    }

    /// How many calls lead to a function from a handler, or a loop that accepts; none if that is not sure, or only what
    /// shows the program leads there.
    pub(crate) fn serves_with(&self, id: FnId) -> Option<usize> {
        let names = &self.program.names;
        let (first, steps) = self.context.chain(id);
        let handles = |id: FnId| {
            matches!(self.context.runs[id.ix()].entry, Some(Entry::Message | Entry::Callback | Entry::Poll))
        };
        let file = &names.workspace.files[names.function(first).file.0 as usize];
        let is_sure = self.context.runs[id.ix()].is_sure && support(names.workspace, file).is_none();
        let begins = |step: &Step| {
            self.summary.facts[step.caller.ix()].accepts
                || handles(step.caller)
                || self.is_served(step.caller, step.at)
        };
        let from = steps.iter().rposition(begins);
        let calls = from.map(|from| steps.len() - from).or(handles(first).then_some(steps.len()));
        calls.filter(|_| is_sure)
    }

    /// Whether it is close what makes something grow with messages: a handler, or a loop that accepts, is sure to lead there,
    /// or the loop that turns with them stands around it or is a call or two away. What lies between them and what is further
    /// off has mostly turned out to choose among few.
    pub(crate) fn is_close(&self, site: &Site<'_>) -> bool {
        let is_sure = self.context.runs[site.id.ix()].is_sure;
        self.context.turns(self.summary, site.id, &site.event.under)
            || self.serves_with(site.id).is_some()
            || is_sure && self.context.chain(site.id).1.len() <= NEAR_MAX
    }

    /// Whether a handler, or a loop that accepts, is a call or two away.
    pub(crate) fn serves_closely(&self, id: FnId) -> bool {
        self.serves_with(id).is_some_and(|calls| calls <= NEAR_MAX)
    }

    /// Whether a function is reached from a locus, or belongs to one.
    pub(crate) fn in_locus(&self, id: FnId) -> bool {
        self.on_pool.contains(id) || self.program.adt_of(id).is_some_and(|adt| self.is_locus(adt))
    }

    /// A finding outside of loci is no surer than its shape has proved to be on code that was not written for them.
    pub(crate) fn as_proved(&self, mut finding: Finding, id: FnId, proved: Confidence) -> Finding {
        if !self.in_locus(id) {
            finding.confidence = finding.confidence.max(proved);
        }
        finding
    }

    /// Whether a type is declared as a locus.
    pub(crate) fn is_locus(&self, adt: AdtId) -> bool {
        matches!(self.program.names.adt(adt).locus, Some(LocusItem::Locus(_)))
    }

    /// Whether a loop around a growth accepts connections.
    pub(crate) fn accepts(&self, site: &Site<'_>) -> bool {
        let loops = &self.summary.facts[site.id.ix()].loops;
        let at = |index: u32| loops.get(index as usize);
        let around =
            std::iter::successors(site.event.under.in_loop.and_then(at), |one| one.parent.and_then(at));
        around.into_iter().any(|one| one.accepts)
    }

    /// Functions to which a contract of the wanted kind applies, with the contract, innermost last.
    pub(crate) fn under_contract(&self, id: FnId) -> impl Iterator<Item = &'a Contract> {
        let function = self.program.names.function(id);
        let file = &self.program.names.workspace.files[function.file.0 as usize];
        let (at, contracts) = (function.at, file.ir.as_ref().map_or(&[][..], |ir| &ir.contracts[..]));
        contracts
            .iter()
            .filter(move |contract| contract.target.start <= at.start && at.end <= contract.target.end)
    }

    /// Whether any file states a contract.
    pub(crate) fn has_contracts(&self) -> bool {
        let files = &self.program.names.workspace.files;
        files.iter().any(|file| file.ir.as_ref().is_ok_and(|ir| !ir.contracts.is_empty()))
    }
}

/// The words of a finding.
pub(crate) struct Says {
    /// One line.
    pub(crate) message: String,
    /// At the primary span.
    pub(crate) label: String,
    /// What to do.
    pub(crate) help: String,
}

impl Says {
    pub(crate) fn new(message: impl Into<String>, label: impl Into<String>, help: impl Into<String>) -> Says {
        Says { message: message.into(), label: label.into(), help: help.into() }
    }
}

/// A range in a file.
pub(crate) fn span(file: FileId, at: Range) -> Span {
    Span { file, start: at.start, end: at.end }
}
