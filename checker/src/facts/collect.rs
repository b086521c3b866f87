//! Reads the facts of every binary off its declarations and off the call graph.
//!
//! What runs in a binary: the loci its main locus is made of, their children, and every function that
//! these or the program's own `main` can reach. Generic loci count as one, whatever their arguments.

use std::collections::BTreeMap;

use super::{Binary, Part, Place, Site, Sized, Taken, Takes};
use crate::finding::{FileId, Span};
use crate::load::TargetKind;
use crate::lower::attr::{LocusDecl, LocusItem, MethodRole};
use crate::lower::ir::{FieldIr, Range, TypeRef};
use crate::lower::sym::Sym;
use crate::names::{Adt, AdtId, Def, FnId, ModId, Names, StaticId};

mod allows;

/// Methods the runtime calls by their name alone.
const HOOKS: [&str; 5] = ["birth", "run", "drain", "dissolve", "on_failure"];

/// The bound of a topic that declares none.
pub(crate) const TOPIC_BOUND_DEFAULT: u64 = 8192;

/// The bytes of scratch that one activation of a locus may take if it declares none.
const SCRATCH_BYTES_DEFAULT: u64 = 16 << 20;

/// What the analysis knows of function bodies.
pub trait Calls {
    /// Functions that the body of `of` may call or hand on, one for each call.
    fn callees(&self, of: FnId) -> Vec<FnId>;
    /// Calls in the body of `of` that take something from the machine.
    fn takes(&self, of: FnId) -> Vec<(Site, Takes)>;
    /// Statics that the body of `of` adds to.
    fn grown_statics(&self, of: FnId) -> Vec<StaticId>;
}

/// The facts of every binary target.
pub fn binaries(names: &Names<'_>, calls: &dyn Calls) -> Vec<Binary> {
    let program = Program { names, methods: locus_methods(names), calls };
    let targets = names.workspace.crates.iter().enumerate();
    let runnable = targets.filter(|(_, target)| target.kind != TargetKind::Lib);
    runnable.map(|(index, _)| program.binary(index)).collect()
}

/// The main locus of a binary target.
#[derive(Clone, Copy, Debug)]
pub struct MainLocus {
    /// The target's number.
    pub target: usize,
    /// Its `main`.
    pub entry: Option<FnId>,
    /// The locus.
    pub locus: AdtId,
}

/// The main loci, in the order of [`binaries`].
pub fn mains(names: &Names<'_>, calls: &dyn Calls) -> Vec<MainLocus> {
    let program = Program { names, methods: BTreeMap::new(), calls };
    let of = |target: usize| {
        let entry = program.entry(target);
        program.main_locus(target, entry).map(|locus| MainLocus { target, entry, locus })
    };
    let targets = names.workspace.crates.iter().enumerate();
    targets.filter(|(_, target)| target.kind != TargetKind::Lib).filter_map(|(index, _)| of(index)).collect()
}

struct Program<'a, 'w> {
    names: &'a Names<'w>,
    /// What the runtime calls, by locus.
    methods: BTreeMap<AdtId, Vec<FnId>>,
    calls: &'a dyn Calls,
}

impl Program<'_, '_> {
    fn binary(&self, target: usize) -> Binary {
        let krate = &self.names.workspace.crates[target];
        let package = self.names.workspace.packages[krate.package].name.clone();
        let binary = Binary { package, name: krate.target.clone(), ..Binary::default() };
        let entry = self.entry(target);
        match self.main_locus(target, entry) {
            Some(main) => self.with_main(binary, target, entry, main),
            None => binary,
        }
    }

