//! The loci of a binary: the parts of main, and the kinds of children below them.

use super::{Locus, Place, Program, span};
use crate::graph::bus::{loci_in, locus_decl, named};
use crate::lower::ir::{FieldIr, TypeRef};
use crate::lower::sym::Sym;
use crate::names::AdtId;
use locus_syntax::snake_case;

/// Most loci of one binary that are followed: kinds of children that hold each other in many ways multiply.
const LOCI_MAX: usize = 4096;

/// A locus, by its type.
pub(super) struct Node {
    pub(super) adt: AdtId,
    pub(super) locus: Locus,
    /// The types it lies below, its own included.
    above: Vec<AdtId>,
}

/// Parts of `main`, each with its children behind it; `spawned` tells what the code of a locus makes.
pub(super) fn tree(program: &Program<'_>, main: AdtId, spawned: impl Fn(AdtId) -> Vec<AdtId>) -> Vec<Node> {
    let adt = program.names.adt(main);
    let root = snake_case(program.names.text(adt.name));
    let mut nodes = Vec::new();
    let fields =
        program.fields[main.ix()].iter().flatten().zip(adt.variants.iter().flat_map(|(_, fields)| *fields));
    for ((name, ty), field) in fields {
        let mut found = Vec::new();
        loci_in(program, *ty, &mut found);
        let Some(part) = found.first() else { continue };
        let name = program.names.text(*name).to_owned();
        let locus = Locus {
            path: format!("{root}/{name}"),
            name: text(program, *part),
            part: name,
            place: place(field),
            is_many: false,
            span: span(adt.file, field.at),
        };
        let mut open = vec![Node { adt: *part, locus, above: vec![*part] }];
        while let Some(node) = open.pop() {
            let mut below = children(program, &node, &spawned);
            below.reverse();
            if nodes.len() + open.len() < LOCI_MAX {
                open.append(&mut below);
            }
            nodes.push(node);
        }
    }
    nodes
}

/// Children that a field holds, then kinds that are declared, then those that are only seen to be made.
fn children(program: &Program<'_>, of: &Node, spawned: &impl Fn(AdtId) -> Vec<AdtId>) -> Vec<Node> {
    let adt = program.names.adt(of.adt);
    let mut found: Vec<Node> = Vec::new();
    let mut add = |child: AdtId, name: &str, is_many: bool| {
        let path = format!("{}/{name}", of.locus.path);
        // Children of their own kind go on for ever.
        let is_known = of.above.contains(&child) || found.iter().any(|node| node.locus.path == path);
        if is_known || locus_decl(program, child).is_none() {
            return;
        }
        let declared = program.names.adt(child);
        let locus = Locus {
            path,
            name: text(program, child),
            part: of.locus.part.clone(),
            place: of.locus.place.clone(),
            is_many: is_many || of.locus.is_many,
            span: span(declared.file, declared.at),
        };
        found.push(Node { adt: child, locus, above: of.above.iter().copied().chain([child]).collect() });
    };
    for ((name, ty), field) in
        program.fields[of.adt.ix()].iter().flatten().zip(adt.variants.iter().flat_map(|(_, fields)| *fields))
    {
        let mut held = Vec::new();
        if is_child(field) {
            loci_in(program, *ty, &mut held);
        }
        held.into_iter().for_each(|child| add(child, program.names.text(*name), false));
    }
    let declared = locus_decl(program, of.adt).into_iter().flat_map(|decl| &decl.children);
    let declared = declared.filter_map(|(ty, ..)| named(program, adt.module, ty.as_ref()?));
    for child in declared.chain(spawned(of.adt)) {
        add(child, &text(program, child), true);
    }
    found
}

/// Whether a field is a `Child<T>`: a locus in any other is plain data.
fn is_child(field: &FieldIr) -> bool {
    fn mentions(ty: &TypeRef) -> bool {
        match ty {
            TypeRef::Path(path) => path.last() == Sym::new("Child") || path.args.iter().any(mentions),
            _ => false,
        }
    }
    mentions(&field.ty)
}

fn place(field: &FieldIr) -> Place {
    match &field.place {
        Some(place) if place.pinned => Place::Pinned { replicas: place.replicas },
        Some(place) => place.pool.as_ref().map_or(Place::Unplaced, |pool| Place::Pool(pool.to_string())),
        None => Place::Unplaced,
    }
}

fn text(program: &Program<'_>, adt: AdtId) -> String {
    program.names.text(program.names.adt(adt).name).to_owned()
}
