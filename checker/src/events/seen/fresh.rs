//! Things made anew for each message that could be kept, and keys made only to look something up.

use super::{Look, Sight};
use crate::lower::ir::{ExprId, ExprKind, LocalId};
use crate::lower::sym::{Sym, syms};
use crate::types::{Interner, TyKind};

const LOOKS_UP: [Sym; 5] = syms(["get", "get_mut", "contains_key", "contains", "remove"]);
const OWNS: [Sym; 3] = syms(["to_string", "to_owned", "into_owned"]);
/// Types and the functions that make one at great cost.
const COSTLY: [(Sym, &[Sym]); 7] = [
    (Sym::new("Regex"), &syms(["new"])),
    (Sym::new("RegexSet"), &syms(["new"])),
    (Sym::new("Client"), &syms(["new", "builder"])),
    (Sym::new("Runtime"), &syms(["new"])),
    (Sym::new("ThreadPoolBuilder"), &syms(["new"])),
    (Sym::new("ThreadPool"), &syms(["new"])),
    (Sym::new("Glob"), &syms(["new"])),
];
const PATTERNS: [Sym; 3] = syms(["Regex", "RegexSet", "Glob"]);
/// Crates whose `Client` is a pool of connections.
const CLIENTS: [Sym; 4] = syms(["reqwest", "hyper", "hyper_util", "awc"]);

