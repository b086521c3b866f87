//! `--diff-base`: what the tree at another revision gives, so that only what is new since then speaks.
//!
//! The other tree is checked as it stands there, allows included, under today's levels and models: what differs is the
//! code and nothing else. Findings are told apart as a baseline does, by fingerprint, so that code which only moved is
//! not new. What was found out about that tree is kept beside what was found out about this one: a base changes seldom.

use std::io;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::configured::Configured;
use super::git::Repository;
use super::{Args, Failure, run};
use crate::analysis;
use crate::finding::Finding;
use crate::load::{Features, Input, Options, load};
use crate::rule::level::Levels;

/// Within the store of the tree at work.
const STORE: &str = "base-tree";

/// What there is to do without git.
const WITHOUT_GIT: &str =
    "`--diff-base` asks git for the other tree; without it, compare with `--baseline FILE`";

/// The findings of what `args` name as it was at `revision`; none of what was not there.
pub(super) fn findings(
    revision: &str,
    args: &Args,
    settings: &Configured,
    levels: &Levels,
) -> Result<Vec<Finding>, Failure> {
    let options = run::options(args)?;
    let of_paths = matches!(options.input, Input::Paths(_));
    let places = match options.input {
        Input::Manifest(manifest) => vec![manifest],
        Input::Paths(paths) => paths,
    };
    let folder = folder().map_err(no_folder)?;
    let there = places_there(revision, &places, folder.path())?;
    let input = match (of_paths, there.as_slice()) {
        (_, []) => return Ok(Vec::new()),
        (false, [manifest, ..]) => Input::Manifest(manifest.clone()),
        (true, _) => Input::Paths(there),
    };
    // All packages, and whatever features: what is asked for now need not have been there.
    let features = Features { lenient: true, ..options.features };
    let cache = options.cache.map(|folder| folder.join(STORE));
    let workspace = load(&Options { input, packages: Vec::new(), cache, features }).map_err(|error| {
        let help = "compare with a revision that cargo can read";
        Failure(format!("the tree of `{revision}` cannot be checked: {error}\nhelp: {help}"))
    })?;
    let models = settings.models()?;
    let mut analysis = analysis::analyse_with(workspace, &models);
    if let Some(unsaved) = analysis.unsaved.take() {
        unsaved.save();
    }
    Ok(run::judge(&mut analysis, levels).0)
}

/// A folder for the length of this run, which only this user may read.
fn folder() -> io::Result<TempDir> {
    // Canonical, because the paths of what lies in it are compared.
    tempfile::Builder::new().prefix("locus-checker-").tempdir_in(std::env::temp_dir().canonicalize()?)
}

fn no_folder(error: io::Error) -> Failure {
    Failure(format!("no temporary folder: {error}"))
}

/// Writes the tree of `revision` into `folder`, and finds in it those of `places` that it has.
fn places_there(revision: &str, places: &[PathBuf], folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let canonical = |path: &PathBuf| {
        path.canonicalize().map_err(|error| Failure(format!("`{}`: {error}", path.display())))
    };
    let places = places.iter().map(canonical).collect::<Result<Vec<_>, Failure>>()?;
    let Some(first) = places.first() else { return Ok(Vec::new()) };
    let near = if first.is_dir() { first } else { first.parent().unwrap_or(first) };
    let repository = Repository::around(near, WITHOUT_GIT)?;
    let within = places.iter().map(|path| repository.within(path)).collect::<Result<Vec<_>, Failure>>()?;
    let commit = repository.commit(revision)?;
    let tree = folder.join("tree");
    std::fs::create_dir(&tree).map_err(no_folder)?;
    repository.write_tree(&commit, &folder.join("index"), &tree)?;
    Ok(within.into_iter().map(|path| tree.join(path)).filter(|path| path.exists()).collect())
}
