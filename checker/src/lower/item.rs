//! Items: modules, uses, types, traits, impls, functions, statics.

use super::Lower;
use super::attr::{LocusItem, begins, is_route};
use super::expr::BodyLower;
use super::ir::{
    EnumIr, FieldIr, FnIr, ImplIr, Item, ItemKind, Range, Receiver, StructIr, TraitIr, TypeRef, UseLeaf,
    ValueIr, Vis,
};
use super::sym::Sym;
use syn::spanned::Spanned;
use syn::{Attribute, Fields, FnArg, UseTree, Visibility};

impl Lower<'_> {
    pub(crate) fn items(&mut self, items: &[syn::Item]) -> Vec<Item> {
        let mut lowered = Vec::with_capacity(items.len());
        for item in items {
            self.item(item, &mut lowered);
        }
        lowered
    }

    pub(crate) fn item(&mut self, item: &syn::Item, out: &mut Vec<Item>) {
        let attrs = attrs_of(item);
        if !self.cfg.is_on(attrs) || (!self.cfg.test && is_of_tests(item)) {
            return;
        }
        self.allows(attrs, item);
        let lowered = match item {
            syn::Item::Mod(of) => self.module(of),
            syn::Item::Use(of) => self.use_item(of),
            syn::Item::ExternCrate(of) => self.extern_crate(of),
            syn::Item::Struct(of) => self.structure(of),
            syn::Item::Union(of) => self.union(of),
            syn::Item::Enum(of) => self.enumeration(of),
            syn::Item::Trait(of) => self.trait_item(of),
            syn::Item::Type(of) => {
                let kind = ItemKind::Alias(self.generics(&of.generics), self.ty(&of.ty));
                self.named(&of.ident, &of.vis, kind)
            }
            syn::Item::Impl(of) => self.impl_item(of),
            syn::Item::Fn(of) => {
                let kind = self.function((&of.attrs, false), &of.sig, Some(&of.block));
                let mut lowered = self.named(&of.sig.ident, &of.vis, kind);
                lowered.all = self.at(of.sig.fn_token.span).to(self.at(of.block.brace_token.span.close()));
                lowered
            }
            syn::Item::Static(of) => {
                let value = self.value(&of.ty, Some(&of.expr));
                self.named(&of.ident, &of.vis, ItemKind::Static(value))
            }
            syn::Item::Const(of) => {
                let value = self.value(&of.ty, Some(&of.expr));
                self.named(&of.ident, &of.vis, ItemKind::Const(value))
            }
            syn::Item::Macro(of) => return self.item_macro(of, out),
            _ => return,
        };
        out.push(lowered);
    }

    pub(crate) fn named(&mut self, ident: &proc_macro2::Ident, vis: &Visibility, kind: ItemKind) -> Item {
        let at = self.at(ident.span());
        Item { name: self.sym(ident), at, all: at, vis: visibility(vis), kind }
    }

    fn module(&mut self, of: &syn::ItemMod) -> Item {
        let items = of.content.as_ref().map(|(_, items)| self.items(items));
        let path = of.attrs.iter().find_map(path_attribute);
        self.named(&of.ident, &of.vis, ItemKind::Mod { items, path })
    }

    fn use_item(&mut self, of: &syn::ItemUse) -> Item {
        let mut leaves = Vec::new();
        let absolute = of.leading_colon.is_some();
        self.use_tree(&of.tree, &mut Vec::new(), absolute, &mut leaves);
        let at = self.at(of.use_token.span);
        Item { name: Sym::NONE, at, all: at, vis: visibility(&of.vis), kind: ItemKind::Use(leaves) }
    }

    fn use_tree(&mut self, tree: &UseTree, path: &mut Vec<Sym>, absolute: bool, out: &mut Vec<UseLeaf>) {
        let leaf = |path: &[Sym], alias, glob| UseLeaf { path: path.into(), alias, glob, absolute };
        match tree {
            UseTree::Path(step) => {
                path.push(self.sym(&step.ident));
                self.use_tree(&step.tree, path, absolute, out);
                path.pop();
            }
            UseTree::Name(name) => {
                let last = self.sym(&name.ident);
                if last == Sym::new("self") {
                    out.push(leaf(path, path.last().copied().unwrap_or(last), false));
                    return;
                }
                path.push(last);
                out.push(leaf(path, last, false));
                path.pop();
            }
            UseTree::Rename(rename) => {
                let (last, alias) = (self.sym(&rename.ident), self.sym(&rename.rename));
                let alias = if rename.rename == "_" { Sym::NONE } else { alias };
                let own = last == Sym::new("self");
                if !own {
                    path.push(last);
                }
                out.push(leaf(path, alias, false));
                if !own {
                    path.pop();
                }
            }
            UseTree::Glob(_) => out.push(leaf(path, Sym::NONE, true)),
            UseTree::Group(group) => {
                for tree in &group.items {
                    self.use_tree(tree, path, absolute, out);
                }
            }
        }
    }

    fn extern_crate(&mut self, of: &syn::ItemExternCrate) -> Item {
        let name = self.sym(&of.ident);
        let alias = of.rename.as_ref().map_or(name, |(_, rename)| self.sym(rename));
        let leaf = UseLeaf { path: Box::new([name]), alias, glob: false, absolute: true };
        let at = self.at(of.ident.span());
        Item { name: Sym::NONE, at, all: at, vis: visibility(&of.vis), kind: ItemKind::Use(vec![leaf]) }
    }

    fn structure(&mut self, of: &syn::ItemStruct) -> Item {
        let mut locus = self.locus_item(&of.attrs);
        if let Some(LocusItem::Topic(topic)) = locus.as_deref_mut() {
            topic.array_bytes = of.fields.iter().map(|field| array_bytes(&field.ty)).sum();
        }
        let main = matches!(locus.as_deref(), Some(LocusItem::Locus(decl)) if decl.main);
        let (generics, fields) = (self.generics(&of.generics), self.fields(&of.fields, main));
        let is_wrapper = fields.len() == 1 && derives(&of.attrs, &["Deref"]);
        let kind = StructIr { generics, fields, locus, is_read: is_read(&of.attrs), is_wrapper };
        self.named(&of.ident, &of.vis, ItemKind::Struct(Box::new(kind)))
    }

    fn union(&mut self, of: &syn::ItemUnion) -> Item {
        let fields = self.fields(&Fields::Named(of.fields.clone()), false);
        let (generics, locus) = (self.generics(&of.generics), None);
        let kind = StructIr { generics, fields, locus, is_read: false, is_wrapper: false };
        self.named(&of.ident, &of.vis, ItemKind::Struct(Box::new(kind)))
    }

    fn enumeration(&mut self, of: &syn::ItemEnum) -> Item {
        let mut variants = Vec::with_capacity(of.variants.len());
        for variant in &of.variants {
            if self.cfg.is_on(&variant.attrs) {
                let name = self.sym(&variant.ident);
                let fields = self.fields(&variant.fields, false);
                variants.push((name, fields));
            }
        }
        let locus = self.locus_item(&of.attrs);
        let generics = self.generics(&of.generics);
        let is_plain = is_plain(&of.attrs) && of.variants.iter().all(|variant| is_plain(&variant.attrs));
        let kind = EnumIr { generics, variants, locus, is_read: is_read(&of.attrs), is_plain };
        self.named(&of.ident, &of.vis, ItemKind::Enum(Box::new(kind)))
    }

    fn fields(&mut self, fields: &Fields, main: bool) -> Vec<FieldIr> {
        let mut lowered = Vec::with_capacity(fields.len());
        for (index, field) in fields.iter().enumerate() {
            if !self.cfg.is_on(&field.attrs) {
                continue;
            }
            self.allows(&field.attrs, field);
            self.names_in_attrs(&field.attrs);
            let name = match &field.ident {
                Some(ident) => self.sym(ident),
                None => self.ir.texts.intern(&index.to_string()),
            };
            let at = self.at(field.ident.as_ref().map_or_else(|| field.ty.span(), proc_macro2::Ident::span));
            let place = if main { self.place(&field.attrs) } else { None };
            lowered.push(FieldIr { name, at, ty: self.ty(&field.ty), place });
        }
        lowered
    }

    fn trait_item(&mut self, of: &syn::ItemTrait) -> Item {
        let mut items = Vec::with_capacity(of.items.len());
        for item in &of.items {
            match item {
                syn::TraitItem::Fn(of) if self.cfg.is_on(&of.attrs) => {
                    let kind = self.function((&of.attrs, false), &of.sig, of.default.as_ref());
                    items.push(self.named(&of.sig.ident, &public(), kind));
                }
                syn::TraitItem::Type(of) => {
                    let ty = of.default.as_ref().map_or(TypeRef::Infer, |(_, ty)| self.ty(ty));
                    let kind = ItemKind::Alias(self.generics(&of.generics), ty);
                    items.push(self.named(&of.ident, &public(), kind));
                }
                syn::TraitItem::Const(of) => {
                    let value = self.value(&of.ty, of.default.as_ref().map(|(_, init)| init));
                    items.push(self.named(&of.ident, &public(), ItemKind::Const(value)));
                }
                _ => {}
            }
        }
        let (generics, supers) = (self.generics(&of.generics), self.supers(&of.supertraits));
        self.named(&of.ident, &of.vis, ItemKind::Trait(Box::new(TraitIr { generics, supers, items })))
    }

    fn impl_item(&mut self, of: &syn::ItemImpl) -> Item {
        let locus = self.is_locus_impl(&of.attrs);
        let mut items = Vec::with_capacity(of.items.len());
        for item in &of.items {
            match item {
                syn::ImplItem::Fn(method) if self.cfg.is_on(&method.attrs) => {
                    self.allows(&method.attrs, method);
                    let kind = self.function((&method.attrs, locus), &method.sig, Some(&method.block));
                    let mut lowered = self.named(&method.sig.ident, &method.vis, kind);
                    let close = method.block.brace_token.span.close();
                    lowered.all = self.at(method.sig.fn_token.span).to(self.at(close));
                    items.push(lowered);
                }
                syn::ImplItem::Type(of) if self.cfg.is_on(&of.attrs) => {
                    let kind = ItemKind::Alias(self.generics(&of.generics), self.ty(&of.ty));
                    items.push(self.named(&of.ident, &of.vis, kind));
                }
                syn::ImplItem::Const(of) if self.cfg.is_on(&of.attrs) => {
                    let value = self.value(&of.ty, Some(&of.expr));
                    items.push(self.named(&of.ident, &of.vis, ItemKind::Const(value)));
                }
                _ => {}
            }
        }
        let at = self.at(of.impl_token.span);
        let all = at.to(self.at(of.brace_token.span.close()));
        let generics = self.generics(&of.generics);
        let of_trait = of.trait_.as_ref().and_then(|(not, path, _)| not.is_none().then(|| self.path(path)));
        let lowered = ImplIr { generics, of: of_trait, ty: self.ty(&of.self_ty), items, locus };
        Item { name: Sym::NONE, at, all, vis: Vis::Private, kind: ItemKind::Impl(Box::new(lowered)) }
    }

    fn function(
        &mut self,
        (attrs, in_locus): (&[Attribute], bool),
        sig: &syn::Signature,
        block: Option<&syn::Block>,
    ) -> ItemKind {
        let role = if in_locus { self.method_role(attrs) } else { None };
        let (memoised, is_route) = (self.memoised(attrs), attrs.iter().any(is_route));
        let begins = attrs.iter().any(begins);
        let generics = self.generics(&sig.generics);
        let (mut params, mut receiver) = (Vec::with_capacity(sig.inputs.len()), Receiver::None);
        for input in &sig.inputs {
            match input {
                FnArg::Receiver(own) => {
                    receiver = match (&own.reference, own.mutability) {
                        (Some(_), Some(_)) => Receiver::Mut,
                        (Some(_), None) => Receiver::Ref,
                        (None, _) => Receiver::Value,
                    };
                    params.push(self.ty(&own.ty));
                }
                FnArg::Typed(typed) => params.push(self.ty(&typed.ty)),
            }
        }
        let ret = self.ret(&sig.output);
        let body = block.map(|block| BodyLower::function(self, sig, block));
        let is_async = sig.asyncness.is_some();
        let gives_static = gives_static(&sig.output);
        ItemKind::Fn(Box::new(FnIr {
            generics,
            params,
            receiver,
            ret,
            gives_static,
            is_async,
            role,
            is_route,
            begins,
            memoised,
            body,
        }))
    }

    pub(crate) fn value(&mut self, ty: &syn::Type, init: Option<&syn::Expr>) -> Box<ValueIr> {
        let init = init.map(|init| BodyLower::value(self, init));
        if init.is_some() {
            self.names_in_value();
        }
        Box::new(ValueIr { ty: self.ty(ty), init, thread_local: false })
    }

    pub(crate) fn join(&self, spanned: &impl Spanned) -> Range {
        self.at(spanned.span())
    }
}

