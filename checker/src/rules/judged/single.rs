//! Whether what stands at a position happens once at a time: a test of a flag, an option or a key lets it through, and
//! the same body sets the flag, fills the option or enters the key on the way there.

use super::opened::Opened;
use super::ways::Ways;
use crate::events::DIVERGES;
use crate::events::seen::within;
use crate::lower::ir::{ExprId, ExprKind, Lit, Pat, Range};
use crate::lower::sym::{Sym, syms};

/// Longest way through a condition, or to the name of what is tested.
const DEPTH_MAX: u32 = 8;

/// What a condition asks.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Test {
    /// Whether a flag of that name is set.
    Flag(Sym),
    /// Whether a field of that name holds something.
    Filled(Sym),
    /// Whether a collection of that name has a key.
    Key(Sym),
}

impl<'a> Ways<'_, 'a, '_> {
    /// Whether a test lets what stands at `at` through once at a time, but for tests of what `is_own`.
    pub(super) fn is_single(&self, opened: &Opened<'a>, at: Range, is_own: &dyn Fn(ExprId) -> bool) -> bool {
        const ASSERTS: [Sym; 2] = syms(["assert", "ensure"]);
        let holds = |id: ExprId| within(opened.extent(id), at);
        // One for each of those who send is as many as they like.
        let names = |test: Test| matches!(test, Test::Key(_)) && self.takes_from_peers(opened);
        let is_set = |test: Test| opened.sets(test, at) && !names(test);
        opened.exprs().filter(|(_, expr)| expr.at.start < at.start).any(|(_, expr)| match &expr.kind {
            ExprKind::If(cond, ..) | ExprKind::Match(cond, _) if is_own(*cond) => false,
            ExprKind::If(cond, then, otherwise) => {
                let lets_through = holds(*then) || otherwise.is_some_and(holds);
                let tests = opened.tests(*cond, 0).into_iter();
                tests.filter(|test| lets_through || opened.leaves(*then, *test)).any(is_set)
            }
            ExprKind::Match(on, arms) => {
                let found = |pat| matches!(opened.body.pat(pat), Pat::TupleStruct(path, _) if path.last() == Sym::new("Some"));
                let test = opened.filled(*on, 0);
                let is_out = |test| arms.iter().any(|arm| found(arm.pat) && opened.leaves(arm.body, test));
                let misses = |pat| match opened.body.pat(pat) {
                    Pat::TupleStruct(path, _) => path.last() == Sym::new("None"),
                    _ => matches!(opened.body.pat(pat), Pat::Wild) && arms.iter().any(|arm| found(arm.pat)),
                };
                let is_miss = || arms.iter().any(|arm| misses(arm.pat) && holds(arm.body));
                test.is_some_and(|test| (is_out(test) || is_miss()) && is_set(test))
            }
            ExprKind::Macro(name, args) if ASSERTS.contains(name) => {
                args.first().is_some_and(|cond| opened.tests(*cond, 0).into_iter().any(is_set))
            }
            _ => false,
        })
    }

    /// Whether a body itself takes what peers send.
    fn takes_from_peers(&self, opened: &Opened<'a>) -> bool {
        opened.exprs().any(|(id, _)| {
            self.judged.program.models.gives(opened.called(id)).peer && opened.own(id).is_empty()
        })
    }
}