    fn with_main(&self, binary: Binary, target: usize, entry: Option<FnId>, main: AdtId) -> Binary {
        let parts = fields(self.names.adt(main));
        let loci = self.loci(main);
        let roots = entry.into_iter().chain(loci.iter().flat_map(|locus| self.methods_of(*locus)));
        let reached = self.reached(roots.collect());
        let timers =
            loci.iter().flat_map(|locus| self.methods_of(*locus)).filter(|method| self.is_timer(*method));
        Binary {
            main: Some(self.site(main)),
            parts: parts.iter().map(|part| self.part(main, part)).collect(),
            topics: self.topics(&loci),
            timers: in_order(timers.map(|timer| self.function_site(timer)).collect()),
            children: loci.iter().flat_map(|locus| self.children(*locus)).collect(),
            scratch: loci.iter().filter(|locus| **locus != main).map(|locus| self.scratch(*locus)).collect(),
            takes: self.takes(&reached),
            growing_statics: self.growing_statics(&reached),
            allows: in_order(allows::of_target(self.names.workspace, target)),
            ..binary
        }
    }

    /// The target's own `main`.
    fn entry(&self, target: usize) -> Option<FnId> {
        let module = &self.names.modules[self.names.roots[target].ix()];
        match module.values.get(&Sym::new("main")) {
            Some((Def::Fn(function), _)) => Some(*function),
            _ => None,
        }
    }

    /// The main locus of the target's own crate, else the one whose constructor its `main` can reach.
    fn main_locus(&self, target: usize, entry: Option<FnId>) -> Option<AdtId> {
        let mains = || self.loci_where(|decl| decl.main);
        // Most workspaces have none, and calls need not be followed to find that out.
        mains().next()?;
        let own = mains().find(|main| self.names.modules[self.module(*main).ix()].krate.ix() == target);
        own.or_else(|| {
            let reached = self.reached(entry.into_iter().collect());
            let makes = |main: &AdtId| reached.iter().any(|function| self.owner(*function) == Some(*main));
            mains().find(makes)
        })
    }

    fn loci_where(&self, wanted: impl Fn(&LocusDecl) -> bool) -> impl Iterator<Item = AdtId> {
        let numbered = (0_u32..).map(AdtId).zip(&self.names.adts);
        let loci = numbered.filter(move |(_, adt)| decl(adt).is_some_and(&wanted));
        loci.map(|(id, _)| id)
    }

    /// The type whose impl holds `function`.
    fn owner(&self, function: FnId) -> Option<AdtId> {
        let crate::names::Owner::Impl(holder) = self.names.function(function).owner else { return None };
        let holder = &self.names.impls[holder.ix()];
        self.type_at(holder.module, &holder.ir.ty)
    }

    /// The loci that `main` is made of, with their children, each once and in order of discovery.
    fn loci(&self, main: AdtId) -> Vec<AdtId> {
        let mut found = vec![main];
        let mut next = 0;
        while let Some(locus) = found.get(next).copied() {
            next += 1;
            for part in self.below(locus, locus == main) {
                if decl(self.names.adt(part)).is_some() && !found.contains(&part) {
                    found.push(part);
                }
            }
        }
        found
    }

    /// Types that run because `locus` does: all fields of a main locus, of others only children.
    fn below(&self, locus: AdtId, is_main: bool) -> Vec<AdtId> {
        let adt = self.names.adt(locus);
        let fields = fields(adt).into_iter().map(|field| &field.ty);
        let owned: Vec<&TypeRef> =
            if is_main { fields.collect() } else { fields.filter_map(child_of_field).collect() };
        let declared =
            decl(adt).into_iter().flat_map(|decl| decl.children.iter().filter_map(|(ty, ..)| ty.as_ref()));
        owned.into_iter().chain(declared).filter_map(|ty| self.type_at(adt.module, ty)).collect()
    }

    fn methods_of(&self, locus: AdtId) -> Vec<FnId> {
        self.methods.get(&locus).cloned().unwrap_or_default()
    }

    /// What the functions of `roots` lead to, in order.
    fn reached(&self, roots: Vec<FnId>) -> Vec<FnId> {
        let (mut seen, mut open) = (vec![false; self.names.fns.len()], roots);
        let mut reached = Vec::new();
        while let Some(function) = open.pop() {
            if !std::mem::replace(&mut seen[function.ix()], true) {
                reached.push(function);
                open.extend(self.calls.callees(function));
            }
        }
        reached.sort_unstable();
        reached
    }

