//! `--dump-receivers`: what the front end takes the receiver of every method call for, for `xtask oracle`.
//!
//! First the names under which the models know each type, `= path also also ..`; then one line a call:
//! `file:line:column TAB method TAB type`.

use std::io::Write;

use super::{Args, Failure, Outcome, run};
use crate::finding::FileId;
use crate::models::Models;
use crate::names::Names;
use crate::report::LineIndex;
use crate::types::{Program, receivers};

/// Prints the types.
pub(super) fn dump(args: &Args, out: &mut dyn Write) -> Result<Outcome, Failure> {
    let workspace = run::read(args)?;
    let models = Models::shipped();
    for model in &models.types {
        writeln!(out, "= {}", model.known_as.join(" "))?;
    }
    let program = Program::of(Names::of(&workspace, models), models);
    let mut lines: Option<(FileId, LineIndex<'_>)> = None;
    for ((file, at), receiver) in receivers(&program) {
        let source = &workspace.files[file.0 as usize].source;
        if lines.as_ref().is_none_or(|(known, _)| *known != file) {
            lines = Some((file, LineIndex::new(&source.text)));
        }
        let Some((_, index)) = &lines else { continue };
        let (line, column) = index.position(at.start as usize);
        let path = workspace.root.join(&source.path);
        writeln!(out, "{}:{line}:{column}\t{}\t{}", path.display(), receiver.method, receiver.ty)?;
    }
    Ok(Outcome::Clean)
}