impl Opened<'_> {
    /// What a condition asks, among other things.
    fn tests(&self, cond: ExprId, depth: u32) -> Vec<Test> {
        if depth > DEPTH_MAX {
            return Vec::new();
        }
        match self.kind(cond) {
            ExprKind::Not(inner) => self.tests(*inner, depth + 1),
            ExprKind::Binary(_, left, right) => {
                [self.tests(*left, depth + 1), self.tests(*right, depth + 1)].concat()
            }
            ExprKind::Let(_, init) => self.filled(*init, 0).into_iter().collect(),
            ExprKind::Method(call) if [Sym::new("is_some"), Sym::new("is_none")].contains(&call.name) => {
                self.filled(call.recv, 0).into_iter().collect()
            }
            ExprKind::Method(_) => {
                self.filled(cond, 0).filter(|test| matches!(test, Test::Key(_))).into_iter().collect()
            }
            ExprKind::Field(_, name) => vec![Test::Flag(*name)],
            ExprKind::Local(local) => vec![Test::Flag(self.body.locals[local.0 as usize].name)],
            _ => Vec::new(),
        }
    }

    /// What it says of its place that a value is there.
    fn filled(&self, id: ExprId, depth: u32) -> Option<Test> {
        const ASKS: [Sym; 4] = syms(["contains", "contains_key", "get", "get_mut"]);
        match self.kind(id) {
            _ if depth > DEPTH_MAX => None,
            ExprKind::Method(call) if ASKS.contains(&call.name) && call.args.len() == 1 => {
                self.named_behind(call.recv, 0).map(Test::Key)
            }
            ExprKind::Method(call) if call.args.is_empty() => self.filled(call.recv, depth + 1),
            ExprKind::Ref(inner, _) | ExprKind::Deref(inner) | ExprKind::Await(inner) => {
                self.filled(*inner, depth + 1)
            }
            ExprKind::Field(_, name) => Some(Test::Filled(*name)),
            ExprKind::Local(local) => self.filled(self.init(*local)?, depth + 1),
            _ => None,
        }
    }

    /// The name of a field or local behind locks and pointers.
    fn named_behind(&self, id: ExprId, depth: u32) -> Option<Sym> {
        match self.kind(id) {
            _ if depth > DEPTH_MAX => None,
            ExprKind::Method(call) if call.args.is_empty() => self.named_behind(call.recv, depth + 1),
            ExprKind::Ref(inner, _)
            | ExprKind::Deref(inner)
            | ExprKind::Await(inner)
            | ExprKind::Try(inner) => self.named_behind(*inner, depth + 1),
            ExprKind::Field(_, name) => Some(*name),
            ExprKind::Local(local) => {
                let behind = self.init(*local).and_then(|init| self.named_behind(init, depth + 1));
                Some(behind.unwrap_or(self.body.locals[local.0 as usize].name))
            }
            _ => None,
        }
    }

    /// Whether what is tested is set, on a way that leads to `at` or on from there.
    fn sets(&self, test: Test, at: Range) -> bool {
        const ENTERS: [Sym; 4] = syms(["insert", "entry", "try_insert", "replace"]);
        self.exprs().any(|(_, expr)| {
            let is_it = match (&expr.kind, test) {
                (ExprKind::Assign(left, right), Test::Flag(name)) => {
                    self.named(*left) == name && matches!(self.kind(*right), ExprKind::Lit(Lit::Bool(_)))
                }
                (ExprKind::Assign(left, right), Test::Filled(name)) => {
                    let empties =
                        matches!(self.kind(*right), ExprKind::Path(path) if path.last() == Sym::new("None"));
                    self.named_behind(*left, 0) == Some(name) && !empties
                }
                (ExprKind::Method(call), Test::Filled(name) | Test::Key(name)) => {
                    ENTERS.contains(&call.name) && self.named_behind(call.recv, 0) == Some(name)
                }
                _ => false,
            };
            is_it && self.goes_with(expr.at, at)
        })
    }

    /// Whether no branch that `at` is no part of stands around `one`.
    fn goes_with(&self, one: Range, at: Range) -> bool {
        let apart = |branch: &ExprId| {
            let region = self.extent(*branch);
            within(region, one) && !within(region, at)
        };
        !self.exprs().any(|(_, expr)| match &expr.kind {
            ExprKind::If(_, then, otherwise) => apart(then) || otherwise.as_ref().is_some_and(apart),
            ExprKind::Match(_, arms) => arms.iter().any(|arm| apart(&arm.body)),
            ExprKind::Select(arms) => arms.iter().any(|arm| apart(&arm.body)),
            _ => false,
        })
    }

    /// Whether a branch may lead out: a turn that is passed over is one of many where a single place is tested.
    fn leaves(&self, branch: ExprId, test: Test) -> bool {
        self.inside(self.extent(branch)).any(|(_, kind)| match kind {
            ExprKind::Return(_) => true,
            ExprKind::Continue(_) | ExprKind::Break(..) => !matches!(test, Test::Filled(_)),
            ExprKind::Macro(name, _) => DIVERGES.contains(name),
            _ => false,
        })
    }
}
