//! Macros whose value is known by name.

use super::Infer;
use crate::lower::ir::{ExprId, PathRef};
use crate::lower::sym::Sym;
use crate::names::Def;
use crate::types::program::named;
use crate::types::ty::{Ty, TyKind};

impl Infer<'_, '_> {
    pub(super) fn macro_value(&mut self, _id: ExprId, name: Sym, args: &[ExprId], expected: Ty) -> Ty {
        const FORMAT: [&str; 2] = ["format", "concat_string"];
        const NEVER: [&str; 6] = ["panic", "unreachable", "todo", "unimplemented", "bail", "abort"];
        const TEXT: [&str; 8] = [
            "concat",
            "env",
            "stringify",
            "include_str",
            "file",
            "module_path",
            "scratch_format",
            "format_args",
        ];
        const WRITE: [&str; 4] = ["write", "writeln", "ensure", "uwrite"];
        let is = |names: &[&str]| names.iter().any(|known| Sym::new(known) == name);
        if name == Sym::new("vec") {
            return self.vec(args, expected);
        }
        let types: Vec<Ty> = args.iter().map(|arg| self.expr(*arg)).collect();
        let model = |this: &mut Self, name: &str, args: &[Ty]| {
            named(this.program.models, &mut this.types, name, args)
        };
        if is(&FORMAT) {
            return model(self, "String", &[]);
        }
        if is(&NEVER) {
            return Ty::NEVER;
        }
        if is(&TEXT) {
            return Ty::STR;
        }
        if is(&WRITE) {
            let error = model(self, "Error", &[]);
            return model(self, "Result", &[Ty::UNIT, error]);
        }
        if name == Sym::new("matches") || name == Sym::new("cfg") {
            return Ty::BOOL;
        }
        if name == Sym::new("json") {
            return model(self, "Value", &[]);
        }
        if name == Sym::new("anyhow") || name == Sym::new("eyre") {
            return model(self, "Error", &[]);
        }
        if is(&["pin", "pin_mut", "black_box", "dbg"]) {
            return types.first().copied().unwrap_or(Ty::UNIT);
        }
        if name == Sym::new("ready") {
            return match types.first().map(|ty| self.shape(*ty)) {
                Some(TyKind::Foreign(_, args)) => args.first().copied().unwrap_or(Ty::UNKNOWN),
                _ => Ty::UNKNOWN,
            };
        }
        if is(&["join", "try_join"]) {
            let parts = types.iter().map(|ty| self.awaited(*ty)).collect();
            return self.intern(TyKind::Tuple(parts));
        }
        self.of_models(name)
    }

    /// What a macro of a crate gives that the models describe and the package uses.
    pub(super) fn of_models(&mut self, name: Sym) -> Ty {
        let program = self.program;
        let Some(ty) = program.models.macros.get(&name).copied() else { return Ty::UNKNOWN };
        let path = PathRef { segments: Box::new([ty.krate, ty.last]), ..PathRef::default() };
        match program.names.resolve(self.scope.module, &path, true).map(|found| found.def) {
            Some(Def::Foreign(_)) => self.intern(TyKind::Foreign(ty, Box::default())),
            _ => Ty::UNKNOWN,
        }
    }

    fn vec(&mut self, args: &[ExprId], expected: Ty) -> Ty {
        let elem = self.hole();
        let vec = named(self.program.models, &mut self.types, "Vec", &[elem]);
        self.unify(vec, expected);
        for arg in args {
            self.expect(*arg, elem);
        }
        vec
    }
}
