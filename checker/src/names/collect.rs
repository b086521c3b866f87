//! Walks all items once and numbers what they declare.

use super::{
    Adt, AdtId, Alias, AliasId, CrateId, Def, FnId, Function, Impl, ImplId, ModId, Module, Names, Owner,
    Pending, StaticId, Trait, TraitId, Value,
};
use crate::finding::FileId;
use crate::load::Workspace;
use crate::lower::ir::{BodyIr, Item, ItemKind, ValueIr, Vis};
use crate::lower::sym::{Sym, Texts};
use crate::models::Models;
use rustc_hash::FxHashMap;

pub(super) fn collect<'w>(workspace: &'w Workspace, models: &'w Models) -> (Names<'w>, Vec<Pending<'w>>) {
    let mut texts = Texts::default();
    for file in &workspace.files {
        if let Ok(ir) = &file.ir {
            texts.absorb(&ir.texts);
        }
    }
    let names = Names {
        workspace,
        texts,
        modules: Vec::new(),
        roots: Vec::new(),
        adts: Vec::new(),
        traits: Vec::new(),
        aliases: Vec::new(),
        fns: Vec::new(),
        impls: Vec::new(),
        statics: Vec::new(),
        consts: Vec::new(),
        externs: Vec::new(),
        models,
    };
    let mut collector = Collector { names, pending: Vec::new(), open_files: Vec::new() };
    for (index, krate) in workspace.crates.iter().enumerate() {
        let root = collector.module(None, CrateId(number(index)), false);
        collector.names.roots.push(root);
        collector.file(root, krate.root, &mut Vec::new());
    }
    collector.names.externs = super::externs::of(workspace, &collector.names.roots);
    (collector.names, collector.pending)
}

pub(super) fn number(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}

struct Collector<'w> {
    names: Names<'w>,
    pending: Vec<Pending<'w>>,
    /// Files on the way down, against modules that include each other.
    open_files: Vec<FileId>,
}

/// Where an item stands: its module, its file, and the path of inline modules within that file.
struct At<'p> {
    module: ModId,
    file: FileId,
    within: &'p mut Vec<Sym>,
}

impl<'w> Collector<'w> {
    fn module(&mut self, parent: Option<ModId>, krate: CrateId, transparent: bool) -> ModId {
        let id = ModId(number(self.names.modules.len()));
        let (types, values) = (FxHashMap::default(), FxHashMap::default());
        self.names.modules.push(Module {
            parent,
            krate,
            transparent,
            types,
            values,
            foreign_globs: Vec::new(),
        });
        id
    }

    fn file(&mut self, module: ModId, file: FileId, within: &mut Vec<Sym>) {
        if self.open_files.contains(&file) {
            return;
        }
        self.open_files.push(file);
        if let Ok(ir) = &self.names.workspace.files[file.0 as usize].ir {
            self.items(&ir.items, &mut At { module, file, within });
        }
        self.open_files.pop();
    }

    fn items(&mut self, items: &'w [Item], at: &mut At<'_>) {
        for item in items {
            self.item(item, at);
        }
    }

    fn declare_type(&mut self, item: &Item, at: &At<'_>, def: Def) {
        self.names.modules[at.module.ix()].types.entry(item.name).or_insert((def, item.vis));
    }

    fn declare_value(&mut self, item: &Item, at: &At<'_>, def: Def) {
        self.names.modules[at.module.ix()].values.entry(item.name).or_insert((def, item.vis));
    }

    fn item(&mut self, item: &'w Item, at: &mut At<'_>) {
        match &item.kind {
            ItemKind::Mod { items, .. } => self.submodule(item, items.as_deref(), at),
            ItemKind::Include => {
                at.within.push(item.name);
                if let Some(child) = self.child(at) {
                    self.file(at.module, child, &mut Vec::new());
                }
                at.within.pop();
            }
            ItemKind::Use(leaves) => {
                let pending = leaves.iter().map(|leaf| Pending { module: at.module, leaf, vis: item.vis });
                self.pending.extend(pending);
            }
            ItemKind::Struct(_) | ItemKind::Enum(_) => self.adt(item, at),
            ItemKind::Trait(ir) => {
                let id = TraitId(number(self.names.traits.len()));
                self.names.traits.push(Trait { name: item.name, ir, module: at.module, fns: Vec::new() });
                self.declare_type(item, at, Def::Trait(id));
                let fns = self.methods(&ir.items, at, Owner::Trait(id));
                self.names.traits[id.ix()].fns = fns;
            }
            ItemKind::Alias(generics, ty) => {
                let id = AliasId(number(self.names.aliases.len()));
                self.names.aliases.push(Alias { generics, ty, module: at.module });
                self.declare_type(item, at, Def::Alias(id));
            }
            ItemKind::Impl(ir) => {
                let id = ImplId(number(self.names.impls.len()));
                self.names.impls.push(Impl { ir, module: at.module, fns: Vec::new() });
                let fns = self.methods(&ir.items, at, Owner::Impl(id));
                self.names.impls[id.ix()].fns = fns;
            }
            ItemKind::Fn(_) => {
                let id = self.function(item, at, Owner::Module);
                self.declare_value(item, at, Def::Fn(id));
            }
            ItemKind::Static(value) => {
                let id = StaticId(number(self.names.statics.len()));
                let value = self.value(item, value, at);
                self.names.statics.push(value);
                self.declare_value(item, at, Def::Static(id));
            }
            ItemKind::Const(value) => {
                let id = number(self.names.consts.len());
                let value = self.value(item, value, at);
                self.names.consts.push(value);
                self.declare_value(item, at, Def::Const(id));
            }
        }
    }

