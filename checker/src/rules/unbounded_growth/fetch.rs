//! What looks like asking and adds: getters that insert, functions whose results are all kept.

use super::{MEMOISED, RULE};
use crate::context::{Growing, Often};
use crate::finding::Finding;
use crate::lower::ir::{ExprKind, FnIr, Receiver, TypeRef};
use crate::lower::sym::{Sym, syms};
use crate::names::FnId;
use crate::rules::judged::{Judged, Says};

const INSERTS: [Sym; 7] = syms([
    "or_insert",
    "or_insert_with",
    "or_insert_with_key",
    "or_default",
    "or_insert_default",
    "get_or_insert_with",
    "try_insert_with",
]);

/// Whether the place grows where a function gives back what it looked up, for reading.
pub(super) fn is_getter(judged: &Judged<'_, '_>, growing: &Growing<'_>) -> bool {
    growing.grows.iter().all(|site| {
        let function = judged.program.names.function(site.id);
        let gives = function
            .sig
            .is_some_and(|sig| sig.role.is_none() && sig.receiver != Receiver::None && reads(&sig.ret));
        gives && site.event.via.is_empty() && INSERTS.contains(&site.event.operation)
    })
}

/// A value, or a reference that nothing can be changed through.
fn reads(ret: &TypeRef) -> bool {
    match ret {
        TypeRef::Tuple(parts) => !parts.is_empty() && parts.iter().all(reads),
        TypeRef::Ref(_, mutable) => !mutable,
        TypeRef::Path(path) => {
            let empty = path.last() == Sym::new("Result") || path.last() == Sym::new("Option");
            let guard = [Sym::new("RefMut"), Sym::new("Entry"), Sym::new("bool")].contains(&path.last());
            !guard && (!empty || path.args.first().is_some_and(reads))
        }
        _ => false,
    }
}

/// Functions with an attribute that keeps every result, called with every message.
pub(super) fn memoised(judged: &Judged<'_, '_>, findings: &mut Vec<Finding>) {
    let names = &judged.program.names;
    for id in judged.functions() {
        let function = names.function(id);
        let Some((sig, at)) = function.sig.and_then(|sig| Some((sig, sig.memoised?))) else { continue };
        let often = judged.context.runs[id.ix()].often == Some(Often::PerMessage);
        if !often || has_few_arguments(sig) || is_emptied(judged, id) {
            continue;
        }
        let name = names.text(function.name);
        let says = Says::new(
            format!("every result of `{name}` is kept for ever, and every message may bring a new argument"),
            "keeps one entry for each argument",
            "give it a limit, `max_size = N` or `Capacity: N`, or hold the last N with `locus::Lru<K, V, N>`",
        );
        let finding = judged.finding(id, at, (&RULE, &MEMOISED), says);
        let note = format!(
            "looked for a limit in the attribute, and for `cache_clear` or a removal on `{}`",
            name.to_uppercase()
        );
        findings.push(judged.with_chain(finding, id).note(note));
    }
}

/// No argument, or only such as have a few values each.
fn has_few_arguments(sig: &FnIr) -> bool {
    const FEW: [Sym; 3] = syms(["bool", "u8", "i8"]);
    sig.params.iter().all(|ty| matches!(ty, TypeRef::Path(path) if FEW.contains(&path.last())))
}

/// Whether any code names the static behind the function: it is called as the function is, in capitals.
fn is_emptied(judged: &Judged<'_, '_>, id: FnId) -> bool {
    let names = &judged.program.names;
    let cache = Sym::new(&names.text(names.function(id).name).to_uppercase());
    judged.functions().filter_map(|other| names.body(other)).any(|body| {
        body.exprs.iter().any(|expr| matches!(&expr.kind, ExprKind::Path(path) if path.last() == cache))
    })
}
