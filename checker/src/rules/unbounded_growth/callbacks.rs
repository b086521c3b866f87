//! Collections of what is to be called back: closures in boxes.

use crate::context::Key;
use crate::lower::sym::Sym;
use crate::rules::judged::Judged;
use crate::types::{Interner, Program, Ty, TyKind};

/// Holds nothing, whatever it names.
const PHANTOM: Sym = Sym::new("PhantomData");

/// Whether a static or a field keeps closures, by its type.
pub(super) fn are_kept(judged: &Judged<'_, '_>, key: Key) -> bool {
    let program = judged.program;
    match key {
        Key::Static(of) => holds(program, program.statics[of.ix()], 0),
        Key::Field(adt, name) => {
            let mut fields = program.fields[adt.ix()].iter().flatten();
            fields.any(|(field, ty)| *field == name && holds(program, *ty, 0))
        }
        Key::Local(..) | Key::Param(..) => false,
    }
}

fn holds(program: &Program<'_>, ty: Ty, depth: u32) -> bool {
    match program.types.kind(ty) {
        _ if depth > 8 => false,
        TyKind::Fn(..) => true,
        TyKind::Foreign(of, _) if of.last == PHANTOM => false,
        TyKind::Foreign(_, args) | TyKind::Tuple(args) => {
            args.iter().any(|arg| holds(program, *arg, depth + 1))
        }
        _ => false,
    }
}
