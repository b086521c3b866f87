//! A workspace from texts in memory: for tests, editors and fuzzing.

use super::macros::Macros;
use super::{Crate, File, Package, TargetKind, Workspace};
use crate::finding::{FileId, SourceFile};
use crate::lower::{self, sym::Sym};
use std::path::PathBuf;

impl Workspace {
    /// One package and one file for each `(name, kind, text)`; each may use the libraries among the others.
    pub fn of_texts(crates: &[(&str, TargetKind, &str)]) -> Workspace {
        let (mut workspace, mut macros) = (Workspace::default(), Macros::default());
        for (index, (name, kind, text)) in crates.iter().enumerate() {
            let others = crates.iter().filter(|(other, _, _)| other != name);
            let package = Package {
                name: (*name).to_owned(),
                dependencies: others.map(|(other, _, _)| (Sym::new(other), (*other).to_owned())).collect(),
                selected: true,
                ..Package::default()
            };
            let ir = lower::file(text, &package.cfg);
            if let Ok(ir) = &ir {
                macros.add(ir, text, (index, name));
            }
            let path = PathBuf::from(format!("{name}.rs"));
            let source = SourceFile { path, text: (*text).to_owned().into() };
            workspace.files.push(File { source, package: index, ir, children: Vec::new(), kept: None });
            let root = FileId(u32::try_from(index).unwrap_or(u32::MAX));
            let target = (*name).to_owned();
            workspace.crates.push(Crate { package: index, target, name: Sym::new(name), kind: *kind, root });
            workspace.packages.push(package);
        }
        for (file, (_, _, text)) in workspace.files.iter_mut().zip(crates) {
            let Ok(ir) = &file.ir else { continue };
            if macros.print(ir, file.package) != 0 {
                file.ir = macros.lower(text, &workspace.packages[file.package].cfg, file.package);
            }
        }
        workspace
    }
}
