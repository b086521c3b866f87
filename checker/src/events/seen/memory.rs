//! Memory that no destructor gives back: leaked, forgotten, or held by itself.

mod callbacks;

use super::{Look, Sight, within};
use crate::lower::ir::{ExprId, ExprKind, TypeRef};
use crate::lower::sym::{Sym, syms};
use crate::models::Resource;
use crate::names::AdtId;
use crate::types::{Interner, Ty, TyKind};
pub use callbacks::Kept;

const OWNERS: [Sym; 5] = syms(["Box", "Arc", "Rc", "CString", "Weak"]);
/// Types that own memory of the heap.
const HEAP: [Sym; 13] = syms([
    "String", "Vec", "VecDeque", "HashMap", "HashSet", "BTreeMap", "BTreeSet", "Box", "Arc", "Rc",
    "BytesMut", "Bytes", "PathBuf",
]);
const COUNTED: [Sym; 2] = syms(["Arc", "Rc"]);

impl Look<'_, '_, '_> {
    pub(super) fn leak(&mut self, id: ExprId) {
        if self.is_own(id) {
            return;
        }
        let (of, name) = self.called(id);
        let is = |text: &str| name == Sym::new(text);
        let by_hand = of == Sym::new("ManuallyDrop") && ["drop", "take", "into_inner"].into_iter().any(is);
        if by_hand || is("drop_in_place") {
            self.note(Sight::DropsByHand, id);
        }
        let text = [Sym::new("String"), Sym::new("Vec")];
        if is("from_raw") && OWNERS.contains(&of) || is("from_raw_parts") && text.contains(&of) {
            self.note(Sight::TakesBack, id);
        }
        let (leaks, partner) = match self.kind(id) {
            ExprKind::Call(..) => match () {
                () if is("leak") && of == Sym::new("Box") => (true, false),
                // One count given up is given back as a raw pointer is.
                () if is("forget") && [Sym::new("mem"), Sym::NONE].contains(&of) => {
                    let counted =
                        self.args(id).first().is_some_and(|arg| self.is_counted(self.walk.ty(*arg)));
                    (!self.borrows_raw(), counted)
                }
                () if is("new") && of == Sym::new("ManuallyDrop") => (true, true),
                () if is("into_raw") && OWNERS.contains(&of) => (true, true),
                () => (false, false),
            },
            ExprKind::Method(call) => {
                let ty = self.foreign(self.walk.ty(call.recv));
                match () {
                    () if is("leak") && call.args.is_empty() && text.contains(&ty) => (true, false),
                    () if is("into_raw") && OWNERS.contains(&ty) => (true, true),
                    () => (false, false),
                }
            }
            _ => (false, false),
        };
        let owns_more = self.args(id).first().is_some_and(|arg| self.owns_descriptor(*arg));
        let nothing = is("forget") && !self.args(id).first().is_some_and(|arg| self.owns_memory(*arg));
        if leaks && !owns_more && !nothing && !self.is_in_once(id, true) {
            self.note(Sight::Leaks(self.name_of(id), partner), id);
        }
    }

    /// Whether the body makes an owner of a raw pointer: one that it forgets afterwards was only borrowed.
    fn borrows_raw(&self) -> bool {
        let makes =
            |kind: &ExprKind| matches!(kind, ExprKind::Path(path) if path.last() == Sym::new("from_raw"));
        self.walk.body.exprs.iter().any(|expr| makes(&expr.kind))
    }

    /// Whether a value owns memory beyond its own bytes: one that only refers to some loses nothing.
    fn owns_memory(&self, arg: ExprId) -> bool {
        let kind = self.walk.inferred.types.kind(self.walk.ty(arg));
        match kind {
            TyKind::Foreign(foreign, _) => HEAP.contains(&foreign.last),
            TyKind::Adt(adt, _) => {
                let adt = self.walk.program.names.adt(*adt);
                let fields = adt.variants.iter().flat_map(|(_, fields)| fields.iter());
                let owns = |ty: &TypeRef| matches!(ty, TypeRef::Path(path) if HEAP.contains(&path.last()));
                fields.into_iter().any(|field| owns(&field.ty))
            }
            _ => false,
        }
    }

    /// Descriptors are another rule's.
    fn owns_descriptor(&self, arg: ExprId) -> bool {
        let resource = self.walk.program.resource(&self.walk.inferred.types, self.walk.ty(arg));
        matches!(resource, Some(Resource::Fd))
    }

    /// `child.parent = Some(parent.clone())`, where both ends own the other.
    pub(super) fn circle(&mut self, id: ExprId, left: ExprId, right: ExprId) {
        let Some(field) = self.walk.place(left).and_then(|place| place.field) else { return };
        if !matches!(self.kind(left), ExprKind::Field(..)) {
            return;
        }
        let value = match self.kind(right) {
            ExprKind::Call(_, args) if self.called(right).1 == Sym::new("Some") && args.len() == 1 => args[0],
            _ => right,
        };
        let target = self.walk.adt_behind(self.walk.ty(value));
        let counted = self.is_counted(self.walk.ty(value));
        let strong = self.walk.program.fields[field.0.ix()].iter().flatten();
        let others = strong.filter(|(name, ty)| *name != field.1 && self.holds_counted(*ty, field.0, 0));
        if counted && target == Some(field.0) && others.count() > 0 {
            self.note(Sight::Circle(field), id);
        }
    }

    fn is_counted(&self, ty: Ty) -> bool {
        matches!(self.walk.inferred.types.kind(ty), TyKind::Foreign(foreign, _) if COUNTED.contains(&foreign.last))
    }

    /// A counted owner of `adt` somewhere in the declared type of a field.
    fn holds_counted(&self, ty: Ty, adt: AdtId, depth: u32) -> bool {
        if depth > 6 {
            return false;
        }
        match self.walk.program.types.kind(ty) {
            TyKind::Foreign(foreign, args) => {
                let own = |arg: &Ty| {
                    let mut at = *arg;
                    for _ in 0..4 {
                        match self.walk.program.types.kind(at) {
                            TyKind::Adt(of, _) => return *of == adt,
                            TyKind::Foreign(_, args) if args.len() == 1 => at = args[0],
                            _ => return false,
                        }
                    }
                    false
                };
                COUNTED.contains(&foreign.last) && args.iter().any(own)
                    || foreign.last != Sym::new("Weak")
                        && args.iter().any(|arg| self.holds_counted(*arg, adt, depth + 1))
            }
            _ => false,
        }
    }

    /// A task without an end that holds an `Arc` of a type with a destructor of its own.
    pub(super) fn keeps_itself(&mut self, id: ExprId) {
        let walk = self.walk;
        let Some(arg) = self.args(id).last().map(|arg| self.extent(*arg)) else { return };
        let endless = walk.facts.loops.iter().any(|one| one.no_exit && within(arg, one.at));
        if !endless {
            return;
        }
        let holds = walk.body.exprs.iter().any(|expr| match &expr.kind {
            ExprKind::Local(local) if within(arg, expr.at) => {
                let ty = walk.inferred.local(*local);
                let adt = walk.adt_behind(ty).filter(|_| self.is_counted(ty));
                adt.is_some_and(|adt| walk.program.methods.contains_key(&(adt, Sym::new("drop"))))
            }
            _ => false,
        });
        if holds {
            self.note(Sight::KeepsItself, id);
        }
    }
}
