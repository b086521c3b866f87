//! Where keys come from: given once and for all, told by messages, or nobody knows.
//!
//! A collection whose keys are all given has as many entries as the configuration has names, however often it is
//! written to: nothing is said of it. One whose keys messages tell grows with them: that is certain, and the value
//! that brings the key is shown. Of what nobody knows it is likely and no more.
//!
//! The question is asked backwards from one key, and only for what would be reported: from the expression to the
//! locals, parameters, fields and results it is made of (`value`); from a parameter to what all callers pass; from a
//! field or static to all that is ever stored there (`stored`). Given is what ends everywhere in constants, in the
//! arguments, environment and configuration of the program, or in code that does not run with messages: whatever a
//! program works out when it begins, it works out once. Told is what ends somewhere in what a handler is called
//! with, in what was received or read, or in a value that is drawn or counted up, with every message.
//!
//! A type is a configuration by its name, unless a handler takes it as its message or a channel carries it: then
//! it comes again and again.

mod answer;
mod carried;
mod deployed;
mod known;
mod origins;
mod own;
mod related;
mod stored;
mod tested;
pub(super) mod types;
mod value;
mod words;

pub(super) use answer::Answer;
pub use answer::{Brings, Witness};

use super::callers::Callers;
use super::{Context, Entry, Often};
use crate::events::{Event, Under};
use crate::load::TargetKind;
use crate::lower::ir::{ExprId, ExprKind, Range, Receiver};
use crate::names::{AdtId, FnId};
use crate::summary::{Summary, Turns};
use crate::types::{Insides, Program};
use answer::From;
use origins::{Origins, Part};
use related::Related;
use rustc_hash::{FxHashMap, FxHashSet};
use std::cell::{Cell, OnceCell, RefCell};
use std::collections::BTreeSet;
use std::rc::Rc;
use stored::Stored;

/// Steps that one question may take before it is given up.
const STEPS_MAX: u32 = 12_000;
/// Longest way back.
const DEPTH_MAX: u32 = 48;
/// Most functions that one call may lead to, and still say something.
const FUNCTIONS_MAX: usize = 8;

/// Answers where keys come from.
pub(super) struct Given<'a, 'w, 's> {
    program: &'a Program<'w>,
    insides: &'a Insides<'a>,
    summary: &'s Summary,
    context: &'a Context,
    callers: &'a Callers<'s>,
    related: Related,
    /// The packages that the value which is asked about may come through; none where it may be any.
    through: RefCell<Option<BTreeSet<usize>>>,
    /// Types that come as messages or through channels.
    carried: FxHashSet<AdtId>,
    /// What is made, and what is stored in fields and statics later on.
    stored: OnceCell<Stored>,
    bodies: RefCell<FxHashMap<FnId, Option<Rc<Origins<'a>>>>>,
    /// Answers so far; none for what is being asked.
    params: RefCell<FxHashMap<(FnId, u32, Part), Option<Answer>>>,
    made: stored::OfFields,
    changed: stored::OfFields,
    results: RefCell<FxHashMap<(FnId, Part), Option<From>>>,
    steps: Cell<u32>,
    /// Whether an answer of this question rests on one that was still open, or was given up: those on the way may then
    /// be other ones when they are asked for themselves.
    rests_on_open: Cell<bool>,
}

/// Those of some values that a message tells, each by its function and where it stands.
pub(super) fn told<'a>(
    program: &'a Program<'_>,
    insides: &'a Insides<'a>,
    callers: &'a Callers<'_>,
    context: &'a Context,
    values: &[(FnId, Range)],
) -> Vec<bool> {
    if values.is_empty() {
        return Vec::new();
    }
    let given = Given::of(program, insides, callers, context);
    values.iter().map(|(id, at)| given.is_told_at(*id, *at)).collect()
}

impl<'a, 'w, 's> Given<'a, 'w, 's> {
    pub(super) fn of(
        program: &'a Program<'w>,
        insides: &'a Insides<'a>,
        callers: &'a Callers<'s>,
        context: &'a Context,
    ) -> Self {
        Given {
            program,
            insides,
            summary: callers.summary,
            context,
            callers,
            related: Related::of(&program.names),
            through: RefCell::default(),
            carried: carried::carried(program, context),
            stored: OnceCell::new(),
            bodies: RefCell::default(),
            params: RefCell::default(),
            made: RefCell::default(),
            changed: RefCell::default(),
            results: RefCell::default(),
            steps: Cell::new(0),
            rests_on_open: Cell::new(false),
        }
    }

    /// Begins a question of `id`. No answer may depend on which was asked before.
    fn begin(&self, id: FnId) {
        self.steps.set(0);
        let through = self.related.to(&self.program.names, self.context, id);
        let is_other = self.through.replace(through.clone()) != through;
        if self.rests_on_open.take() || is_other {
            self.params.borrow_mut().clear();
            self.made.borrow_mut().clear();
            self.changed.borrow_mut().clear();
            self.results.borrow_mut().clear();
        }
    }

