//! How often each function runs, and whether what it works on lives on: the top-down half of the analysis.
//!
//! `roots` finds where the world enters a program: handlers, timers, `run`, `main`. From there [`Context`]
//! follows the calls and keeps, for each function, the greatest [`Often`] and for each parameter how often the
//! function runs on something that outlives the call. `trace` finds the chain that a finding shows.
//!
//! Certain is only what was reached that way. Whether code *may* run besides (public functions of a library,
//! methods of foreign traits, names in macros) is kept apart: it makes a removal count, never a growth.

mod balance;
mod callers;
mod given;
mod instances;
mod reach;
mod residency;
mod roots;
mod shared;
mod states;
mod trace;

pub(crate) use balance::balances;
pub use balance::{Balances, Counter, Growing, Site};
pub(crate) use callers::Callers;
pub use given::{Brings, Witness};
pub use instances::Unswept;
pub(crate) use reach::Reach;
pub use residency::{Key, Keys, keys_of};
pub use roots::Entry;
pub(crate) use shared::{is_shared_in, made, made_with_messages};
pub use states::States;

use crate::events::{Place, Root, Under};
use crate::lower::ir::Range;
use crate::lower::sym::Sym;
use crate::names::{AdtId, FnId};
use crate::summary::{Summary, Turns};
use crate::types::{Insides, Program};
use rustc_hash::FxHashSet;

/// How often something happens while a program runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Often {
    /// Once, or a number of times that the code fixes.
    Once,
    /// As often as something that is given at the start is long.
    PerConfig,
    /// As often as messages come, timers tick, loops turn.
    PerMessage,
}

/// Where a value came from.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    /// The caller.
    pub caller: FnId,
    /// The call.
    pub at: Range,
}

/// What is known of one function.
#[derive(Clone, Debug, Default)]
pub struct Runs {
    /// How often it runs; none if nothing certain reaches it.
    pub often: Option<Often>,
    /// The call that told.
    pub from: Option<Step>,
    /// That it runs per message is no guess: no call on the way may lead to any of many functions.
    pub is_sure: bool,
    /// For each parameter, how often it runs on something that outlives the call.
    pub resident: Vec<Option<Often>>,
    /// What the runtime calls it for.
    pub entry: Option<Entry>,
    /// Of a handler: the parameters that stand for state which the framework keeps.
    pub kept: Vec<usize>,
    /// Only demonstrations make it run.
    pub by_example: bool,
    /// Something may call it.
    pub may_run: bool,
    /// Nothing but the end of a locus or the program calls it.
    pub only_at_exit: bool,
    /// Nothing but a destructor calls it.
    pub only_in_drop: bool,
    /// The type of that destructor.
    pub dropped_by: Option<AdtId>,
}

/// What is known of all functions.
#[derive(Debug)]
pub struct Context {
    /// By function.
    pub runs: Vec<Runs>,
    /// Types that handlers get copies of: what is added to a part that is not shared goes with the copy.
    pub copied: FxHashSet<AdtId>,
}

/// Those of some values that a message may tell, each by its function and where it stands.
pub(crate) fn told<'a>(
    program: &'a Program<'_>,
    insides: &'a Insides<'a>,
    callers: &'a Callers<'_>,
    context: &'a Context,
    values: &[(FnId, Range)],
) -> Vec<bool> {
    given::told(program, insides, callers, context, values)
}

/// Follows the calls from where the world enters.
pub fn contexts(program: &Program<'_>, summary: &Summary) -> Context {
    let runs = vec![Runs::default(); program.names.fns.len()];
    let mut context = Context { runs, copied: FxHashSet::default() };
    let (of_programs, shown) = roots::entries(program, summary, &mut context);
    context.follow_all(program, summary, of_programs);
    let runs: Vec<bool> = context.runs.iter().map(|runs| runs.often.is_some()).collect();
    context.follow_all(program, summary, shown);
    for (of, runs) in context.runs.iter_mut().zip(runs) {
        of.by_example = of.often.is_some() && !runs;
    }
    context.trace(summary);
    roots::may_run(program, summary, &mut context);
    context.exits(program, summary);
    context
}

