//! Packages, targets and features, from `cargo metadata`.

use super::{LoadError, Options, Package, Plan, TargetKind};
use crate::lower::cfg::CfgEnv;
use crate::lower::sym::Sym;
use cargo_metadata::{MetadataCommand, TargetKind as CargoKind};
use rustc_hash::FxHashSet;
use std::collections::BTreeMap;
use std::path::Path;

pub(crate) fn plan(options: &Options, manifest: &Path) -> Result<Plan, LoadError> {
    let manifest = std::path::absolute(manifest).unwrap_or_else(|_| manifest.to_path_buf());
    let mut command = MetadataCommand::new();
    command.no_deps().manifest_path(&manifest);
    // A project may pin a toolchain that is not installed. Reading manifests needs none in particular, and from
    // another directory the pin does not apply.
    let metadata = command.exec().or_else(|error| {
        command.current_dir(std::env::temp_dir()).exec().map_err(|_| LoadError { message: describe(&error) })
    })?;
    let mut packages = metadata.packages;
    packages.sort_by(|a, b| (&a.name, &a.manifest_path).cmp(&(&b.name, &b.manifest_path)));
    if let Some(unknown) =
        options.packages.iter().find(|name| !packages.iter().any(|known| known.name.as_str() == *name))
    {
        return Err(LoadError { message: format!("package `{unknown}` is not in the workspace") });
    }
    let mut plan = Plan { root: metadata.workspace_root.into_std_path_buf(), ..Plan::default() };
    for package in &packages {
        let index = plan.packages.len();
        for target in &package.targets {
            if let Some(kind) = kind_of(&target.kind) {
                let root = target.src_path.as_std_path().to_path_buf();
                plan.targets.push((index, target.name.clone(), kind, root));
            }
        }
        plan.packages.push(package_of(package, options));
    }
    Ok(plan)
}

fn describe(error: &cargo_metadata::Error) -> String {
    match error {
        cargo_metadata::Error::CargoMetadata { stderr } => {
            let lines = stderr.lines().map(str::trim).take_while(|line| *line != "Stack backtrace:");
            let lines = lines.filter(|line| !line.is_empty());
            let text: Vec<&str> = lines.map(|line| line.strip_prefix("error: ").unwrap_or(line)).collect();
            format!("cargo cannot read the workspace: {}", text.join("; "))
        }
        other => format!("cargo cannot read the workspace: {other}"),
    }
}

fn kind_of(kinds: &[CargoKind]) -> Option<TargetKind> {
    kinds.iter().find_map(|kind| match kind {
        CargoKind::Lib
        | CargoKind::ProcMacro
        | CargoKind::RLib
        | CargoKind::DyLib
        | CargoKind::CDyLib
        | CargoKind::StaticLib => Some(TargetKind::Lib),
        CargoKind::Bin => Some(TargetKind::Bin),
        CargoKind::Example => Some(TargetKind::Example),
        _ => None,
    })
}

fn package_of(package: &cargo_metadata::Package, options: &Options) -> Package {
    let dependencies = package.dependencies.iter().map(|dependency| {
        let name = dependency.rename.as_deref().unwrap_or(&dependency.name);
        (Sym::new(&name.replace('-', "_")), dependency.name.replace('-', "_"))
    });
    let name = package.name.to_string();
    Package {
        id: package.id.repr.clone(),
        edition: package.edition.to_string(),
        manifest: Some(package.manifest_path.as_std_path().to_path_buf()),
        dependencies: dependencies.collect(),
        has_manifest: true,
        selected: options.packages.is_empty() || options.packages.contains(&name),
        cfg: CfgEnv { features: features(&package.features), test: false },
        name,
    }
}

/// The features that are on by default, with all that they imply.
fn features(declared: &BTreeMap<String, Vec<String>>) -> FxHashSet<String> {
    let mut pending = vec!["default".to_owned()];
    let mut on = FxHashSet::default();
    while let Some(feature) = pending.pop() {
        // `dep:name` and `name/feature` switch dependencies on, which code cannot ask about.
        let feature = feature.split('/').next().unwrap_or_default().trim_end_matches('?').to_owned();
        if on.insert(feature.clone()) {
            pending.extend(declared.get(&feature).into_iter().flatten().cloned());
        }
    }
    on
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn features_imply_features() {
        let list = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let declared = BTreeMap::from([
            ("default".to_owned(), list(&["http"])),
            ("http".to_owned(), list(&["dep:hyper", "base"])),
            ("base".to_owned(), Vec::new()),
            ("pg".to_owned(), Vec::new()),
        ]);
        let on = features(&declared);
        assert!(on.contains("base") && on.contains("http") && !on.contains("pg"));
    }
}
