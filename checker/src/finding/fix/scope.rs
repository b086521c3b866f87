//! What names mean in a file, as far as its own imports tell, and small questions about expressions.

use syn::visit::{self, Visit};
use syn::{Expr, Ident, Item, UseTree};

/// The name that an expression is, if it is nothing else.
pub(super) fn local(expr: &Expr) -> Option<&Ident> {
    match expr {
        Expr::Path(path) if path.qself.is_none() => path.path.get_ident().filter(|name| *name != "self"),
        Expr::Paren(inner) => local(&inner.expr),
        _ => None,
    }
}

/// The name that a pattern binds, if it does nothing else.
pub(super) fn bound(pat: &syn::Pat) -> Option<&syn::PatIdent> {
    match pat {
        syn::Pat::Ident(name) if name.subpat.is_none() && name.by_ref.is_none() => Some(name),
        syn::Pat::Type(typed) => bound(&typed.pat),
        _ => None,
    }
}

/// What the imports at the top of a file bring under a name, each with all segments of its path.
pub(super) fn imports(file: &syn::File) -> Vec<(Ident, Vec<String>)> {
    let mut found = Vec::new();
    for item in &file.items {
        if let Item::Use(item) = item {
            leaves(&item.tree, &mut Vec::new(), &mut found);
        }
    }
    found
}

fn leaves(tree: &UseTree, above: &mut Vec<String>, found: &mut Vec<(Ident, Vec<String>)>) {
    let joined = |last: &Ident| above.iter().cloned().chain([last.to_string()]).collect();
    match tree {
        UseTree::Path(path) => {
            above.push(path.ident.to_string());
            leaves(&path.tree, above, found);
            above.pop();
        }
        UseTree::Name(name) if name.ident == "self" => {
            if let Some(last) = above.last() {
                found.push((Ident::new(last, name.ident.span()), above.clone()));
            }
        }
        UseTree::Name(name) => found.push((name.ident.clone(), joined(&name.ident))),
        UseTree::Rename(name) => found.push((name.rename.clone(), joined(&name.ident))),
        UseTree::Group(group) => group.items.iter().for_each(|tree| leaves(tree, above, found)),
        UseTree::Glob(_) => {}
    }
}

/// The path of a type with its first segment looked up in the imports.
pub(super) fn full_path(file: &syn::File, path: &syn::Path) -> String {
    let written: Vec<String> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
    let imported =
        imports(file).into_iter().find(|(name, _)| written.first().is_some_and(|first| name == first));
    match imported {
        Some((_, full)) => full.into_iter().chain(written.into_iter().skip(1)).collect::<Vec<_>>().join("::"),
        None => written.join("::"),
    }
}

/// Whether evaluating an expression may leave the code around it, or wait, or look at `self`: what cannot move into a
/// closure as it is.
pub(super) fn is_bound_to_its_place(expr: &Expr) -> bool {
    #[derive(Default)]
    struct Search(bool);
    impl<'a> Visit<'a> for Search {
        fn visit_expr(&mut self, expr: &'a Expr) {
            self.0 |= matches!(
                expr,
                Expr::Await(_)
                    | Expr::Break(_)
                    | Expr::Continue(_)
                    | Expr::Return(_)
                    | Expr::Try(_)
                    | Expr::Yield(_)
                    | Expr::Macro(_)
            );
            visit::visit_expr(self, expr);
        }
        fn visit_ident(&mut self, name: &'a Ident) {
            self.0 |= name == "self";
        }
    }
    let mut search = Search::default();
    search.visit_expr(expr);
    search.0
}