    /// An answer that is known, or for what is open the one that adds nothing.
    fn so_far<T>(&self, known: Option<T>, nothing: T) -> T {
        known.unwrap_or_else(|| {
            self.rests_on_open.set(true);
            nothing
        })
    }

    /// Where the keys come from that `event` in `id` adds; where a function adds them to what it is handed, its own
    /// are looked at.
    pub(super) fn key(&self, id: FnId, event: &Event) -> Answer {
        self.begin(id);
        let Some(inner) = event.via.last() else { return self.key_at(id, event.at) };
        let own = self.summary.facts[inner.ix()].events.iter().filter(|own| {
            own.what.grows() && own.via.is_empty() && own.place.field.is_none() && own.holder == event.holder
        });
        Answer::all(own.map(|own| self.key_at(*inner, own.at))).unwrap_or(Answer::Unknown)
    }

    /// Whether a message tells the value that stands at `at` in `id`.
    fn is_told_at(&self, id: FnId, at: Range) -> bool {
        self.begin(id);
        let Some(origins) = self.body(id) else { return false };
        let mut values = origins.at(at);
        values.any(|value| {
            matches!(self.holds(id, &self.value(id, &origins, (value, None), 0), 0), Answer::Told(_))
        })
    }

    fn key_at(&self, id: FnId, at: Range) -> Answer {
        let Some(origins) = self.body(id) else { return Answer::Unknown };
        let keys = origins.at(at).filter_map(|call| Some((call, origins.key(call, 0)?)));
        let keys = keys.map(|(call, key)| {
            if self.is_own_key(&origins, call, key)
                || self.is_kind(id, &origins, key)
                || self.is_tested(id, (&origins, call), (key, None), 0)
            {
                return Answer::Given;
            }
            let answer = self.holds(id, &self.value(id, &origins, (key, None), 0), 0);
            let answer = self.unless_deployed(answer, (&origins, call), (key, None), 0);
            match self.is_measured(&origins, origins.inferred.expr(key)) {
                true => answer,
                false => answer.unless_time(),
            }
        });
        Answer::all(keys).unwrap_or(Answer::Unknown)
    }

    /// Where what a list gets comes from.
    pub(super) fn added(&self, id: FnId, event: &Event) -> Answer {
        self.begin(id);
        let Some(origins) = self.body(id) else { return Answer::Unknown };
        let calls = origins.at(event.at).filter_map(|call| match &origins.body.expr(call).kind {
            ExprKind::Method(call) => call.args.last().copied(),
            _ => None,
        });
        let added = calls.map(|value| self.holds(id, &self.value(id, &origins, (value, None), 0), 0));
        Answer::all(added).unwrap_or(Answer::Unknown)
    }

