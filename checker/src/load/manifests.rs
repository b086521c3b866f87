//! The members of a workspace that cargo refuses to read.
//!
//! Cargo reads all manifests of a workspace or none. One member that is missing, as a submodule that is not checked
//! out, or that says what this cargo does not understand, would keep the rest from being checked. Here each manifest
//! is read by itself: those that the workspace names, and those in its folder that one of them depends on by path.
//! The answer has cargo's shape, without what needs an index or a lock file.

use cargo_metadata::Metadata;
use cargo_toml::{Dependency, Manifest, Product};
use rustc_hash::FxHashSet;
use serde_json::{Value, json};
use std::path::{Component, Path, PathBuf};

/// What could be read of the workspace at `manifest`, and what could not: a problem for each member, or else the
/// `refusal` of cargo. None where no package can be read.
pub(super) fn read(manifest: &Path, refusal: &str) -> Option<(Metadata, Vec<String>)> {
    let root = manifest.parent()?;
    let top = Manifest::from_slice(&std::fs::read(manifest).ok()?).ok()?;
    let mut members =
        Members { root, top: &top, seen: FxHashSet::default(), packages: vec![], problems: vec![] };
    let mut pending = members.named();
    if top.package.is_some() {
        pending.push(root.to_owned());
    }
    while let Some(folder) = pending.pop() {
        if members.seen.insert(folder.clone()) {
            pending.extend(members.add(&folder));
        }
    }
    let Members { packages, mut problems, .. } = members;
    if packages.is_empty() {
        return None;
    }
    if problems.is_empty() {
        problems.push(refusal.to_owned());
    }
    let metadata = json!({
        "packages": packages, "workspace_members": [], "resolve": null, "version": 1,
        "workspace_root": root, "target_directory": root.join("target"),
    });
    Some((serde_json::from_value(metadata).ok()?, problems))
}

struct Members<'a> {
    root: &'a Path,
    top: &'a Manifest,
    seen: FxHashSet<PathBuf>,
    /// As cargo would describe them.
    packages: Vec<Value>,
    problems: Vec<String>,
}

impl Members<'_> {
    /// Folders that the workspace names. One that a pattern takes in without a manifest is passed over.
    fn named(&self) -> Vec<PathBuf> {
        let Some(workspace) = &self.top.workspace else { return Vec::new() };
        let left_out: Vec<PathBuf> = workspace.exclude.iter().map(|path| self.root.join(path)).collect();
        let mut folders = Vec::new();
        for member in &workspace.members {
            let path = self.root.join(member);
            if member.contains(['*', '?', '[']) {
                let found = glob::glob(&path.to_string_lossy()).into_iter().flatten().flatten();
                folders.extend(found.filter(|folder| folder.join("Cargo.toml").is_file()));
            } else {
                folders.push(plain(&path));
            }
        }
        folders.retain(|folder| !left_out.contains(folder));
        folders
    }

    /// Takes in the package of a folder. Answers with the folders of the workspace that it depends on by path.
    fn add(&mut self, folder: &Path) -> Vec<PathBuf> {
        let path = folder.join("Cargo.toml");
        let read = || -> Result<Manifest, String> {
            let text = std::fs::read(&path).map_err(|error| error.to_string())?;
            let mut manifest = Manifest::from_slice(&text).map_err(|error| error.to_string())?;
            let top = self.top.workspace.is_some().then_some((self.top, self.root));
            manifest
                .complete_from_path_and_workspace(&path, top)
                .map_err(|error| std::error::Error::source(&error).unwrap_or(&error).to_string())?;
            Ok(manifest)
        };
        let manifest = match read() {
            Ok(manifest) => manifest,
            Err(error) => {
                let error = error.trim_end().replace('\n', "; ");
                self.problems.push(format!("`{}`: {error}", path.display()));
                return Vec::new();
            }
        };
        let Some(package) = package(&path, &manifest) else { return Vec::new() };
        self.packages.push(package);
        let by_path =
            dependencies(&manifest).filter_map(|(_, dependency)| dependency.detail()?.path.as_deref());
        let folders = by_path.map(|path| plain(&folder.join(path)));
        folders.filter(|folder| folder.starts_with(self.root)).collect()
    }
}

fn dependencies(manifest: &Manifest) -> impl Iterator<Item = (&String, &Dependency)> {
    let of_targets = manifest.target.values();
    let of_targets = of_targets
        .flat_map(|of| of.dependencies.iter().chain(&of.build_dependencies).chain(&of.dev_dependencies));
    let own =
        manifest.dependencies.iter().chain(&manifest.build_dependencies).chain(&manifest.dev_dependencies);
    own.chain(of_targets)
}

