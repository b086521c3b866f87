//! What the front end takes the receiver of every method call for, so that a referee can judge it.
//!
//! `rustc` knows; `cargo xtask oracle` asks both and compares. Analysis does not use this.

use super::infer::infer_receivers;
use super::{Interner, Program, Ty, TyKind};
use crate::finding::FileId;
use crate::lower::ir::{ExprKind, Range};
use crate::names::{FnId, Foreign};
use rayon::prelude::*;
use std::collections::BTreeMap;

/// A method call and its receiver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receiver {
    /// The name of the method.
    pub method: String,
    /// The path of the type that the method was found on, behind references; a kind in brackets for what has
    /// no path, `?` for what is not known.
    pub ty: String,
}

/// Every method call of the workspace, by the place of the method's name. A file that several targets share may
/// be typed several times; a type beats none.
pub fn receivers(program: &Program<'_>) -> BTreeMap<(FileId, Range), Receiver> {
    let functions = u32::try_from(program.names.fns.len()).unwrap_or(u32::MAX);
    let each: Vec<_> = (0..functions).into_par_iter().map(|id| of_function(program, FnId(id))).collect();
    let mut all = BTreeMap::new();
    for (place, receiver) in each.into_iter().flatten() {
        let known: &mut Receiver = all.entry(place).or_insert_with(|| receiver.clone());
        if known.ty == "?" {
            *known = receiver;
        }
    }
    all
}

fn of_function(program: &Program<'_>, id: FnId) -> Vec<((FileId, Range), Receiver)> {
    let (Some(body), Some(inferred)) = (program.names.body(id), infer_receivers(program, id)) else {
        return Vec::new();
    };
    let file = program.names.function(id).file;
    let text = &program.names.workspace.files[file.0 as usize].source.text;
    // What a macro writes out stands at its call, where no method is named.
    let is_written = |at: Range, method: &str| text.get(at.start as usize..at.end as usize) == Some(method);
    let one = |(call, ty): &(crate::lower::ir::ExprId, Ty)| match &body.expr(*call).kind {
        ExprKind::Method(call) => {
            let method = program.names.text(call.name).to_owned();
            let is_written = is_written(call.name_at, &method);
            let receiver = Receiver { method, ty: shown(program, &inferred.types, *ty) };
            is_written.then_some(((file, call.name_at), receiver))
        }
        _ => None,
    };
    inferred.receivers.iter().filter_map(one).collect()
}

fn shown(program: &Program<'_>, types: &dyn Interner, ty: Ty) -> String {
    match types.kind(ty) {
        TyKind::Unknown | TyKind::Var(_) => "?".to_owned(),
        TyKind::Adt(adt, _) => format!("[own]::{}", program.names.text(program.names.adt(*adt).name)),
        TyKind::Foreign(foreign, _) => foreign_path(program, *foreign),
        TyKind::Prim(name) => program.names.text(*name).to_owned(),
        TyKind::Tuple(_) | TyKind::Never => "[other]".to_owned(),
        TyKind::Seq(_) => "[slice]".to_owned(),
        TyKind::Fn(..) => "[fn]".to_owned(),
        TyKind::Param(_) => "[param]".to_owned(),
        TyKind::Trait(..) => "[dyn]".to_owned(),
    }
}

/// The path under which the models know a type; of another, its crate and its name.
fn foreign_path(program: &Program<'_>, foreign: Foreign) -> String {
    match program.models.type_at(foreign) {
        Some(model) => program.models.ty(model).known_as[0].to_string(),
        None => format!("{}::..::{}", program.names.text(foreign.krate), program.names.text(foreign.last)),
    }
}
