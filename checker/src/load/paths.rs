//! Bare files and directories.
//!
//! A directory with a manifest is loaded as its package or workspace; any other is searched for manifests
//! below it. A file that belongs to none is a crate of its own, with its features off.

use super::{LoadError, Options, Package, Plan, TargetKind, cargo};
use std::path::{Path, PathBuf};

/// Deepest directory below a given path that is looked into.
const DIRECTORY_DEPTH_MAX: u32 = 32;

pub(crate) fn plan(options: &Options, paths: &[PathBuf]) -> Result<Plan, LoadError> {
    let mut plan = Plan::default();
    // Numbers follow the order of the packages, and must not follow that of the command line.
    let mut paths = paths.to_vec();
    paths.sort();
    for path in &paths {
        let found = path.canonicalize();
        let path = found.map_err(|error| LoadError { message: format!("`{}`: {error}", path.display()) })?;
        if plan.root.as_os_str().is_empty() {
            plan.root = if path.is_dir() { path.clone() } else { parent(&path) };
        }
        while !path.starts_with(&plan.root) && plan.root.pop() {}
        add(&path, options, &mut plan, 0);
    }
    Ok(plan)
}

fn parent(path: &Path) -> PathBuf {
    path.parent().map(Path::to_path_buf).unwrap_or_default()
}

fn add(path: &Path, options: &Options, plan: &mut Plan, depth: u32) {
    if path.is_file() {
        return bare(path, plan);
    }
    let manifest = path.join("Cargo.toml");
    if manifest.is_file() {
        match cargo::plan(options, &manifest) {
            Ok(found) => return merge(plan, found),
            Err(error) => plan.problems.push(format!("`{}`: {error}", manifest.display())),
        }
    }
    let mut entries: Vec<PathBuf> = match std::fs::read_dir(path) {
        Ok(entries) => entries.filter_map(|entry| Some(entry.ok()?.path())).collect(),
        Err(error) => return plan.problems.push(format!("`{}`: {error}", path.display())),
    };
    entries.sort();
    for entry in entries {
        let hidden = entry.file_name().is_none_or(|name| name.to_string_lossy().starts_with('.'));
        let skipped = hidden || entry.is_symlink() || depth >= DIRECTORY_DEPTH_MAX;
        if entry.is_dir() && !skipped && !entry.ends_with("target") {
            add(&entry, options, plan, depth + 1);
        } else if entry.extension().is_some_and(|extension| extension == "rs") && entry.is_file() {
            bare(&entry, plan);
        }
    }
}

fn bare(path: &Path, plan: &mut Plan) {
    let name = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let kind = if name == "main" { TargetKind::Bin } else { TargetKind::Lib };
    plan.targets.push((plan.packages.len(), name.clone(), kind, path.to_path_buf()));
    plan.packages.push(Package { name, selected: true, ..Package::default() });
}

/// Packages that a workspace found earlier already holds are left out.
fn merge(plan: &mut Plan, found: Plan) {
    let known: Vec<_> = plan.packages.iter().filter_map(|package| package.manifest.clone()).collect();
    plan.problems.extend(found.problems);
    let mut renumbered = vec![None; found.packages.len()];
    for (index, package) in found.packages.into_iter().enumerate() {
        if package.manifest.as_ref().is_none_or(|manifest| !known.contains(manifest)) {
            renumbered[index] = Some(plan.packages.len());
            plan.packages.push(package);
        }
    }
    for (package, target, kind, root) in found.targets {
        if let Some(package) = renumbered[package] {
            plan.targets.push((package, target, kind, root));
        }
    }
}