    /// What the functions take, in the order of the text, each with how many calls lead there.
    fn takes(&self, reached: &[FnId]) -> Vec<Taken> {
        let mut uses: BTreeMap<FnId, u64> = BTreeMap::new();
        for callee in reached.iter().flat_map(|function| self.calls.callees(*function)) {
            *uses.entry(callee).or_default() += 1;
        }
        let of = |function: &FnId| {
            let uses = uses.get(function).copied().unwrap_or_default().max(1);
            self.calls.takes(*function).into_iter().map(move |(site, what)| Taken { site, what, uses })
        };
        let mut takes: Vec<Taken> = reached.iter().flat_map(of).collect();
        takes.sort_by_key(|taken| taken.site.span);
        takes.dedup_by(|a, b| a.site == b.site && a.what == b.what);
        takes
    }

    fn growing_statics(&self, reached: &[FnId]) -> Vec<Site> {
        let grown = reached.iter().flat_map(|function| self.calls.grown_statics(*function));
        let site = |of: StaticId| {
            let value = &self.names.statics[of.ix()];
            Site { name: self.names.text(value.name).to_owned(), span: span(value.file, value.at) }
        };
        in_order(grown.map(site).collect())
    }

    fn scratch(&self, locus: AdtId) -> Sized {
        let declared = decl(self.names.adt(locus)).and_then(|decl| decl.scratch_bytes_max);
        Sized { site: self.site(locus), max: declared.unwrap_or(SCRATCH_BYTES_DEFAULT) }
    }

    /// Topics that the loci declare to publish and receive, and those they handle.
    fn topics(&self, loci: &[AdtId]) -> Vec<Sized> {
        let mut found: BTreeMap<AdtId, Sized> = BTreeMap::new();
        for locus in loci {
            let adt = self.names.adt(*locus);
            let declared = decl(adt)
                .into_iter()
                .flat_map(|decl| decl.publishes.iter().chain(decl.receives.iter().map(|one| &one.topic)));
            let handled = self.methods_of(*locus).into_iter().filter_map(|method| self.handled(method));
            let declared = declared.filter_map(|ty| self.type_at(adt.module, ty));
            for topic in declared.chain(handled) {
                let max = self.bound(topic);
                found.entry(topic).or_insert_with(|| Sized { site: self.site(topic), max });
            }
        }
        let mut topics: Vec<Sized> = found.into_values().collect();
        topics.sort_by_key(|topic| topic.site.span);
        topics
    }

    fn bound(&self, topic: AdtId) -> u64 {
        match self.names.adt(topic).locus {
            Some(LocusItem::Topic(topic)) => topic.bounded.unwrap_or(TOPIC_BOUND_DEFAULT),
            _ => TOPIC_BOUND_DEFAULT,
        }
    }

    /// The kinds of children that `locus` declares, with their ceilings.
    fn children(&self, locus: AdtId) -> Vec<Sized> {
        let adt = self.names.adt(locus);
        let declared = decl(adt).into_iter().flat_map(|decl| &decl.children);
        let sized = declared.filter_map(|(ty, _, max)| {
            let child = ty.as_ref().and_then(|ty| self.type_at(adt.module, ty));
            let name = child.map_or("any", |child| self.names.text(self.names.adt(child).name));
            let parent = self.site(locus);
            let site = Site { name: format!("{name} of {}", parent.name), span: parent.span };
            Some(Sized { site, max: (*max)? })
        });
        sized.collect()
    }

    fn is_timer(&self, method: FnId) -> bool {
        let role = self.names.function(method).sig.and_then(|sig| sig.role.as_deref());
        matches!(role, Some(MethodRole::Every))
    }

    fn function_site(&self, of: FnId) -> Site {
        let function = self.names.function(of);
        Site { name: self.names.text(function.name).to_owned(), span: span(function.file, function.at) }
    }

    /// The topic that `method` handles.
    fn handled(&self, method: FnId) -> Option<AdtId> {
        let function = self.names.function(method);
        let sig = function.sig?;
        match sig.role.as_deref() {
            Some(MethodRole::On(_)) => self.type_at(function.module, message(sig.params.get(1)?)),
            _ => None,
        }
    }