impl Look<'_, '_, '_> {
    /// `map.get(&name.to_string())`.
    pub(super) fn owned_key(&mut self, id: ExprId) {
        let ExprKind::Method(call) = self.kind(id) else { return };
        let Some(key) = call.args.first().copied().filter(|_| LOOKS_UP.contains(&call.name)) else { return };
        if !self.is_map(call.recv) {
            return;
        }
        let ExprKind::Ref(key, _) = self.kind(key) else { return };
        if self.is_made_text(*key) || self.is_single_use(*key) {
            self.note(Sight::OwnedKey, id);
        }
    }

    /// `map.insert("posts".to_owned(), 0)`, `map.get(&name)` on a field.
    pub(super) fn text_key(&mut self, id: ExprId) {
        const ADDS: [Sym; 2] = syms(["insert", "entry"]);
        let ExprKind::Method(call) = self.kind(id) else { return };
        let (added, looks_up) = (ADDS.contains(&call.name), LOOKS_UP.contains(&call.name));
        let Some(key) = call.args.first().filter(|_| added || looks_up) else { return };
        let Some(map) = self.walk.place(call.recv).filter(|place| place.field.is_some() && place.depth == 0)
        else {
            return;
        };
        if self.is_map(call.recv) {
            let constant = self.is_fixed_text(*key);
            self.note(Sight::TextKey { map, added, constant }, id);
        }
    }

    /// A literal, a constant, or one of them made into a `String`.
    fn is_fixed_text(&self, id: ExprId) -> bool {
        let made_of = match self.kind(id) {
            ExprKind::Call(..) if self.called(id) == (Sym::new("String"), Sym::new("from")) => {
                self.args(id).first().copied()
            }
            _ => None,
        };
        let mut at = made_of.unwrap_or(id);
        while let ExprKind::Method(call) = self.kind(at) {
            at = call.recv;
        }
        match self.kind(at) {
            ExprKind::Lit(_) => true,
            // What a type parameter calls its own differs from use to use.
            ExprKind::Path(path) => {
                let module = self.walk.program.names.function(self.walk.id).module;
                let found = self.walk.program.names.resolve(module, path, false);
                found.is_some_and(|found| {
                    matches!(found.def, crate::names::Def::Const(_)) && found.taken == path.segments.len()
                })
            }
            _ => false,
        }
    }

    /// Whether a local is the key of a look-up.
    pub(super) fn is_key(&self, local: LocalId) -> bool {
        self.walk.body.exprs.iter().any(|expr| match &expr.kind {
            ExprKind::Method(call) if LOOKS_UP.contains(&call.name) => {
                call.args.first().is_some_and(|key| match self.kind(*key) {
                    ExprKind::Ref(key, _) => matches!(self.kind(*key), ExprKind::Local(of) if *of == local),
                    _ => false,
                })
            }
            _ => false,
        })
    }

    fn is_map(&self, id: ExprId) -> bool {
        match self.walk.inferred.types.kind(self.walk.collection(self.walk.ty(id))) {
            TyKind::Foreign(foreign, args) => {
                let model = self.walk.program.models.type_at(*foreign);
                let keyed = model.is_some_and(|model| {
                    let model = self.walk.program.models.ty(model);
                    model.methods.contains_key(&Sym::new("insert")) && (model.grows || model.bounded)
                });
                let text = |arg: &crate::types::Ty| matches!(self.walk.inferred.types.kind(*arg), TyKind::Foreign(of, _) if of.last == Sym::new("String"));
                // A list is searched with an element, owned as its elements are.
                let list = [Sym::new("Vec"), Sym::new("VecDeque")].contains(&foreign.last);
                keyed && !list && args.first().is_some_and(text)
            }
            _ => false,
        }
    }

    fn is_made_text(&self, id: ExprId) -> bool {
        match self.kind(id) {
            ExprKind::Method(call) => {
                let text = [Sym::new("str"), Sym::new("String")];
                let kind = self.walk.inferred.types.kind(self.walk.collection(self.walk.ty(call.recv)));
                let of_text = match kind {
                    TyKind::Prim(name) => text.contains(name),
                    TyKind::Foreign(foreign, _) => text.contains(&foreign.last),
                    _ => false,
                };
                of_text && (OWNS.contains(&call.name) || call.name == Sym::new("clone"))
            }
            ExprKind::Call(..) => self.called(id) == (Sym::new("String"), Sym::new("from")),
            _ => false,
        }
    }

    /// A local that is made so and used nowhere else.
    fn is_single_use(&self, id: ExprId) -> bool {
        let ExprKind::Local(local) = self.kind(id) else { return false };
        let made = self.inits[local.0 as usize].is_some_and(|init| self.is_made_text(init));
        let uses = self
            .walk
            .body
            .exprs
            .iter()
            .filter(|expr| matches!(expr.kind, ExprKind::Local(of) if of == *local));
        made && uses.count() == 1
    }

    /// `Regex::new("..")`, `reqwest::Client::new()`.
    pub(super) fn fresh(&mut self, id: ExprId) {
        let ExprKind::Call(callee, args) = self.kind(id) else { return };
        let (of, name) = self.called(id);
        let costly = COSTLY.iter().any(|(ty, makes)| *ty == of && makes.contains(&name));
        if !costly || self.is_own(id) {
            return;
        }
        // A pattern that comes with the message cannot be made before it.
        let pattern = PATTERNS.contains(&of);
        if pattern && !args.first().is_some_and(|arg| self.walk.is_constant(*arg)) {
            return;
        }
        let client = of == Sym::new("Client");
        if client && !self.leads_to(*callee, &CLIENTS) {
            return;
        }
        // Services have runtimes of their own: of scripts, of plugins.
        let runtime = of == Sym::new("Runtime");
        if runtime && !self.leads_to(*callee, &[Sym::new("tokio")]) || self.is_made_once(id) {
            return;
        }
        self.note(Sight::Fresh(self.name_of(id)), id);
    }

    /// Within what is handed to something that calls it once and keeps the value.
    fn is_made_once(&self, id: ExprId) -> bool {
        const KEEPS: [Sym; 9] = syms([
            "get_or_init",
            "get_or_try_init",
            "get_or_insert_with",
            "try_get_with",
            "get_with",
            "or_insert_with",
            "or_try_insert_with",
            "or_insert_with_key",
            "call_once",
        ]);
        const LAZY: [Sym; 3] = syms(["Lazy", "LazyLock", "LazyCell"]);
        // The initialiser of a static.
        if self.walk.program.names.function(self.walk.id).sig.is_none() {
            return true;
        }
        let at = self.walk.at(id);
        self.walk.body.exprs.iter().enumerate().any(|(index, expr)| {
            let call = ExprId(u32::try_from(index).unwrap_or(u32::MAX));
            let keeps = match &expr.kind {
                ExprKind::Method(call) => KEEPS.contains(&call.name),
                ExprKind::Call(..) => LAZY.contains(&self.called(call).0),
                _ => false,
            };
            keeps && self.args(call).iter().any(|arg| super::within(self.extent(*arg), at))
        })
    }

    fn leads_to(&self, callee: ExprId, crates: &[Sym]) -> bool {
        let ExprKind::Path(path) = self.kind(callee) else { return false };
        let module = self.walk.program.names.function(self.walk.id).module;
        match self.walk.program.names.resolve(module, path, false).map(|found| found.def) {
            Some(crate::names::Def::Foreign(foreign)) => crates.contains(&foreign.krate),
            _ => false,
        }
    }
}