/// `-> Option<&'static T>`
fn gives_static(output: &syn::ReturnType) -> bool {
    let syn::ReturnType::Type(_, ty) = output else { return false };
    let syn::Type::Path(path) = &**ty else { return false };
    let Some(last) = path.path.segments.last().filter(|last| last.ident == "Option") else { return false };
    let syn::PathArguments::AngleBracketed(args) = &last.arguments else { return false };
    let is_static = |of: &syn::TypeReference| of.lifetime.as_ref().is_some_and(|of| of.ident == "static");
    matches!(args.args.first(), Some(syn::GenericArgument::Type(syn::Type::Reference(of))) if is_static(of))
}

fn visibility(vis: &Visibility) -> Vis {
    match vis {
        Visibility::Public(_) => Vis::Public,
        Visibility::Restricted(_) => Vis::Restricted,
        Visibility::Inherited => Vis::Private,
    }
}

fn public() -> Visibility {
    Visibility::Public(syn::Token![pub](proc_macro2::Span::call_site()))
}

fn path_attribute(attr: &Attribute) -> Option<Box<str>> {
    let syn::Meta::NameValue(pair) = &attr.meta else { return None };
    let syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. }) = &pair.value else { return None };
    pair.path.is_ident("path").then(|| text.value().into())
}

