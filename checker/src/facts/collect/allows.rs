//! The allows of a target: in its own files, and in those of the libraries of the workspace that it is built of.

use super::{Site, span};
use crate::finding::FileId;
use crate::load::{TargetKind, Workspace, reached};
use std::collections::BTreeSet;

/// The allows that give a reason; one without silences nothing.
pub(super) fn of_target(workspace: &Workspace, target: usize) -> Vec<Site> {
    let files: BTreeSet<FileId> =
        crates(workspace, target).into_iter().flat_map(|krate| files(workspace, krate)).collect();
    let of_file = |id: FileId| {
        let ir = workspace.files[id.0 as usize].ir.iter();
        let given = ir
            .flat_map(|ir| &ir.allows)
            .filter(|allow| allow.reason.as_deref().is_some_and(|reason| !reason.trim().is_empty()));
        given.map(move |allow| {
            let rules: Vec<&str> = allow.rules.iter().map(|(name, _)| &**name).collect();
            Site { name: rules.join(", "), span: span(id, allow.at) }
        })
    };
    files.into_iter().flat_map(of_file).collect()
}

/// The target, the library of its own package, and the libraries that these depend on.
fn crates(workspace: &Workspace, target: usize) -> BTreeSet<usize> {
    let library = |package: usize| {
        workspace.crates.iter().position(|krate| krate.package == package && krate.kind == TargetKind::Lib)
    };
    let packages = reached(&workspace.dependencies(), workspace.crates[target].package);
    packages.into_iter().filter_map(library).chain([target]).collect()
}

/// The files that a crate's root leads to.
fn files(workspace: &Workspace, krate: usize) -> BTreeSet<FileId> {
    let (mut found, mut open) = (BTreeSet::new(), vec![workspace.crates[krate].root]);
    while let Some(file) = open.pop() {
        if found.insert(file) {
            open.extend(workspace.files[file.0 as usize].children.iter().map(|(_, child)| *child));
        }
    }
    found
}