/// A package in the shape that cargo gives it.
fn package(path: &Path, manifest: &Manifest) -> Option<Value> {
    let package = manifest.package.as_ref()?;
    let dependencies = dependencies(manifest).map(|(key, dependency)| {
        let of = dependency.package();
        json!({
            "name": of.unwrap_or(key), "rename": of.map(|_| key), "req": "*", "kind": null, "target": null,
            "optional": dependency.optional(), "uses_default_features": true, "features": dependency.req_features(),
        })
    });
    let folder = path.parent()?;
    let target = |kind: &str, product: &Product| {
        let source = plain(&folder.join(product.path.as_deref()?));
        let name = product.name.as_deref().unwrap_or(&package.name);
        Some(json!({ "name": name, "kind": [kind], "crate_types": [], "src_path": source }))
    };
    let kinds = [("lib", manifest.lib.as_slice()), ("bin", &manifest.bin), ("example", &manifest.example)];
    let targets =
        kinds.iter().flat_map(|(kind, products)| products.iter().filter_map(|one| target(kind, one)));
    Some(json!({
        "name": package.name, "version": "0.0.0", "id": format!("path+file://{}", folder.display()),
        "dependencies": dependencies.collect::<Vec<_>>(), "targets": targets.collect::<Vec<_>>(),
        "features": manifest.features, "manifest_path": path, "edition": (package.edition() as u32).to_string(),
    }))
}

/// The path without `.` and `..`, so that one folder has one name.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => drop(plain.pop()),
            part => plain.push(part),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn members_that_can_be_read_are() {
        let root = tempfile::tempdir().unwrap();
        let put = |path: &str, text: &str| {
            let path = root.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        let top = "[workspace]\nmembers = [\"crates/*\", \"gone\"]\nexclude = [\"crates/out\"]\n";
        put(
            "Cargo.toml",
            &format!("{top}package.edition = \"2021\"\n[workspace.dependencies]\nserde = \"1\"\n"),
        );
        let manifest = |name: &str, more: &str| {
            format!("[package]\nname = \"{name}\"\nversion = \"1.0.0\"\nedition.workspace = true\n{more}")
        };
        let depends = "[features]\ndefault = [\"net\"]\nnet = []\n[dependencies]\nserde.workspace = true\n\
                       near = { path = \"../../near\", package = \"far\" }\nlost = { path = \"../../lost\" }\n";
        put("crates/app/Cargo.toml", &manifest("app", depends));
        put("crates/app/src/main.rs", "");
        put("crates/app/src/bin/tool.rs", "");
        put("crates/app/examples/show.rs", "");
        put("crates/bare/README.md", "");
        put("crates/odd/Cargo.toml", &manifest("odd", "authors.workspace = true\n"));
        put("crates/out/Cargo.toml", "nothing");
        put("near/Cargo.toml", &manifest("far", "[lib]\npath = \"code.rs\"\n"));
        put("near/code.rs", "");

        let (metadata, mut problems) = read(&root.path().join("Cargo.toml"), "refused").unwrap();
        let mut shown: Vec<String> = metadata
            .packages
            .iter()
            .map(|package| {
                let mut targets: Vec<&str> =
                    package.targets.iter().map(|target| target.src_path.file_name().unwrap()).collect();
                targets.sort_unstable();
                let mut of: Vec<&str> =
                    package.dependencies.iter().map(|dependency| dependency.name.as_str()).collect();
                of.sort_unstable();
                format!("{} {} of {} from {}", package.name, package.edition, of.join(" "), targets.join(" "))
            })
            .collect();
        shown.sort();
        assert_eq!(
            shown,
            ["app 2021 of far lost serde from main.rs show.rs tool.rs", "far 2021 of  from code.rs"]
        );
        problems.sort();
        let said: Vec<bool> = ["crates/odd", "gone", "lost"]
            .iter()
            .zip(&problems)
            .map(|(name, said)| said.contains(name))
            .collect();
        assert_eq!((said, problems.len()), (vec![true; 3], 3), "{problems:#?}");
    }

    #[test]
    fn what_cargo_says_is_said_where_nothing_else_is_wrong() {
        let root = tempfile::tempdir().unwrap();
        std::fs::write(root.path().join("Cargo.toml"), "[package]\nname = \"one\"\nversion = \"1.0.0\"\n")
            .unwrap();
        let (metadata, problems) = read(&root.path().join("Cargo.toml"), "refused").unwrap();
        assert_eq!((metadata.packages.len(), problems), (1, vec!["refused".to_owned()]));
        assert!(read(&root.path().join("Other.toml"), "refused").is_none());
    }
}
