//! `--fix`: writes the fixes of what was found into the files.
//!
//! A file is written only if it is still what was checked, if what comes out parses, and, unless `--allow-dirty` says
//! otherwise, if git has it as it is: the change can then be read and taken back. When one file is refused for that, none
//! is written.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;

use super::Failure;
use super::git::Repository;
use crate::analysis::Analysis;
use crate::finding::Finding;
use crate::finding::fix::{Applied, Fix, apply, fix_of};

/// What there is to do where git does not vouch for a file.
const ALLOW: &str = "commit it first, or add `--allow-dirty`";

/// Applies the fixes of `findings`; tells whether any file is now another.
///
/// # Errors
/// When a file is dirty and may not be, has changed since it was read, or cannot be written.
pub(super) fn fix(findings: &[Finding], analysis: &Analysis, allow_dirty: bool) -> Result<bool, Failure> {
    let mut by_file: BTreeMap<usize, Vec<Fix>> = BTreeMap::new();
    for finding in findings {
        let file = finding.primary.span.file.0 as usize;
        let Some(fix) = fix_of(finding, &analysis.sources).filter(|_| file < analysis.paths.len()) else {
            continue;
        };
        let fixes = by_file.entry(file).or_default();
        if !fixes.contains(&fix) {
            fixes.push(fix);
        }
    }
    let applied = |(file, fixes): (usize, Vec<Fix>)| {
        let fixes: Vec<&Fix> = fixes.iter().collect();
        Some((file, apply(&analysis.sources[file].text, &fixes)?))
    };
    let changes: Vec<(usize, Applied)> = by_file.into_iter().filter_map(applied).collect();
    if !allow_dirty {
        refuse_dirty(changes.iter().map(|(file, _)| analysis.paths[*file].as_path()))?;
    }
    for (file, change) in &changes {
        write(&analysis.paths[*file], &analysis.sources[*file].text, change)?;
        let shown = analysis.sources[*file].path.display();
        // With standard error closed, the change itself says it.
        let _ = writeln!(std::io::stderr(), "fixed: {shown} ({})", change.fixes);
    }
    Ok(!changes.is_empty())
}

fn refuse_dirty<'p>(paths: impl Iterator<Item = &'p Path>) -> Result<(), Failure> {
    let mut dirty = Vec::new();
    for path in paths {
        let folder = path.parent().unwrap_or(path);
        if Repository::around(folder, ALLOW)?.is_dirty(path)? {
            dirty.push(format!("`{}`", path.display()));
        }
    }
    match dirty.as_slice() {
        [] => Ok(()),
        [one] => Err(Failure(format!("{one} has changes that are not committed\nhelp: {ALLOW}"))),
        several => {
            Err(Failure(format!("{} have changes that are not committed\nhelp: {ALLOW}", several.join(", "))))
        }
    }
}

fn write(path: &Path, checked: &str, change: &Applied) -> Result<(), Failure> {
    let now = std::fs::read_to_string(path);
    if now.map_err(|error| Failure(format!("`{}`: {error}", path.display())))? != checked {
        return Err(Failure(format!(
            "`{}` has changed while it was checked\nhelp: run it again",
            path.display()
        )));
    }
    std::fs::write(path, &change.text)
        .map_err(|error| Failure(format!("cannot write `{}`: {error}", path.display())))
}
