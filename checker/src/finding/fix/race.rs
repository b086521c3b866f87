//! A `select!` that drops the handles of the tasks that lose: it borrows them, and whoever wins aborts the others.

use super::scope::{bound, local};
use super::{Edit, Fix, Place};
use crate::lower::{Branch, Branches};
use syn::visit::{self, Visit};
use syn::{Block, Expr, Ident, PatIdent, Stmt};

pub(super) fn fix(place: &Place<'_>) -> Option<Fix> {
    let mut search = Search { place, found: None };
    search.visit_file(place.tree);
    let edits = search.found?;
    (!edits.is_empty())
        .then(|| Fix { message: "race `&mut` handles, and abort those that lose".to_owned(), edits })
}

struct Search<'p, 'a> {
    place: &'a Place<'p>,
    found: Option<Vec<Edit>>,
}

impl<'a> Visit<'a> for Search<'_, 'a> {
    fn visit_block(&mut self, block: &'a Block) {
        for stmt in &block.stmts {
            if let Some(call) = macro_of(stmt).filter(|call| self.place.is_at(&call.path)) {
                self.found = edits(self.place, block, call);
            }
        }
        visit::visit_block(self, block);
    }
}

/// The macro that is all of a statement, or all that a `let` is given.
fn macro_of(stmt: &Stmt) -> Option<&syn::Macro> {
    match stmt {
        Stmt::Macro(call) => Some(&call.mac),
        Stmt::Expr(Expr::Macro(call), _) => Some(&call.mac),
        Stmt::Local(of) => match &*of.init.as_ref()?.expr {
            Expr::Macro(call) => Some(&call.mac),
            _ => None,
        },
        _ => None,
    }
}

/// A handle in the race.
struct Racer<'r> {
    name: &'r Ident,
    arm: usize,
    is_lent: bool,
}

/// The edits, if each handle is a task that the same block spawns and names nowhere else.
fn edits(place: &Place<'_>, block: &Block, call: &syn::Macro) -> Option<Vec<Edit>> {
    let branches: Branches = call.parse_body().ok()?;
    let spawned: Vec<&PatIdent> = block.stmts.iter().filter_map(spawned).collect();
    let mut racers: Vec<Racer<'_>> =
        branches.0.iter().enumerate().filter_map(|(arm, branch)| racer(arm, branch)).collect();
    let is_spawned = |racer: &Racer<'_>| spawned.iter().any(|known| known.ident == *racer.name);
    // What is given away and comes from elsewhere may be a handle too, and would still be lost.
    if racers.iter().any(|racer| !racer.is_lent && !is_spawned(racer)) {
        return None;
    }
    racers.retain(is_spawned);
    if racers.len() < 2 {
        return None;
    }
    let mut edits = Vec::new();
    for racer in &racers {
        let declared = spawned.iter().rfind(|known| known.ident == *racer.name)?;
        if declared.mutability.is_none() {
            edits.push(place.insert(place.range(&declared.ident).start, "mut "));
        }
        if !racer.is_lent {
            edits.push(place.insert(place.range(racer.name).start, "&mut "));
        }
    }
    for (arm, branch) in branches.0.iter().enumerate() {
        let losers = racers.iter().filter(|racer| racer.arm != arm);
        let aborts: Vec<String> = losers.map(|racer| format!("{}.abort();", racer.name)).collect();
        edits.extend(first_in(place, &branch.body, &aborts.join(" ")));
    }
    Some(edits)
}

/// Puts statements before what an arm does.
fn first_in(place: &Place<'_>, body: &Expr, stmts: &str) -> Vec<Edit> {
    match body {
        Expr::Block(block) if block.label.is_none() && block.attrs.is_empty() => {
            vec![place.insert(place.range(&block.block.brace_token.span.open()).end, format!(" {stmts}"))]
        }
        _ => {
            let range = place.range(body);
            vec![place.insert(range.start, format!("{{ {stmts} ")), place.insert(range.end, " }")]
        }
    }
}

fn racer(arm: usize, branch: &Branch) -> Option<Racer<'_>> {
    let future = branch.future.as_ref()?;
    let (value, is_lent) = match future {
        Expr::Reference(lent) if lent.mutability.is_some() => (&*lent.expr, true),
        _ => (future, false),
    };
    Some(Racer { name: local(value)?, arm, is_lent })
}

/// The name of `let task = tokio::spawn(..);`.
fn spawned(stmt: &Stmt) -> Option<&PatIdent> {
    let Stmt::Local(of) = stmt else { return None };
    let Expr::Call(call) = &*of.init.as_ref()?.expr else { return None };
    let Expr::Path(callee) = &*call.func else { return None };
    let is_spawn = callee.path.segments.last().is_some_and(|last| last.ident == "spawn");
    bound(&of.pat).filter(|_| is_spawn)
}
