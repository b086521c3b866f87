//! `table! { name (key) { column -> Type, .. } }`: a module with a value for the table and one for each column.
//!
//! Queries are built from these, and nothing else in the source declares them. What they are is diesel's; the models
//! describe the two types. Source of the shape: the documentation of `diesel::table!`.

use super::Lower;
use super::ir::{Item, ItemKind, UseLeaf, Vis};
use super::sym::Sym;
use proc_macro2::{Delimiter, Ident, TokenStream, TokenTree};

/// The module that `call` makes; none if it is no table.
pub(crate) fn read(lower: &mut Lower<'_>, call: &syn::Macro) -> Option<Item> {
    if call.path.segments.last()?.ident != "table" {
        return None;
    }
    let (name, columns) = parts(&call.tokens)?;
    let at = lower.at(name.span());
    let module = |name: Sym, items: Vec<Item>| {
        let kind = ItemKind::Mod { items: Some(items), path: None };
        Item { name, at, all: at, vis: Vis::Public, kind }
    };
    let name = lower.sym(&name);
    let own = lower.ir.texts.intern("table");
    let mut items = vec![passed_on(lower, "Table", own, at)];
    let mut dsl = vec![passed_on(lower, "Table", name, at)];
    for column in columns {
        let at = lower.at(column.span());
        let column = lower.sym(&column);
        items.push(passed_on(lower, "Column", column, at));
        dsl.push(passed_on(lower, "Column", column, at));
    }
    let inner = lower.ir.texts.intern("dsl");
    items.push(module(inner, dsl));
    Some(module(name, items))
}

/// `pub use ::diesel::query_source::name as alias;`
fn passed_on(lower: &mut Lower<'_>, name: &str, alias: Sym, at: super::ir::Range) -> Item {
    let path = ["diesel", "query_source", name].map(|segment| lower.ir.texts.intern(segment));
    let leaf = UseLeaf { path: path.into(), alias, glob: false, absolute: true };
    Item { name: Sym::NONE, at, all: at, vis: Vis::Public, kind: ItemKind::Use(vec![leaf]) }
}

/// The name of the table and those of its columns.
fn parts(tokens: &TokenStream) -> Option<(Ident, Vec<Ident>)> {
    let mut name = None;
    for tree in tokens.clone() {
        match tree {
            TokenTree::Ident(ident) => name = Some(ident),
            TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => {
                return Some((name?, columns(group.stream())));
            }
            _ => {}
        }
    }
    None
}

/// Every name before an arrow.
fn columns(tokens: TokenStream) -> Vec<Ident> {
    let (mut found, mut before, mut dash) = (Vec::new(), None, false);
    for tree in tokens {
        match tree {
            TokenTree::Ident(ident) => (before, dash) = (Some(ident), false),
            TokenTree::Punct(punct) if punct.as_char() == '-' => dash = true,
            TokenTree::Punct(punct) if dash && punct.as_char() == '>' => found.extend(before.take()),
            _ => (before, dash) = (None, false),
        }
    }
    found
}