    fn submodule(&mut self, item: &'w Item, items: Option<&'w [Item]>, at: &mut At<'_>) {
        let krate = self.names.modules[at.module.ix()].krate;
        let module = self.module(Some(at.module), krate, false);
        self.declare_type(item, at, Def::Mod(module));
        at.within.push(item.name);
        match items {
            Some(items) => self.items(items, &mut At { module, file: at.file, within: at.within }),
            None => {
                if let Some(child) = self.child(at) {
                    self.file(module, child, &mut Vec::new());
                }
            }
        }
        at.within.pop();
    }

    /// The file of the module that `at` has come to.
    fn child(&self, at: &At<'_>) -> Option<FileId> {
        let file = &self.names.workspace.files[at.file.0 as usize];
        file.children.iter().find(|(within, _)| within == at.within).map(|(_, child)| *child)
    }

    fn adt(&mut self, item: &'w Item, at: &At<'_>) {
        let id = AdtId(number(self.names.adts.len()));
        let (generics, variants, locus, (is_read, is_wrapper)) = match &item.kind {
            ItemKind::Struct(ir) => {
                let derived = (ir.is_read, ir.is_wrapper);
                (&ir.generics, vec![(Sym::NONE, ir.fields.as_slice())], &ir.locus, derived)
            }
            ItemKind::Enum(ir) => {
                let variants = ir.variants.iter().map(|(name, fields)| (*name, fields.as_slice()));
                (&ir.generics, variants.collect(), &ir.locus, (ir.is_read, false))
            }
            _ => return,
        };
        let adt = Adt {
            name: item.name,
            module: at.module,
            file: at.file,
            at: item.at,
            generics,
            variants,
            is_enum: matches!(item.kind, ItemKind::Enum(_)),
            locus: locus.as_deref(),
            is_read,
            is_wrapper,
            is_plain: matches!(&item.kind, ItemKind::Enum(ir) if ir.is_plain),
        };
        self.names.adts.push(adt);
        self.declare_type(item, at, Def::Adt(id));
        // A struct's name is its constructor too.
        self.declare_value(item, at, Def::Adt(id));
    }

    fn methods(&mut self, items: &'w [Item], at: &mut At<'_>, owner: Owner) -> Vec<FnId> {
        let mut fns = Vec::new();
        for item in items {
            if let ItemKind::Fn(_) = &item.kind {
                fns.push(self.function(item, at, owner));
            }
        }
        fns
    }

    fn function(&mut self, item: &'w Item, at: &mut At<'_>, owner: Owner) -> FnId {
        let ItemKind::Fn(sig) = &item.kind else { return FnId(u32::MAX) };
        let module = self.body_scope(sig.body.as_ref(), at);
        let id = FnId(number(self.names.fns.len()));
        let vis = if matches!(owner, Owner::Trait(_)) { Vis::Public } else { item.vis };
        self.names.fns.push(Function {
            name: item.name,
            module,
            file: at.file,
            at: item.at,
            vis,
            owner,
            sig: Some(sig),
            body: sig.body.as_ref().map(|body| body.code),
        });
        id
    }

    /// The initialiser is a function that runs once.
    fn value(&mut self, item: &'w Item, value: &'w ValueIr, at: &mut At<'_>) -> Value<'w> {
        let module = self.body_scope(value.init.as_ref(), at);
        if value.init.is_some() {
            self.names.fns.push(Function {
                name: item.name,
                module,
                file: at.file,
                at: item.at,
                vis: Vis::Private,
                owner: Owner::Module,
                sig: None,
                body: value.init.as_ref().map(|body| body.code),
            });
        }
        Value { name: item.name, ir: value, module: at.module, file: at.file, at: item.at }
    }

    /// The module in which the paths of a body are looked up: one of its own if it declares items.
    fn body_scope(&mut self, body: Option<&'w BodyIr>, at: &mut At<'_>) -> ModId {
        let Some(body) = body.filter(|body| !body.items.is_empty()) else { return at.module };
        let krate = self.names.modules[at.module.ix()].krate;
        let module = self.module(Some(at.module), krate, true);
        self.items(&body.items, &mut At { module, file: at.file, within: at.within });
        module
    }
}