    fn part(&self, main: AdtId, field: &FieldIr) -> Part {
        let adt = self.names.adt(main);
        let place = match &field.place {
            None => Place::Unplaced,
            Some(place) if place.pinned => Place::Pinned { replicas: place.replicas },
            Some(place) => match &place.pool {
                Some(pool) => Place::Pool(pool.to_string()),
                None => Place::Unplaced,
            },
        };
        let locus = self.type_at(adt.module, &field.ty).map(|locus| self.names.adt(locus).name);
        let written = match &field.ty {
            TypeRef::Path(path) => path.last(),
            _ => Sym::NONE,
        };
        Part {
            name: self.names.text(field.name).to_owned(),
            locus: self.names.text(locus.unwrap_or(written)).to_owned(),
            place,
            span: span(adt.file, field.at),
        }
    }

    fn site(&self, of: AdtId) -> Site {
        let adt = self.names.adt(of);
        Site { name: self.names.text(adt.name).to_owned(), span: span(adt.file, adt.at) }
    }

    fn module(&self, of: AdtId) -> ModId {
        self.names.adt(of).module
    }

    fn type_at(&self, module: ModId, ty: &TypeRef) -> Option<AdtId> {
        type_at(self.names, module, ty)
    }
}

/// What the runtime calls in each `#[locus] impl`.
pub(crate) fn locus_methods(names: &Names<'_>) -> BTreeMap<AdtId, Vec<FnId>> {
    let mut methods: BTreeMap<AdtId, Vec<FnId>> = BTreeMap::new();
    for holder in names.impls.iter().filter(|holder| holder.ir.locus) {
        let Some(locus) = type_at(names, holder.module, &holder.ir.ty) else { continue };
        let called = holder.fns.iter().copied().filter(|method| is_called(names, *method));
        methods.entry(locus).or_default().extend(called);
    }
    methods
}

fn is_called(names: &Names<'_>, method: FnId) -> bool {
    let function = names.function(method);
    let has_role = function.sig.is_some_and(|sig| sig.role.is_some());
    has_role || HOOKS.contains(&names.text(function.name))
}

fn type_at(names: &Names<'_>, module: ModId, ty: &TypeRef) -> Option<AdtId> {
    let TypeRef::Path(path) = ty else { return None };
    match names.resolve(module, path, true)?.def {
        Def::Adt(adt) => Some(adt),
        Def::Alias(alias) => {
            let alias = &names.aliases[alias.ix()];
            // One step: an alias of an alias is rare, and a cycle of them must not hang.
            match alias.ty {
                TypeRef::Path(path) => match names.resolve(alias.module, path, true)?.def {
                    Def::Adt(adt) => Some(adt),
                    _ => None,
                },
                _ => None,
            }
        }
        _ => None,
    }
}

fn decl<'a>(adt: &'a Adt<'_>) -> Option<&'a LocusDecl> {
    match adt.locus {
        Some(LocusItem::Locus(decl)) => Some(decl),
        _ => None,
    }
}

fn fields<'a>(adt: &Adt<'a>) -> Vec<&'a FieldIr> {
    adt.variants.iter().flat_map(|(_, fields)| fields.iter()).collect()
}

/// `T` of a field `Child<T>`.
fn child_of_field(ty: &TypeRef) -> Option<&TypeRef> {
    match ty {
        TypeRef::Path(path) if path.last() == Sym::new("Child") => path.args.first(),
        _ => None,
    }
}

/// `T` of a handler's `&T` or `Batch<'_, T>`.
fn message(ty: &TypeRef) -> &TypeRef {
    match ty {
        TypeRef::Ref(to, _) => to,
        TypeRef::Path(path) if path.last() == Sym::new("Batch") => path.args.first().unwrap_or(ty),
        _ => ty,
    }
}

fn span(file: FileId, at: Range) -> Span {
    Span { file, start: at.start, end: at.end }
}

fn in_order(mut sites: Vec<Site>) -> Vec<Site> {
    sites.sort_by_key(|site| site.span);
    sites.dedup();
    sites
}

#[cfg(test)]
mod tests;
