//! Calls that take memory of their own: asked for only where someone promised that there are few.

use crate::events::{FnFacts, Walk, walk::walked};
use crate::lower::ir::{ExprId, ExprKind, Range};
use crate::lower::sym::{Sym, syms};
use crate::names::FnId;
use crate::types::{Interner, Program, TyKind};

/// A call that takes memory.
#[derive(Clone, Debug)]
pub struct Allocation {
    /// Where.
    pub at: Range,
    /// The innermost loop around it.
    pub in_loop: Option<u32>,
}

const MACROS: [Sym; 2] = syms(["format", "vec"]);
const METHODS: [Sym; 14] = syms([
    "to_string",
    "to_owned",
    "to_vec",
    "collect",
    "into_boxed_slice",
    "join",
    "concat",
    "repeat",
    "to_lowercase",
    "to_uppercase",
    "replace",
    "into_owned",
    "with_capacity",
    "reserve",
]);
const GROWS: [Sym; 9] = syms([
    "push",
    "push_str",
    "push_back",
    "push_front",
    "insert",
    "extend",
    "extend_from_slice",
    "append",
    "or_insert",
]);
const MAKES: [(&str, &str); 9] = [
    ("Box", "new"),
    ("Arc", "new"),
    ("Rc", "new"),
    ("String", "from"),
    ("Vec", "from"),
    ("Vec", "with_capacity"),
    ("String", "with_capacity"),
    ("Box", "pin"),
    ("Bytes", "copy_from_slice"),
];
/// Types whose clone is a new block of memory.
const DEEP: [Sym; 10] = syms([
    "String",
    "Vec",
    "VecDeque",
    "HashMap",
    "HashSet",
    "BTreeMap",
    "BTreeSet",
    "Box",
    "BinaryHeap",
    "PathBuf",
]);

/// The calls in the body of `id` that take memory, in the order of the text.
pub fn allocations(program: &Program<'_>, id: FnId) -> Vec<Allocation> {
    let Some(inferred) = crate::types::infer(program, id) else { return Vec::new() };
    let Some(walk) = walked(program, id, inferred) else { return Vec::new() };
    let ids = (0..walk.body.exprs.len()).map(|index| ExprId(u32::try_from(index).unwrap_or(u32::MAX)));
    let taking = ids.filter(|id| walk.takes_memory(*id));
    taking.map(|id| Allocation { at: walk.at(id), in_loop: walk.loop_around(id) }).collect()
}

impl Walk<'_, '_> {
    fn takes_memory(&self, id: ExprId) -> bool {
        let body = self.body;
        let own = matches!(self.inferred.callees.get(&id), Some(crate::types::Callee::Fns(_)));
        match &body.expr(id).kind {
            ExprKind::Macro(name, args) => MACROS.contains(name) && !args.is_empty(),
            ExprKind::Call(callee, _) => match &body.expr(*callee).kind {
                ExprKind::Path(path) if !own => {
                    let before = path.segments.iter().rev().nth(1).copied();
                    let is = |(of, name): &(&str, &str)| {
                        path.last() == Sym::new(name) && before == Some(Sym::new(of))
                    };
                    MAKES.iter().any(is)
                }
                _ => false,
            },
            ExprKind::Method(call) if !own => {
                let ty = self.collection(self.ty(call.recv));
                let (deep, bounded) = match self.inferred.types.kind(ty) {
                    TyKind::Foreign(foreign, _) => {
                        let model = self.program.models.type_at(*foreign);
                        let bounded = model.is_some_and(|model| self.program.models.ty(model).bounded);
                        (DEEP.contains(&foreign.last), bounded)
                    }
                    _ => (false, false),
                };
                let text =
                    matches!(self.inferred.types.kind(ty), TyKind::Prim(name) if *name == Sym::new("str"));
                let clones = call.name == Sym::new("clone") && deep;
                let makes = METHODS.contains(&call.name) && !bounded;
                let grows = GROWS.contains(&call.name) && deep;
                clones || makes || grows && !text
            }
            _ => false,
        }
    }
}

impl FnFacts {
    /// Whether something that was seen stands in code for another thread.
    pub(crate) fn on_thread(&self, at: Range) -> bool {
        self.threads.iter().any(|range| super::within(*range, at))
    }
}
