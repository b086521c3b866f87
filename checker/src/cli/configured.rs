//! What the workspace's own files set: found, read, and turned into what a run needs.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use super::Failure;
use crate::finding::{FileId, SourceFile};
use crate::graph::Moves;
use crate::load::Workspace;
use crate::models::Models;
use crate::report::Diagnostic;
use crate::rule::config::{Config, Holder};
use crate::rules;

/// The files that are looked for in the workspace's root; what the later one says comes on top.
const FILES: [(&str, Holder); 2] = [("Cargo.toml", Holder::Manifest), ("locus.toml", Holder::LocusToml)];

/// The configuration of a run.
#[derive(Default)]
pub(super) struct Configured {
    pub(super) config: Config,
    pub(super) problems: Vec<Diagnostic>,
    /// The files, numbered behind those of the workspace.
    pub(super) sources: Vec<SourceFile>,
    /// Where `locus.toml` moves parts.
    pub(super) moves: Moves,
    /// What the paths in the files are relative to.
    root: PathBuf,
}

impl Configured {
    /// Reads the files of `workspace`, which need not be there.
    pub(super) fn of(workspace: &Workspace) -> Self {
        let rules: Vec<_> = rules::all().collect();
        let mut configured = Self { root: workspace.root.clone(), ..Self::default() };
        for (name, holder) in FILES {
            // One that cannot be read is no file of ours to complain about: cargo reads the manifest, the runtime the other.
            let Ok(text) = std::fs::read_to_string(workspace.root.join(name)) else { continue };
            let number = workspace.files.len() + configured.sources.len();
            let file = FileId(u32::try_from(number).unwrap_or(u32::MAX));
            configured.problems.extend(configured.config.read(&text, file, holder, &rules));
            if holder == Holder::LocusToml {
                configured.moves = Moves::read(&text);
            }
            configured.sources.push(SourceFile { path: name.into(), text: text.into() });
        }
        let packages: Vec<&str> = workspace.packages.iter().map(|package| package.name.as_str()).collect();
        configured.problems.extend(configured.config.unknown_packages(&packages));
        configured
    }

    /// The models that ship, with those the files name.
    ///
    /// # Errors
    /// When one of the named files cannot be read, or is no model file.
    pub(super) fn models(&self) -> Result<Cow<'static, Models>, Failure> {
        let read = |path: &Path| {
            let text = std::fs::read_to_string(self.root.join(path));
            let text =
                text.map_err(|error| Failure(format!("cannot read models: `{}`: {error}", path.display())))?;
            Ok((path.display().to_string(), text))
        };
        let files =
            self.config.models.iter().map(|(path, _)| read(path)).collect::<Result<Vec<_>, Failure>>()?;
        if files.is_empty() {
            return Ok(Cow::Borrowed(Models::shipped()));
        }
        Models::with(&files).map(Cow::Owned).map_err(|error| Failure(format!("cannot use models: {error}")))
    }
}
