//! What each package calls the crates it can use.

use super::{Def, Foreign, ModId};
use crate::load::{TargetKind, Workspace};
use crate::lower::sym::Sym;
use rustc_hash::{FxHashMap, FxHashSet};

/// By package: its own library, its dependencies, and libraries of those that have another name than their package.
pub(super) fn of(workspace: &Workspace, roots: &[ModId]) -> Vec<FxHashMap<Sym, Def>> {
    let packages: Vec<Sym> =
        workspace.packages.iter().map(|package| Sym::new(&package.name.replace('-', "_"))).collect();
    let crates = workspace.crates.iter().zip(roots);
    let libraries: Vec<(usize, Sym, Def)> = crates
        .filter(|(krate, _)| krate.kind == TargetKind::Lib)
        .map(|(krate, root)| (krate.package, krate.name, Def::Mod(*root)))
        .collect();
    let mut by_package: FxHashMap<Sym, Def> = FxHashMap::default();
    for (package, _, root) in &libraries {
        by_package.entry(packages[*package]).or_insert(*root);
    }
    let one = |(index, package): (usize, &crate::load::Package)| {
        let mut known = FxHashMap::default();
        for (_, name, root) in libraries.iter().filter(|(of, _, _)| *of == index) {
            known.entry(*name).or_insert(*root);
        }
        let mut used = FxHashSet::default();
        for (name, real) in &package.dependencies {
            let real = Sym::new(real);
            used.insert(real);
            let outside = || Def::Foreign(Foreign::of(&[real]));
            known.entry(*name).or_insert_with(|| by_package.get(&real).copied().unwrap_or_else(outside));
        }
        for (_, name, root) in libraries.iter().filter(|(of, _, _)| used.contains(&packages[*of])) {
            known.entry(*name).or_insert(*root);
        }
        known
    };
    workspace.packages.iter().enumerate().map(one).collect()
}