    fn body(&self, id: FnId) -> Option<Rc<Origins<'a>>> {
        if let Some(known) = self.bodies.borrow().get(&id) {
            return known.clone();
        }
        let origins = Origins::of(self.program, self.insides, id).map(Rc::new);
        self.bodies.borrow_mut().insert(id, origins.clone());
        origins
    }

    /// One step more, if there is one left.
    fn may_step(&self, depth: u32) -> bool {
        self.steps.set(self.steps.get() + 1);
        let may = depth <= DEPTH_MAX && self.steps.get() <= STEPS_MAX;
        if !may {
            self.rests_on_open.set(true);
        }
        may
    }

    /// What brings a value in `id`, if it comes from there at all.
    fn told(&self, id: FnId, at: Range, what: Brings) -> From {
        let package = self.program.names.package_of(self.program.names.function(id).module);
        match &*self.through.borrow() {
            Some(through) if !through.contains(&package) => From::UNKNOWN,
            _ => From { own: Answer::Told(Witness { id, at, what }), params: Vec::new() },
        }
    }

    /// The answer for a value of `id`, with what its callers pass.
    fn holds(&self, id: FnId, from: &From, depth: u32) -> Answer {
        let passed = from.params.iter().map(|(param, part)| self.param(id, (*param, *part), depth + 1));
        Answer::all(std::iter::once(from.own).chain(passed)).unwrap_or(from.own)
    }

    /// Whether an expression of `id` is worked out as often as messages come.
    fn repeats(&self, id: FnId, origins: &Origins<'_>, expr: ExprId) -> bool {
        let facts = &self.summary.facts[id.ix()];
        let turns = |at: ExprId| {
            let mut all = facts.loops.iter().zip(&self.summary.loops[id.ix()]);
            all.any(|(one, turns)| one.expr == at.0 && *turns != Turns::Input)
        };
        self.context.runs[id.ix()].often == Some(Often::PerMessage)
            || (!facts.loops.is_empty() && origins.around(expr).any(turns))
    }

    /// Whether it is certain that an expression of `id` is worked out, and not with messages.
    fn begins(&self, id: FnId, origins: &Origins<'_>, expr: ExprId) -> bool {
        self.context.runs[id.ix()].often.is_some()
            && !self.repeats(id, origins, expr)
            && !origins.is_in_closure(expr)
    }

    fn under_repeats(&self, id: FnId, under: &Under) -> bool {
        self.context.often(self.summary, id, under) == Some(Often::PerMessage)
    }

    /// Whether a parameter is what a handler is called with.
    fn is_message(&self, id: FnId, param: u32) -> bool {
        let runs = &self.context.runs[id.ix()];
        let is_own = param == 0 && self.has_receiver(id);
        let is_polled = self.program.names.text(self.program.names.function(id).name).starts_with("poll");
        matches!(runs.entry, Some(Entry::Message | Entry::Callback | Entry::Poll))
            && !is_own
            && !is_polled
            && !runs.kept.contains(&(param as usize))
    }

    fn has_receiver(&self, id: FnId) -> bool {
        self.program.names.function(id).sig.is_some_and(|sig| sig.receiver != Receiver::None)
    }

    fn param(&self, id: FnId, (param, part): (u32, Part), depth: u32) -> Answer {
        if let Some(known) = self.params.borrow().get(&(id, param, part)) {
            return self.so_far(*known, Answer::Given);
        }
        if depth > DEPTH_MAX {
            self.rests_on_open.set(true);
            return Answer::Unknown;
        }
        // Functions that call each other pass on what others gave them.
        self.params.borrow_mut().insert((id, param, part), None);
        let answer = self.passed(id, (param, part), depth);
        self.params.borrow_mut().insert((id, param, part), Some(answer));
        answer
    }

    fn passed(&self, id: FnId, param: (u32, Part), depth: u32) -> Answer {
        if self.context.runs[id.ix()].entry == Some(Entry::Main) {
            return Answer::Given;
        }
        let names = &self.program.names;
        let is_example = |id: FnId| names.crate_of(names.function(id).module).kind == TargetKind::Example;
        let runs = |id: FnId| {
            let runs = &self.context.runs[id.ix()];
            runs.often.is_some() || runs.may_run
        };
        let callers = self.callers.of(id).iter().filter(|(caller, _)| !is_example(*caller) && runs(*caller));
        // The call that makes it run with messages comes first: most often it also brings the key.
        let from = self.context.runs[id.ix()].from;
        let is_first = |(caller, call): &(FnId, usize)| {
            let at = self.summary.facts[caller.ix()].calls[*call].at;
            from.is_some_and(|from| from.caller == *caller && from.at == at)
        };
        let (first, others): (Vec<_>, Vec<_>) = callers.copied().partition(is_first);
        let callers = first.into_iter().chain(others);
        let answers = callers.map(|(caller, call)| self.argument(caller, call, param, depth));
        let mut all: Option<Answer> = None;
        for answer in answers {
            let joined = all.map_or(answer, |all| all.and(answer));
            if matches!(joined, Answer::Told(_)) {
                return joined;
            }
            all = Some(joined);
        }
        all.unwrap_or(Answer::Unknown)
    }

    /// What one call passes.
    fn argument(&self, caller: FnId, call: usize, (param, part): (u32, Part), depth: u32) -> Answer {
        let site = &self.summary.facts[caller.ix()].calls[call];
        let Some(origins) = self.body(caller) else { return Answer::Unknown };
        if site.is_callback {
            let of = origins.adapted(self.program.models, site.at).filter(|_| param == 0);
            return of.map_or(Answer::Unknown, |of| {
                self.holds(caller, &self.value(caller, &origins, (of, part), depth + 1), depth + 1)
            });
        }
        let passed = origins.at(site.at).filter_map(|at| origins.args(at)).next();
        let passed = passed.and_then(|args| args.get(param as usize).copied());
        let Some(arg) = passed else { return Answer::Unknown };
        if origins.at(site.at).any(|call| self.is_tested(caller, (&origins, call), (arg, part), depth + 1)) {
            return Answer::Given;
        }
        let answer = self.holds(caller, &self.value(caller, &origins, (arg, part), depth + 1), depth + 1);
        let unless_deployed =
            |answer, call| self.unless_deployed(answer, (&origins, call), (arg, part), depth + 1);
        origins.at(site.at).fold(answer, unless_deployed)
    }

    /// What a function gives back.
    fn result(&self, id: FnId, part: Part, depth: u32) -> From {
        if let Some(known) = self.results.borrow().get(&(id, part)) {
            return self.so_far(known.clone(), From::GIVEN);
        }
        if depth >= DEPTH_MAX {
            self.rests_on_open.set(true);
            return From::UNKNOWN;
        }
        let Some(origins) = self.body(id) else { return From::UNKNOWN };
        let Some(root) = origins.body.root else { return From::UNKNOWN };
        self.results.borrow_mut().insert((id, part), None);
        let returned = origins.body.exprs.iter().filter_map(|expr| match expr.kind {
            ExprKind::Return(Some(value)) => Some(value),
            _ => None,
        });
        let ways: Vec<ExprId> = std::iter::once(root).chain(returned).collect();
        let ways = ways.into_iter().map(|way| self.value(id, &origins, (way, part), depth));
        let from = From::all(ways);
        self.results.borrow_mut().insert((id, part), Some(from.clone()));
        from
    }
}

#[cfg(test)]
mod tests;
