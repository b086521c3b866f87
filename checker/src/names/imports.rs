//! Lets every `use` take effect, as a fixpoint.
//!
//! Each round gives every import that is not settled what its path leads to by now; globs copy names, so that
//! looking a name up never follows a chain of them. Declared names win over imported ones, those over globs.

use super::{Def, ModId, Names, Pending};
use crate::lower::ir::Vis;
use crate::lower::sym::Sym;

/// Longest chain of re-exports that is followed.
const ROUNDS_MAX: u32 = 24;

pub(super) fn settle(names: &mut Names<'_>, mut pending: Vec<Pending<'_>>) {
    let (mut globs, mut foreign): (Vec<_>, Vec<_>) = (Vec::new(), Vec::new());
    pending.retain(|import| {
        if import.leaf.glob {
            globs.push((import.module, import.leaf, import.vis));
        }
        !import.leaf.glob
    });
    for round in 0..ROUNDS_MAX {
        let mut changed = false;
        foreign.clear();
        for import in &pending {
            changed |= name(names, import, &mut foreign);
        }
        for (module, leaf, vis) in &globs {
            changed |= glob(names, *module, leaf, *vis);
        }
        if !changed && round > 0 {
            break;
        }
    }
    // What only leads outside is entered last: a module of the same name that appears later has precedence.
    for (module, alias, def, vis) in foreign {
        names.modules[module.ix()].types.entry(alias).or_insert((def, vis));
        names.modules[module.ix()].values.entry(alias).or_insert((def, vis));
    }
    // A prelude module passes on what it has from outside.
    for _ in 0..ROUNDS_MAX {
        let mut changed = false;
        for (module, leaf, vis) in &globs {
            changed |= glob(names, *module, leaf, *vis);
        }
        if !changed {
            break;
        }
    }
}

/// Enters one name; tells whether anything is new.
fn name(names: &mut Names<'_>, import: &Pending<'_>, foreign: &mut Vec<(ModId, Sym, Def, Vis)>) -> bool {
    let leaf = import.leaf;
    let known = &names.modules[import.module.ix()];
    if known.types.contains_key(&leaf.alias) && known.values.contains_key(&leaf.alias) {
        return false;
    }
    let (ty, value) = names.resolve_import(import.module, &leaf.path, leaf.absolute);
    let mut changed = false;
    for (def, is_type) in [(ty, true), (value, false)] {
        let Some(def) = def else { continue };
        if matches!(def, Def::Foreign(_)) {
            foreign.push((import.module, leaf.alias, def, import.vis));
            continue;
        }
        let module = &mut names.modules[import.module.ix()];
        let table = if is_type { &mut module.types } else { &mut module.values };
        if let std::collections::hash_map::Entry::Vacant(free) = table.entry(leaf.alias) {
            free.insert((def, import.vis));
            changed = true;
        }
    }
    changed
}

/// Copies the names of what a glob leads to; tells whether anything is new.
fn glob(names: &mut Names<'_>, into: ModId, leaf: &crate::lower::ir::UseLeaf, vis: Vis) -> bool {
    let (target, _) = names.resolve_import(into, &leaf.path, leaf.absolute);
    match target {
        Some(Def::Mod(from)) if from != into => copy(names, from, into, vis),
        Some(Def::Adt(adt)) => {
            let variants: Vec<Sym> = names.adt(adt).variants.iter().map(|(name, _)| *name).collect();
            let mut changed = false;
            for (index, name) in variants.into_iter().enumerate() {
                let def = Def::Variant(adt, super::collect::number(index));
                let values = &mut names.modules[into.ix()].values;
                changed |= !values.contains_key(&name);
                values.entry(name).or_insert((def, vis));
            }
            changed
        }
        Some(Def::Foreign(from)) => {
            let globs = &mut names.modules[into.ix()].foreign_globs;
            let new = !globs.contains(&from);
            if new {
                globs.push(from);
            }
            new
        }
        _ => false,
    }
}

fn copy(names: &mut Names<'_>, from: ModId, into: ModId, vis: Vis) -> bool {
    let sees_private = is_within(names, into, from);
    let source = &names.modules[from.ix()];
    let target = &names.modules[into.ix()];
    let new = |table: &rustc_hash::FxHashMap<Sym, (Def, Vis)>,
               known: &rustc_hash::FxHashMap<Sym, (Def, Vis)>| {
        let visible = table.iter().filter(|(name, (_, own))| {
            (*own != Vis::Private || sees_private) && **name != Sym::NONE && !known.contains_key(name)
        });
        visible.map(|(name, (def, _))| (*name, (*def, vis))).collect::<Vec<_>>()
    };
    let (types, values) = (new(&source.types, &target.types), new(&source.values, &target.values));
    let changed = !types.is_empty() || !values.is_empty();
    names.modules[into.ix()].types.extend(types);
    names.modules[into.ix()].values.extend(values);
    changed
}

fn is_within(names: &Names<'_>, inner: ModId, outer: ModId) -> bool {
    let mut at = Some(inner);
    while let Some(module) = at {
        if module == outer {
            return true;
        }
        at = names.modules[module.ix()].parent;
    }
    false
}