fn attrs_of(item: &syn::Item) -> &[Attribute] {
    match item {
        syn::Item::Const(of) => &of.attrs,
        syn::Item::Enum(of) => &of.attrs,
        syn::Item::ExternCrate(of) => &of.attrs,
        syn::Item::Fn(of) => &of.attrs,
        syn::Item::Impl(of) => &of.attrs,
        syn::Item::Macro(of) => &of.attrs,
        syn::Item::Mod(of) => &of.attrs,
        syn::Item::Static(of) => &of.attrs,
        syn::Item::Struct(of) => &of.attrs,
        syn::Item::Trait(of) => &of.attrs,
        syn::Item::Type(of) => &of.attrs,
        syn::Item::Union(of) => &of.attrs,
        syn::Item::Use(of) => &of.attrs,
        _ => &[],
    }
}

/// A module in the text that is called `tests`, where its `cfg` was forgotten.
fn is_of_tests(item: &syn::Item) -> bool {
    matches!(item, syn::Item::Mod(of) if of.content.is_some() && of.ident == "tests")
}

/// Whether a derive makes values out of what comes from outside: bytes, text, rows.
fn is_read(attrs: &[Attribute]) -> bool {
    const READS: [&str; 9] = [
        "Deserialize",
        "DeserializeOwned",
        "Decode",
        "FromRow",
        "Queryable",
        "Message",
        "FromBytes",
        "BorshDeserialize",
        "FromForm",
    ];
    derives(attrs, &READS)
}

