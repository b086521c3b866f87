//! Types that something makes values of, outside of tests: what is never made does nothing, however many calls its traits
//! may lead to.

use super::live::Programs;
use crate::events::FnFacts;
use crate::load::support::{Support, is_of_tests, support};
use crate::lower::ir::Receiver;
use crate::lower::sym::Sym;
use crate::names::{AdtId, Def, FnId, ModId, Owner};
use crate::types::{Interner, Program, Ty, TyKind};
use rustc_hash::{FxHashMap, FxHashSet};

/// What is made, and what is known not to be.
#[derive(Debug, Default)]
pub(crate) struct Made {
    /// Types that code outside of tests makes, or a derive that reads, or the maker of what holds them; in a workspace without
    /// a program, all.
    pub(crate) types: FxHashSet<AdtId>,
    /// Types of one trait or another that only tests make, or their own constructors, which nothing calls.
    pub(crate) never: FxHashSet<AdtId>,
}

impl Made {
    /// Which types `facts` make.
    pub(super) fn of(program: &Program<'_>, programs: &Programs, facts: &[FnFacts]) -> Made {
        let live = live(program);
        let unused = unused_makers(program, facts, &live);
        let mut makers: FxHashMap<AdtId, Vec<usize>> = FxHashMap::default();
        for (index, facts) in facts.iter().enumerate() {
            facts.makes.iter().for_each(|(adt, _)| makers.entry(*adt).or_default().push(index));
        }
        let is_idle = |adt: AdtId, maker: usize| !live[maker] || unused[maker] == Some(adt);
        let has_program = programs.any();
        let all = (0..program.names.adts.len()).map(|index| AdtId(u32::try_from(index).unwrap_or(u32::MAX)));
        let all: Vec<AdtId> = all.collect();
        let by_itself = |adt: &AdtId| {
            let declared = program.names.adt(*adt);
            !has_program || declared.is_read || declared.is_enum || declared.locus.is_some()
        };
        let implements = implementors(program);
        // Of what is never seen to be made nobody knows how it is made.
        let may_be_never = |adt: &AdtId| {
            makers.contains_key(adt)
                && implements.contains(adt)
                && programs.reach(program.names.adt(*adt).module, &program.names)
                && !programs.names_in_macro(program.names.adt(*adt).name)
        };
        let is_made = |adt: &AdtId| match makers.get(adt) {
            None => false,
            Some(of) if may_be_never(adt) => of.iter().any(|maker| !is_idle(*adt, *maker)),
            Some(of) => of.iter().any(|maker| live[*maker]),
        };
        let mut open: Vec<AdtId> = all.iter().copied().filter(|adt| by_itself(adt) || is_made(adt)).collect();
        program.statics.iter().for_each(|ty| within(program, *ty, 0, &mut open));
        let mut types = FxHashSet::default();
        while let Some(adt) = open.pop() {
            if types.insert(adt) {
                let fields = program.fields[adt.ix()].iter().flatten();
                fields.for_each(|(_, ty)| within(program, *ty, 0, &mut open));
            }
        }
        let never = all.into_iter().filter(|adt| !types.contains(adt) && may_be_never(adt)).collect();
        Made { types, never }
    }
}

/// By function, whether it is no test.
fn live(program: &Program<'_>) -> Vec<bool> {
    let files = &program.names.workspace.files;
    let tests: Vec<bool> =
        files.iter().map(|file| support(program.names.workspace, file) == Some(Support::Tests)).collect();
    let of_tests = test_modules(program);
    let around =
        |module: ModId| std::iter::successors(Some(module), |at| program.names.modules[at.ix()].parent);
    let functions = program.names.fns.iter();
    let is_live = functions.map(|function| {
        !tests[function.file.0 as usize] && !around(function.module).any(|module| of_tests.contains(&module))
    });
    is_live.collect()
}

/// By function, the type that it makes, if it is an associated function of that which no live code calls.
fn unused_makers(program: &Program<'_>, facts: &[FnFacts], live: &[bool]) -> Vec<Option<AdtId>> {
    let mut called = vec![false; facts.len()];
    for facts in facts.iter().zip(live).filter(|(_, live)| **live).map(|(facts, _)| facts) {
        let callees = facts.calls.iter().flat_map(|site| site.callees.iter());
        callees.for_each(|callee| called[callee.ix()] = true);
    }
    let of = |index: usize| {
        let id = FnId(u32::try_from(index).ok()?);
        let function = program.names.function(id);
        let Owner::Impl(block) = function.owner else { return None };
        let is_own = program.impls[block.ix()].trait_name == Sym::NONE
            && function.sig.is_some_and(|sig| sig.receiver == Receiver::None);
        program.adt_of(id).filter(|_| is_own && !called[index])
    };
    (0..facts.len()).map(of).collect()
}

/// Types that implement a trait of the workspace.
fn implementors(program: &Program<'_>) -> FxHashSet<AdtId> {
    let blocks = program.impls.iter().filter(|block| block.of.is_some());
    let own = blocks.filter_map(|block| match program.types.kind(block.own) {
        TyKind::Adt(adt, _) => Some(*adt),
        _ => None,
    });
    own.collect()
}

/// Modules that hold tests by their names, wherever they stand.
fn test_modules(program: &Program<'_>) -> FxHashSet<ModId> {
    let modules = program.names.modules.iter();
    let declared = modules.flat_map(|module| &module.types).filter_map(|(name, (def, _))| match def {
        Def::Mod(module) => is_of_tests(program.names.text(*name)).then_some(*module),
        _ => None,
    });
    declared.collect()
}

/// All types of the workspace that a type is written with.
fn within(program: &Program<'_>, ty: Ty, depth: u32, out: &mut Vec<AdtId>) {
    match program.types.kind(ty) {
        TyKind::Adt(adt, args) => {
            out.push(*adt);
            args.iter().filter(|_| depth < 6).for_each(|arg| within(program, *arg, depth + 1, out));
        }
        TyKind::Foreign(_, args) | TyKind::Tuple(args) if depth < 6 => {
            args.iter().for_each(|arg| within(program, *arg, depth + 1, out));
        }
        TyKind::Seq(elem) if depth < 6 => within(program, *elem, depth + 1, out),
        _ => {}
    }
}