impl Context {
    /// Follows the calls from some entries.
    fn follow_all(&mut self, program: &Program<'_>, summary: &Summary, entries: Vec<FnId>) {
        roots::enter(program, &entries, self);
        let mut pending = Pending::new(self.runs.len(), entries);
        while let Some(id) = pending.next() {
            self.spread(summary, id, &mut pending);
        }
    }

    /// How often something under `under` happens in `id`, given how often `id` runs.
    pub fn often(&self, summary: &Summary, id: FnId, under: &Under) -> Option<Often> {
        Some(within(summary, id, under, self.runs[id.ix()].often?))
    }

    /// Whether a loop around what happens under `under` turns with messages, however often `id` runs.
    pub fn turns(&self, summary: &Summary, id: FnId, under: &Under) -> bool {
        within(summary, id, under, Often::Once) == Often::PerMessage
    }

    /// How often something happens to `place` while it lives on.
    pub fn resident(&self, summary: &Summary, id: FnId, place: Place, under: &Under) -> Option<Often> {
        let runs = &self.runs[id.ix()];
        match place.root {
            Root::Static(_) | Root::Resident => self.often(summary, id, under),
            Root::Param(at) => {
                let outside = runs.resident.get(at as usize).copied().flatten();
                let outside = outside.map(|often| within(summary, id, under, often));
                // What is passed in lives through the loops of the function.
                outside.max(self.through_loop(summary, id, under, None, None))
            }
            Root::Local(local) => {
                let declared = summary.facts[id.ix()].local_loops.get(local.0 as usize).copied().flatten();
                let last = summary.facts[id.ix()].local_last.get(local.0 as usize).copied().unwrap_or(0);
                self.through_loop(summary, id, under, declared, Some(last))
            }
            Root::Call(_) => None,
        }
    }

    /// Whether an endless loop turns between the declaration of a variable and what happens to it. A local that
    /// is looked at behind the loop, at expression `last`, is what the loop is for; parameters have no `last`.
    fn through_loop(
        &self,
        summary: &Summary,
        id: FnId,
        under: &Under,
        declared: Option<u32>,
        last: Option<u32>,
    ) -> Option<Often> {
        // Most of what happens stands in no loop at all.
        under.in_loop?;
        let (runs, loops) = (&self.runs[id.ix()], &summary.facts[id.ix()].loops);
        let around = |start: Option<u32>| {
            std::iter::successors(start, |at| loops.get(*at as usize).and_then(|one| one.parent))
        };
        let outer: Vec<u32> = around(declared).collect();
        let between: Vec<u32> = around(under.in_loop).filter(|at| !outer.contains(at)).collect();
        let turns = |at: &u32| summary.loops[id.ix()].get(*at as usize).copied();
        // What is made for each message is gone with it, unless its loop has no way out at all.
        let around_it = Under { in_loop: declared, ..Under::default() };
        let per_message = self.often(summary, id, &around_it) == Some(Often::PerMessage);
        // A loop with a way out counts for a local only if it waits by itself: retries and parsers wait too,
        // somewhere below, and end.
        let turns_for_ever = |at: &u32| {
            let one = &loops[*at as usize];
            turns(at) == Some(Turns::Endless)
                && (one.no_exit || (!per_message && (one.waits || last.is_none())))
        };
        let endless = between.iter().any(turns_for_ever);
        // What a server keeps of each connection is not what it serves for; it does so whoever starts it.
        let serves = between.iter().any(|at| loops[*at as usize].accepts);
        if runs.often.is_none() && !(serves && last.is_some() && runs.may_run) {
            return None;
        }
        let is_result = !serves && between.last().is_some_and(|at| Some(loops[*at as usize].expr) < last);
        (endless && !is_result).then_some(Often::PerMessage)
    }

    fn spread(&mut self, summary: &Summary, id: FnId, pending: &mut Pending) {
        for site in &summary.facts[id.ix()].calls {
            let Some(mut often) = self.often(summary, id, &site.under) else { return };
            let step = Step { caller: id, at: site.at };
            for callee in &site.callees {
                if site.is_callback && self.is_handler(*callee) {
                    often = Often::PerMessage;
                }
                let mut changed = self.raise(*callee, often, Some(step));
                if site.is_callback && self.is_handler(*callee) {
                    for at in self.runs[callee.ix()].kept.clone() {
                        changed |= self.raise_param(*callee, at, often);
                    }
                }
                for (at, arg) in site.args.iter().enumerate() {
                    let lives = arg.and_then(|place| self.resident(summary, id, place, &site.under));
                    if let Some(often) = lives {
                        changed |= self.raise_param(*callee, at, often);
                    }
                }
                if changed {
                    pending.add(*callee);
                }
            }
        }
    }

