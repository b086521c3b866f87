//! Types of everything that is declared, and of every expression.
//!
//! `scope` turns types as written into interned ones; `program` does that for all fields and signatures and
//! indexes methods by the type they belong to; `infer` finds the types inside one body. Nothing is guessed: what
//! cannot be found out is [`Ty::UNKNOWN`], and a call on it is counted as unresolved.
//!
//! Not done: trait selection by generic arguments, associated types of foreign traits, and const generics.

mod finite;
mod infer;
mod program;
mod receivers;
mod scope;
mod ty;
mod written;

pub(crate) use infer::Insides;
pub use infer::{Callee, Inferred, infer};
pub use program::{ImplSig, Program, Sig};
pub use receivers::{Receiver, receivers};
pub use ty::{Args, Interner, Overlay, Ty, TyKind, Types};
pub(crate) use ty::{adt_behind, behind};

/// Whether a signature in the models may use `name`: a variable, a primitive, or a type of the models.
#[cfg(test)]
pub(crate) fn is_model_name(
    models: &crate::models::Models,
    name: crate::lower::sym::Sym,
    params: &[crate::lower::sym::Sym],
) -> bool {
    use crate::lower::sym::Sym;

    params.contains(&name)
        || scope::is_variable(name)
        || scope::primitive(name).is_some()
        || name == Sym::new("Self")
        || models.type_named(name).is_some()
}

#[cfg(test)]
mod tests;
