//! Keys that have to be there already: looked up and refused before an entry is made under them.
//!
//! `self.servers.find(&id).ok_or(NotFound)?; self.health.insert(id, state)`: there are as many as servers are deployed, unless
//! messages bring those as well. How many that are, nobody knows.

use super::Given;
use super::answer::Answer;
use super::origins::{Origins, Part};
use super::tested::Source;
use crate::events::{FOUND_PASSES, LOOKS};
use crate::lower::ir::{ExprId, ExprKind, TypeRef};
use crate::lower::sym::Sym;
use crate::names::FnId;
use crate::types::Callee;

/// Longest way down from what a test gives to the look-up.
const PASSES_MAX: u32 = 12;
/// What functions are called that look something up.
const ASKS: [&str; 6] = ["get", "find", "lookup", "look_up", "contains", "has_"];

impl<'a> Given<'a, '_, '_> {
    /// What messages tell, unless it has to be there already: then it is given where nothing is added to what it is looked up in,
    /// and otherwise nobody knows.
    pub(super) fn unless_deployed(
        &self,
        answer: Answer,
        (origins, at): (&Origins<'a>, ExprId),
        key: (ExprId, Part),
        depth: u32,
    ) -> Answer {
        if !matches!(answer, Answer::Told(_)) {
            return answer;
        }
        let is_behind = |wanted: Answer| {
            let finds = |test: ExprId, key: Source| self.finds_in(origins, test, key, depth) == Some(wanted);
            Self::is_behind(origins, at, key, &finds)
        };
        match () {
            () if is_behind(Answer::Given) => Answer::Given,
            () if is_behind(Answer::Unknown) => Answer::Unknown,
            () => answer,
        }
    }

    /// Where that comes from in which a look-up finds the key; none for what is no such look-up, or is filled by messages.
    fn finds_in(&self, origins: &Origins<'a>, mut test: ExprId, key: Source, depth: u32) -> Option<Answer> {
        let is_key = |arg: &ExprId| names_key(origins, *arg, key);
        for _ in 0..PASSES_MAX {
            test = match &origins.body.expr(test).kind {
                ExprKind::Try(inner) | ExprKind::Ref(inner, _) | ExprKind::Deref(inner) => *inner,
                ExprKind::Method(call) => match origins.inferred.callees.get(&test) {
                    Some(Callee::Fns(fns)) if call.args.iter().any(is_key) => {
                        let known = fns.iter().map(|of| self.looks_up(*of, depth));
                        return known.reduce(|all, one| Some(all?.and(one?)))?;
                    }
                    _ if LOOKS.contains(&call.name) && call.args.len() == 1 => {
                        return self.filled_by(origins, call.recv, depth).filter(|_| is_key(&call.args[0]));
                    }
                    _ if FOUND_PASSES.contains(&call.name) => call.recv,
                    _ => return None,
                },
                _ => return None,
            };
        }
        None
    }

    /// Where that comes from in which a function looks something up, if it says at once whether it is there.
    fn looks_up(&self, id: FnId, depth: u32) -> Option<Answer> {
        let function = self.program.names.function(id);
        let name = self.program.names.text(function.name);
        let may_miss = function.sig.is_some_and(|sig| {
            let misses = |name: Sym| name == Sym::new("Option") || name == Sym::new("bool");
            !sig.is_async && matches!(&sig.ret, TypeRef::Path(path) if misses(path.last()))
        });
        if !may_miss || !ASKS.iter().any(|word| name.starts_with(word)) {
            return None;
        }
        let Some(origins) = self.body(id) else { return Some(Answer::Unknown) };
        let looks = origins.body.exprs.iter().filter_map(|expr| match &expr.kind {
            ExprKind::Method(call) if LOOKS.contains(&call.name) && call.args.len() == 1 => Some(call.recv),
            _ => None,
        });
        let brought = looks.map(|table| self.filled_by(&origins, table, depth));
        brought.reduce(|all, one| Some(all?.and(one?))).unwrap_or(Some(Answer::Unknown))
    }

    /// Where that comes from what a field holds; none where messages bring it, or it is no field.
    fn filled_by(&self, origins: &Origins<'a>, table: ExprId, depth: u32) -> Option<Answer> {
        let table = origins.field(table)?;
        let told = |answer: Option<Answer>| matches!(answer, Some(Answer::Told(_)));
        match () {
            () if told(self.changed(table, None, depth + 1)) => None,
            () if told(Some(self.made_with(table, None, depth + 1))) => None,
            () if self.is_settled(table, depth + 1) => Some(Answer::Given),
            () => Some(Answer::Unknown),
        }
    }
}

/// Whether an argument is the key, or what a call makes of nothing else: `ServerId::new(&id)`.
fn names_key(origins: &Origins<'_>, arg: ExprId, key: Source) -> bool {
    let is_key = |id: ExprId| origins.source(id, None, 0) == Some(key);
    let made = |id: ExprId| match &origins.body.expr(id).kind {
        ExprKind::Call(_, args) => matches!(args[..], [one] if is_key(one)),
        _ => false,
    };
    let named = origins.source(arg, None, 0).map(|(local, _)| origins.local(local));
    is_key(arg) || made(arg) || named.is_some_and(|made_of| made_of.of.iter().any(|(of, _)| made(*of)))
}
