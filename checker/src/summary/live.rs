//! What runs for nothing that anybody makes is taken out of the facts.
//!
//! An arm for a variant that no code makes never runs, and neither does what only that arm calls, nor the arms for the
//! variants that only that makes. A call that a trait decides does not lead to a type that is never made.
//!
//! Whatever cannot be seen counts as made: variants of enums with a derive or attribute that is not known, those that a
//! macro names, those of enums of which no variant is made in sight, and of libraries that no program of the workspace
//! is built of. A function that nothing is seen to call is called from somewhere else.

use super::made::Made;
use crate::events::{Callees, FnFacts};
use crate::load::{TargetKind, reached};
use crate::lower::ir::Vis;
use crate::lower::sym::Sym;
use crate::names::{AdtId, ModId, Names, Owner};
use crate::types::Program;
use rustc_hash::FxHashSet;

/// The packages that programs of the workspace are built of.
pub(super) struct Programs {
    packages: FxHashSet<usize>,
    in_macros: FxHashSet<Sym>,
}

impl Programs {
    fn of(names: &Names<'_>) -> Programs {
        let uses = names.workspace.dependencies();
        let is_program = |function: &&crate::names::Function<'_>| {
            let kind = names.crate_of(function.module).kind;
            function.name == Sym::new("main") && kind != TargetKind::Example
        };
        let with_main = names.fns.iter().filter(is_program).map(|function| names.package_of(function.module));
        let with_main: FxHashSet<usize> = with_main.collect();
        let packages = with_main.into_iter().flat_map(|package| reached(&uses, package)).collect();
        let files = names.workspace.files.iter().filter_map(|file| file.ir.as_ref().ok());
        let in_macros = files.flat_map(|ir| ir.macros_name.iter().copied()).collect();
        Programs { packages, in_macros }
    }

    pub(super) fn any(&self) -> bool {
        !self.packages.is_empty()
    }

    /// Whether a program is built of the package that `module` belongs to.
    pub(super) fn reach(&self, module: ModId, names: &Names<'_>) -> bool {
        self.packages.contains(&names.package_of(module))
    }

    /// Whether a macro that is not understood may make what is called so.
    pub(super) fn names_in_macro(&self, name: Sym) -> bool {
        self.in_macros.contains(&name)
    }
}

/// Takes out of `facts` what never runs; tells which types are made.
pub(super) fn prune(program: &Program<'_>, facts: &mut [FnFacts]) -> Made {
    let programs = Programs::of(&program.names);
    let made = Made::of(program, &programs, facts);
    for site in facts.iter_mut().flat_map(|facts| &mut facts.calls).filter(|site| site.callees.len() > 1) {
        let is_made = |callee: &crate::names::FnId| {
            program.adt_of(*callee).is_none_or(|adt| !made.never.contains(&adt))
        };
        if !site.callees.iter().all(is_made) {
            site.callees = site.callees.iter().copied().filter(is_made).collect();
        }
    }
    if facts.iter().any(|facts| !facts.arms.is_empty()) {
        let alive = Alive::of(program, &programs, facts);
        facts.iter_mut().filter(|facts| !facts.arms.is_empty()).for_each(|facts| alive.cut(facts));
    }
    made
}

/// The variants that something may make.
struct Alive {
    variants: FxHashSet<(AdtId, Sym)>,
    /// Named where it is not known of what.
    names: FxHashSet<Sym>,
    /// Enums whose variants nothing but the code that is seen makes.
    closed: FxHashSet<AdtId>,
}