    fn is_handler(&self, id: FnId) -> bool {
        matches!(self.runs[id.ix()].entry, Some(Entry::Callback))
    }

    fn raise(&mut self, id: FnId, often: Often, from: Option<Step>) -> bool {
        let runs = &mut self.runs[id.ix()];
        if runs.often >= Some(often) {
            return false;
        }
        runs.often = Some(often);
        runs.from = from;
        true
    }

    fn raise_param(&mut self, id: FnId, at: usize, often: Often) -> bool {
        let resident = &mut self.runs[id.ix()].resident;
        if resident.len() <= at {
            resident.resize(at + 1, None);
        }
        if resident[at].is_some_and(|known| known >= often) {
            return false;
        }
        resident[at] = Some(often);
        true
    }

    /// Marks what only runs when a locus, the program or a value ends.
    fn exits(&mut self, program: &Program<'_>, summary: &Summary) {
        let drop = Sym::new("drop");
        let mut pending: Vec<FnId> = Vec::new();
        for (index, runs) in self.runs.iter_mut().enumerate() {
            if matches!(runs.entry, Some(Entry::Exit)) {
                let id = FnId(u32::try_from(index).unwrap_or(u32::MAX));
                runs.only_at_exit = true;
                runs.only_in_drop = program.names.function(id).name == drop;
                runs.dropped_by = program.adt_of(id).filter(|_| runs.only_in_drop);
                pending.push(id);
            }
        }
        while let Some(id) = pending.pop() {
            let (in_drop, by) = (self.runs[id.ix()].only_in_drop, self.runs[id.ix()].dropped_by);
            for callee in summary.facts[id.ix()].calls.iter().flat_map(|site| site.callees.iter()) {
                let runs = &mut self.runs[callee.ix()];
                let only = !runs.may_run && runs.often < Some(Often::PerMessage) && !runs.only_at_exit;
                if only {
                    runs.only_at_exit = true;
                    (runs.only_in_drop, runs.dropped_by) = (in_drop, by);
                    pending.push(*callee);
                }
            }
        }
    }

    /// The calls that lead to `id` from what repeats nearest, outermost first, and the function they begin at.
    pub fn chain(&self, id: FnId) -> (FnId, Vec<Step>) {
        const CHAIN_MAX: usize = 64;
        let mut steps = Vec::new();
        let mut at = id;
        while steps.len() < CHAIN_MAX {
            let Some(step) = self.runs[at.ix()].from else { break };
            if steps.iter().any(|known: &Step| known.caller == step.caller) {
                break;
            }
            steps.push(step);
            at = step.caller;
        }
        steps.reverse();
        (at, steps)
    }
}

/// Functions whose calls are to be followed, each once however many changes it waits with.
struct Pending {
    all: Vec<FnId>,
    waits: Vec<bool>,
}

impl Pending {
    fn new(count: usize, entries: Vec<FnId>) -> Self {
        let mut pending = Self { all: Vec::new(), waits: vec![false; count] };
        entries.into_iter().for_each(|id| pending.add(id));
        pending
    }

    fn add(&mut self, id: FnId) {
        if !std::mem::replace(&mut self.waits[id.ix()], true) {
            self.all.push(id);
        }
    }

    /// The one that was added last: what a chain of calls leads to comes before the next chain.
    fn next(&mut self) -> Option<FnId> {
        let id = self.all.pop()?;
        self.waits[id.ix()] = false;
        Some(id)
    }
}

fn within(summary: &Summary, id: FnId, under: &Under, often: Often) -> Often {
    let loops = &summary.facts[id.ix()].loops;
    let around =
        std::iter::successors(under.in_loop, |at| loops.get(*at as usize).and_then(|one| one.parent));
    if under.once {
        return often.min(Often::Once);
    }
    let mut often = often;
    for at in around {
        match summary.loops[id.ix()].get(at as usize) {
            Some(Turns::Endless | Turns::Stream) => return Often::PerMessage,
            Some(Turns::Input) if often == Often::Once => often = Often::PerConfig,
            _ => {}
        }
    }
    often
}