/// Whether attributes only add methods that look at a value: what a derive that is not known does, nobody knows.
fn is_plain(attrs: &[Attribute]) -> bool {
    const ATTRIBUTES: [&str; 9] =
        ["doc", "derive", "allow", "expect", "non_exhaustive", "must_use", "cfg", "serde", "strum"];
    const DERIVES: [&str; 12] = [
        "Debug",
        "Clone",
        "Copy",
        "PartialEq",
        "Eq",
        "PartialOrd",
        "Ord",
        "Hash",
        "Display",
        "Serialize",
        "AsRefStr",
        "IntoStaticStr",
    ];
    let is_known = |attr: &Attribute| ATTRIBUTES.iter().any(|name| attr.path().is_ident(name));
    let mut known = attrs.iter().all(is_known);
    for attr in attrs.iter().filter(|attr| attr.path().is_ident("derive")) {
        let parsed = attr.parse_nested_meta(|meta| {
            let last = meta.path.segments.last();
            known &= last.is_some_and(|last| DERIVES.iter().any(|name| last.ident == name));
            Ok(())
        });
        known &= parsed.is_ok();
    }
    known
}

/// Whether a derive of one of those names stands there.
fn derives(attrs: &[Attribute], names: &[&str]) -> bool {
    let all = attrs.iter().filter(|attr| attr.path().is_ident("derive"));
    let mut found = false;
    for attr in all {
        let _ = attr.parse_nested_meta(|meta| {
            let last = meta.path.segments.last();
            found |= last.is_some_and(|last| names.iter().any(|name| last.ident == name));
            Ok(())
        });
    }
    found
}

/// Bytes of arrays of plain numbers; 0 for what has no length that can be read off.
fn array_bytes(ty: &syn::Type) -> u64 {
    let syn::Type::Array(array) = ty else { return 0 };
    let syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Int(length), .. }) = &array.len else { return 0 };
    let each = match &*array.elem {
        syn::Type::Path(path) => path.path.get_ident().map_or(0, |name| match name.to_string().as_str() {
            "u8" | "i8" | "bool" => 1,
            "u16" | "i16" => 2,
            "u32" | "i32" | "f32" | "char" => 4,
            "u64" | "i64" | "f64" | "usize" | "isize" => 8,
            "u128" | "i128" => 16,
            _ => 0,
        }),
        inner => array_bytes(inner),
    };
    length.base10_parse::<u64>().unwrap_or_default().saturating_mul(each)
}