impl Alive {
    /// From what is called from outside, through calls in what may run, to the variants that are named there.
    fn of(program: &Program<'_>, programs: &Programs, facts: &[FnFacts]) -> Alive {
        let asked = facts.iter().flat_map(|facts| &facts.arms).flat_map(|arm| arm.ways.iter().flatten());
        let asked: FxHashSet<(AdtId, Sym)> = asked.copied().collect();
        // Where no variant is made in sight, they come from somewhere else.
        let made: FxHashSet<AdtId> =
            facts.iter().flat_map(|facts| &facts.variants).filter_map(|(of, ..)| *of).collect();
        let closed = asked.iter().map(|(adt, _)| *adt).filter(|adt| made.contains(adt));
        let closed = closed.filter(|adt| programs.reach(program.names.adt(*adt).module, &program.names));
        let in_macros = asked.iter().map(|(_, name)| *name).filter(|name| programs.names_in_macro(*name));
        let mut alive =
            Alive { variants: FxHashSet::default(), closed: closed.collect(), names: in_macros.collect() };
        let mut runs = called_from_outside(program, facts);
        let mut open: Vec<usize> = (0..facts.len()).filter(|index| runs[*index]).collect();
        let (mut with_arms, mut is_noted) = (Vec::new(), vec![false; facts.len()]);
        while !open.is_empty() {
            let known = alive.variants.len() + alive.names.len();
            while let Some(index) = open.pop() {
                let facts = &facts[index];
                if !facts.arms.is_empty() && !std::mem::replace(&mut is_noted[index], true) {
                    with_arms.push(index);
                }
                let dead: Vec<(u32, u32)> = alive.dead(facts).map(|arm| facts.arms[arm].exprs).collect();
                let is_dead = |expr: u32| dead.iter().any(|(before, last)| *before < expr && expr <= *last);
                for (of, name, _) in facts.variants.iter().filter(|(_, _, expr)| !is_dead(*expr)) {
                    match of {
                        Some(adt) if asked.contains(&(*adt, *name)) => {
                            alive.variants.insert((*adt, *name));
                        }
                        None => {
                            alive.names.insert(*name);
                        }
                        Some(_) => {}
                    }
                }
                for site in facts.calls.iter().filter(|site| !is_dead(site.expr)) {
                    for callee in &site.callees {
                        if !std::mem::replace(&mut runs[callee.ix()], true) {
                            open.push(callee.ix());
                        }
                    }
                }
            }
            // What is made by now may open arms of what was looked at before.
            if alive.variants.len() + alive.names.len() > known {
                open.extend(with_arms.iter().copied());
            }
        }
        alive
    }

    fn is_made(&self, variant: &(AdtId, Sym)) -> bool {
        !self.closed.contains(&variant.0)
            || self.variants.contains(variant)
            || self.names.contains(&variant.1)
    }

    /// The arms that never run, by number; those inside of others are among the expressions of these.
    fn dead<'f>(&'f self, facts: &'f FnFacts) -> impl Iterator<Item = usize> + 'f {
        let never = |at: &usize| {
            facts.arms[*at].ways.iter().all(|way| way.iter().any(|variant| !self.is_made(variant)))
        };
        (0..facts.arms.len()).filter(never)
    }

    /// Takes out what grows, what is called and what is seen in arms that never run.
    fn cut(&self, facts: &mut FnFacts) {
        let dead: Vec<usize> = self.dead(facts).collect();
        if dead.is_empty() {
            return;
        }
        let FnFacts { arms, events, calls, seen, .. } = facts;
        let is_dead = |start: Option<u32>| {
            let parent = |at: &u32| arms.get(*at as usize).and_then(|arm| arm.parent);
            std::iter::successors(start, parent).any(|at| dead.contains(&(at as usize)))
        };
        events.retain(|event| !event.what.grows() || !is_dead(event.under.in_arm));
        for site in calls.iter_mut().filter(|site| is_dead(site.under.in_arm)) {
            site.callees = Callees::default();
        }
        // What a macro writes stands where its call does, whichever of its arms it is in.
        let is_alone = |at: usize| arms.iter().filter(|other| other.at == arms[at].at).count() == 1;
        let ranges: Vec<_> = dead.iter().filter(|at| is_alone(**at)).map(|at| arms[*at].at).collect();
        seen.retain(|seen| {
            !ranges.iter().any(|range| range.start <= seen.at.start && seen.at.end <= range.end)
        });
    }
}

/// By function, whether something that is not seen may call it.
fn called_from_outside(program: &Program<'_>, facts: &[FnFacts]) -> Vec<bool> {
    let mut called = vec![false; facts.len()];
    let mut mentioned = FxHashSet::default();
    for facts in facts {
        mentioned.extend(facts.mentions.iter().copied());
        let callees = facts.calls.iter().flat_map(|site| site.callees.iter());
        callees.for_each(|callee| called[callee.ix()] = true);
    }
    let functions = program.names.fns.iter().enumerate();
    let outside = functions.map(|(index, function)| {
        let of_trait = match function.owner {
            Owner::Impl(block) => program.impls[block.ix()].trait_name != Sym::NONE,
            Owner::Trait(_) => true,
            Owner::Module => false,
        };
        let is_open =
            function.vis == Vis::Public && program.names.crate_of(function.module).kind == TargetKind::Lib;
        is_open || of_trait || !called[index] || mentioned.contains(&function.name)
    });
    outside.collect()
}
