//! Code that runs for single variants of enums of the workspace: arms of a `match`, and branches of `if let`.
//!
//! It also notes the variants that a body names elsewhere than in patterns: who does not name a variant does not make one.
//! Whether anybody makes it is for `summary` to say.

use super::{ArmFacts, Walk};
use crate::lower::ir::{BinOp, ExprId, ExprKind, Pat, PatId, PathRef};
use crate::lower::sym::{Sym, syms};
use crate::names::{AdtId, Def};

/// Variants of the prelude, which everybody names.
const EVERYWHERE: [Sym; 4] = syms(["Some", "None", "Ok", "Err"]);
/// Most ways in which one pattern may match, and still be noted.
const WAYS_MAX: usize = 64;

/// Variants that have to be there all at once.
type Needs = Vec<(AdtId, Sym)>;

impl Walk<'_, '_> {
    /// The arm that `body` is, if its pattern asks for variants; `before` is the last expression in front of it.
    pub(super) fn enter_arm(&mut self, pat: PatId, before: ExprId, body: ExprId) {
        let ways = self.ways(pat);
        self.enter_needing(ways, before, body);
    }

    /// The same of the branch that runs where a condition holds.
    pub(super) fn enter_then(&mut self, cond: ExprId, then: ExprId) {
        let ways = self.conditions(cond);
        self.enter_needing(ways, cond, then);
    }

    fn enter_needing(&mut self, ways: Vec<Needs>, before: ExprId, body: ExprId) {
        if ways.iter().any(Vec::is_empty) || ways.len() > WAYS_MAX {
            return;
        }
        let index = u32::try_from(self.facts.arms.len()).unwrap_or(u32::MAX);
        let parent = self.under.in_arm.replace(index);
        let at = self.body.extent(body);
        self.facts.arms.push(ArmFacts { parent, ways, exprs: (before.0, body.0), at });
    }

    fn conditions(&self, cond: ExprId) -> Vec<Needs> {
        match &self.body.expr(cond).kind {
            ExprKind::Let(pat, _) => self.ways(*pat),
            ExprKind::Binary(BinOp::And, left, right) => {
                both(self.conditions(*left), &self.conditions(*right))
            }
            _ => vec![Vec::new()],
        }
    }

    /// The ways in which a pattern matches, each with the variants it needs.
    fn ways(&self, pat: PatId) -> Vec<Needs> {
        let all = |parts: &mut dyn Iterator<Item = PatId>| {
            parts.fold(vec![Vec::new()], |known, part| both(known, &self.ways(part)))
        };
        let of_path = |path: &PathRef, inner: Vec<Needs>| match self.variant(path) {
            Some(own) => both(vec![vec![own]], &inner),
            None => inner,
        };
        match self.body.pat(pat) {
            Pat::TupleStruct(path, parts) => of_path(path, all(&mut parts.iter().copied())),
            Pat::Struct(path, fields) => of_path(path, all(&mut fields.iter().map(|(_, part)| *part))),
            Pat::Tuple(parts) | Pat::Slice(parts) => all(&mut parts.iter().copied()),
            Pat::Or(parts) => parts.iter().flat_map(|part| self.ways(*part)).collect(),
            Pat::Bind(_, Some(inner)) | Pat::Ref(inner) | Pat::Typed(inner, _) => self.ways(*inner),
            Pat::Bind(_, None) | Pat::Wild | Pat::Rest => vec![Vec::new()],
        }
    }

    /// The variant that a path names; only of enums whose values nothing but code makes.
    fn variant(&self, path: &PathRef) -> Option<(AdtId, Sym)> {
        let names = &self.program.names;
        let adt = match path.segments[..] {
            [first, _] if first == Sym::new("Self") => self.program.adt_of(self.id)?,
            _ => match names.resolve(names.function(self.id).module, path, false)?.def {
                Def::Variant(adt, _) => adt,
                _ => return None,
            },
        };
        let declared = names.adt(adt);
        let is_variant = declared.variants.iter().any(|(name, _)| *name == path.last());
        (declared.is_plain && is_variant).then_some((adt, path.last()))
    }

    /// Notes the variants that the body names outside of patterns: by their names alone where it is not known whose.
    pub(super) fn note_variants(&mut self) {
        let names = &self.program.names;
        let module = names.function(self.id).module;
        for (index, expr) in (0_u32..).zip(&self.body.exprs) {
            let (ExprKind::Path(path) | ExprKind::Struct(path, ..)) = &expr.kind else { continue };
            let last = path.last();
            let is_of_std = path.segments.len() == 1 && EVERYWHERE.contains(&last);
            if is_of_std || !names.text(last).starts_with(char::is_uppercase) {
                continue;
            }
            let found = names.resolve(module, path, false).filter(|found| found.taken == path.segments.len());
            let of = match found.map(|found| found.def) {
                Some(Def::Variant(adt, _)) => Some(adt),
                Some(Def::Adt(_) | Def::Const(_) | Def::Static(_) | Def::Fn(_)) => continue,
                _ => None,
            };
            self.facts.variants.push((of, last, index));
        }
    }
}

fn both(one: Vec<Needs>, other: &[Needs]) -> Vec<Needs> {
    if one.len() * other.len() > WAYS_MAX {
        return vec![Vec::new()];
    }
    one.iter().flat_map(|one| other.iter().map(move |other| [&one[..], other].concat())).collect()
}
