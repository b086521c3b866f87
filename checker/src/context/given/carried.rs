//! Types that come again and again: as messages of handlers, and through channels.

use super::super::{Context, Entry};
use crate::lower::ir::Receiver;
use crate::lower::sym::{Sym, syms};
use crate::names::{AdtId, FnId};
use crate::types::{Interner, Program, Ty, TyKind};
use rustc_hash::FxHashSet;

/// Types that handlers take as messages, and that channels carry.
pub(super) fn carried(program: &Program<'_>, context: &Context) -> FxHashSet<AdtId> {
    let mut carried = FxHashSet::default();
    for (index, runs) in context.runs.iter().enumerate() {
        if matches!(runs.entry, Some(Entry::Message | Entry::Callback | Entry::Poll)) {
            let id = FnId(u32::try_from(index).unwrap_or(u32::MAX));
            let receives = program.names.function(id).sig.map(|sig| sig.receiver) != Some(Receiver::None);
            for ty in program.sigs[index].params.iter().skip(usize::from(receives)) {
                collect(program, *ty, 0, &mut carried);
            }
        }
    }
    for ty in program.fields.iter().flatten().flatten().map(|(_, ty)| *ty) {
        in_channel(program, ty, 0, &mut carried);
    }
    for ty in program.sigs.iter().flat_map(|sig| sig.params.iter()) {
        in_channel(program, *ty, 0, &mut carried);
    }
    carried
}

/// The types within a message; what a framework keeps for its handlers is none.
fn collect(program: &Program<'_>, ty: Ty, depth: u32, out: &mut FxHashSet<AdtId>) {
    const KEPT: [Sym; 4] = syms(["State", "Extension", "Data", "Arc"]);
    match program.types.kind(ty) {
        TyKind::Adt(adt, _) => {
            out.insert(*adt);
        }
        TyKind::Foreign(foreign, args) if depth < 4 && !KEPT.contains(&foreign.last) => {
            args.iter().for_each(|arg| collect(program, *arg, depth + 1, out));
        }
        _ => {}
    }
}

/// The types that a channel carries.
fn in_channel(program: &Program<'_>, ty: Ty, depth: u32, out: &mut FxHashSet<AdtId>) {
    const CHANNELS: [Sym; 6] =
        syms(["Receiver", "UnboundedReceiver", "Sender", "UnboundedSender", "SyncSender", "SendRequest"]);
    if let TyKind::Foreign(foreign, args) = program.types.kind(ty)
        && depth < 4
    {
        match CHANNELS.contains(&foreign.last) {
            true => args.iter().for_each(|arg| collect(program, *arg, 0, out)),
            false => args.iter().for_each(|arg| in_channel(program, *arg, depth + 1, out)),
        }
    }
}
