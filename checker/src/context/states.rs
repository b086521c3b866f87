//! State that handlers are given without a type of the workspace around it: `State<Arc<Mutex<HashMap<..>>>>`.
//!
//! No call leads from where such a collection is made to the parameters that stand for it: a framework hands it to its
//! handlers, by its type. So parameters of one type in one package are one thing. Nobody sees which other values of that type
//! are clones of it: whatever is taken out of a value of the type counts as taken out of the state.

use super::shared::{COUNTED, WRAPS};
use super::{Context, Key, Keys};
use crate::names::FnId;
use crate::types::{Insides, Interner, Program, Ty, TyKind};
use rustc_hash::{FxHashMap, FxHashSet};

/// Deepest type that is compared.
const DEPTH_MAX: u32 = 12;

/// Collections that handlers are given as they are, each by the package and its type.
#[derive(Debug, Default)]
pub struct States(FxHashMap<(usize, Ty), Key>);

impl States {
    /// Finds the parameters of handlers that stand for such a state, and ties those together that are the same.
    pub fn of(program: &Program<'_>, context: &Context, keys: &mut Keys) -> States {
        let mut states = States::default();
        for (index, runs) in context.runs.iter().enumerate() {
            let id = FnId(u32::try_from(index).unwrap_or(u32::MAX));
            for at in &runs.kept {
                let ty = program.sigs[index].params.get(*at).copied();
                let Some(ty) = ty.and_then(|ty| state(program, &program.types, ty)) else { continue };
                let key = Key::Param(id, u32::try_from(*at).unwrap_or(u32::MAX));
                let package = package(program, id);
                let first = *states.0.entry((package, ty)).or_insert(key);
                keys.tie(first, key);
            }
        }
        states
    }

    /// Their representatives.
    pub(super) fn keys(&self, keys: &Keys) -> FxHashSet<Key> {
        self.0.values().map(|key| keys.find(*key)).collect()
    }

    /// Keys of states of the type that the place of a key has, as far as that is known.
    pub(super) fn like(&self, program: &Program<'_>, insides: &Insides<'_>, key: Key) -> Vec<Key> {
        let is_it = |types: &dyn Interner, ty: Ty, (of, wanted): (usize, Ty), own: usize| {
            of == own && state(program, types, ty).is_some_and(|ty| is_like(program, wanted, (types, ty), 0))
        };
        let all = |types: &dyn Interner, ty: Ty, own: usize| {
            let states = self.0.iter().filter(|(wanted, _)| is_it(types, ty, **wanted, own));
            states.map(|(_, key)| *key).collect()
        };
        match key {
            _ if self.0.is_empty() => Vec::new(),
            Key::Param(id, at) => {
                let ty = program.sigs[id.ix()].params.get(at as usize).copied();
                ty.map(|ty| all(&program.types, ty, package(program, id))).unwrap_or_default()
            }
            Key::Local(id, local) => insides(id).map_or_else(Vec::new, |inferred| {
                all(&inferred.types, inferred.local(local), package(program, id))
            }),
            Key::Field(adt, name) => {
                let own = program.names.package_of(program.names.adt(adt).module);
                let mut fields = program.fields[adt.ix()].iter().flatten();
                let ty = fields.find(|(field, _)| *field == name).map(|(_, ty)| *ty);
                ty.map(|ty| all(&program.types, ty, own)).unwrap_or_default()
            }
            Key::Static(_) => Vec::new(),
        }
    }
}

fn package(program: &Program<'_>, id: FnId) -> usize {
    program.names.package_of(program.names.function(id).module)
}

/// What a handle or an extractor gives, if that is a collection without a type of the workspace around it, which can be
/// changed through the handle.
fn state(program: &Program<'_>, types: &dyn Interner, ty: Ty) -> Option<Ty> {
    let grows = |ty: Ty| match types.kind(ty) {
        TyKind::Foreign(foreign, _) => {
            program.models.type_at(*foreign).is_some_and(|model| program.models.ty(model).grows)
        }
        _ => false,
    };
    match types.kind(ty) {
        TyKind::Foreign(foreign, args)
            if COUNTED.contains(&foreign.last) || WRAPS.contains(&foreign.last) =>
        {
            args.first().and_then(|inner| state(program, types, *inner))
        }
        TyKind::Foreign(_, args) => (grows(ty) || args.len() == 1 && grows(args[0])).then_some(ty),
        _ => None,
    }
}

/// Whether two types may be the same, as far as they are known.
fn is_like(program: &Program<'_>, ty: Ty, (types, other): (&dyn Interner, Ty), depth: u32) -> bool {
    let all = |of: &[Ty], others: &[Ty]| {
        let mut pairs = of.iter().zip(others);
        of.len() == others.len() && pairs.all(|(ty, other)| is_like(program, *ty, (types, *other), depth + 1))
    };
    match (program.types.kind(ty), types.kind(other)) {
        _ if depth > DEPTH_MAX => true,
        (TyKind::Unknown | TyKind::Param(_), _)
        | (_, TyKind::Unknown | TyKind::Param(_) | TyKind::Var(_)) => true,
        (TyKind::Foreign(of, args), TyKind::Foreign(other, others)) => {
            of.last == other.last && all(args, others)
        }
        (TyKind::Adt(of, args), TyKind::Adt(other, others)) => of == other && all(args, others),
        (TyKind::Tuple(parts), TyKind::Tuple(others)) => all(parts, others),
        (TyKind::Seq(part), TyKind::Seq(other)) => is_like(program, *part, (types, *other), depth + 1),
        (of, other) => of == other,
    }
}
