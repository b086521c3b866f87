//! Types, paths and generics as written.

use super::Lower;
use super::ir::{Generics, PathRef, TypeRef};
use super::sym::Sym;
use syn::{GenericArgument, PathArguments, ReturnType, Type, TypeParamBound, WherePredicate};

/// Deepest nesting of types that is kept.
const TYPE_DEPTH_MAX: u32 = 40;

impl Lower<'_> {
    pub(crate) fn ty(&mut self, ty: &Type) -> TypeRef {
        self.ty_at(ty, 0)
    }

    fn ty_at(&mut self, ty: &Type, depth: u32) -> TypeRef {
        if depth > TYPE_DEPTH_MAX {
            return TypeRef::Infer;
        }
        let next = depth + 1;
        match ty {
            Type::Paren(inner) => self.ty_at(&inner.elem, next),
            Type::Group(inner) => self.ty_at(&inner.elem, next),
            Type::Reference(to) => {
                TypeRef::Ref(Box::new(self.ty_at(&to.elem, next)), to.mutability.is_some())
            }
            Type::Ptr(to) => TypeRef::Ref(Box::new(self.ty_at(&to.elem, next)), to.mutability.is_some()),
            Type::Tuple(tuple) => {
                TypeRef::Tuple(tuple.elems.iter().map(|elem| self.ty_at(elem, next)).collect())
            }
            Type::Slice(slice) => TypeRef::Slice(Box::new(self.ty_at(&slice.elem, next))),
            Type::Array(array) => TypeRef::Array(Box::new(self.ty_at(&array.elem, next))),
            Type::Never(_) => TypeRef::Never,
            Type::BareFn(function) => {
                let args = function.inputs.iter().map(|arg| self.ty_at(&arg.ty, next)).collect();
                TypeRef::Fn(args, Box::new(self.ret_at(&function.output, next)))
            }
            Type::ImplTrait(bounds) => self.bounds(&bounds.bounds, next),
            Type::TraitObject(bounds) => self.bounds(&bounds.bounds, next),
            Type::Path(path) => self.ty_path(path.qself.as_ref(), &path.path, next),
            _ => TypeRef::Infer,
        }
    }

    fn ty_path(&mut self, qself: Option<&syn::QSelf>, path: &syn::Path, depth: u32) -> TypeRef {
        let Some(qself) = qself else {
            return match self.closure_bound(path, depth) {
                Some(function) => function,
                None => TypeRef::Path(Box::new(self.path_at(path, depth))),
            };
        };
        let own = self.ty_at(&qself.ty, depth);
        let name = path.segments.last().map_or(Sym::NONE, |last| self.sym(&last.ident));
        let mut of = self.path_at(path, depth);
        of.segments = of.segments.iter().copied().take(qself.position).collect();
        TypeRef::Projection(Box::new(own), Box::new(of), name)
    }

    /// `Fn(A) -> B` and its kin.
    fn closure_bound(&mut self, path: &syn::Path, depth: u32) -> Option<TypeRef> {
        let last = path.segments.last()?;
        let PathArguments::Parenthesized(function) = &last.arguments else { return None };
        let args = function.inputs.iter().map(|arg| self.ty_at(arg, depth)).collect();
        Some(TypeRef::Fn(args, Box::new(self.ret_at(&function.output, depth))))
    }

    fn bounds<'s>(&mut self, bounds: impl IntoIterator<Item = &'s TypeParamBound>, depth: u32) -> TypeRef {
        let mut all: Vec<TypeRef> = bounds.into_iter().filter_map(|bound| self.bound(bound, depth)).collect();
        match all.iter().position(|bound| matches!(bound, TypeRef::Fn(..))) {
            Some(function) => all.swap_remove(function),
            None => TypeRef::Bounds(all.into()),
        }
    }

    fn bound(&mut self, bound: &TypeParamBound, depth: u32) -> Option<TypeRef> {
        match bound {
            TypeParamBound::Trait(of) if matches!(of.modifier, syn::TraitBoundModifier::None) => {
                Some(self.ty_path(None, &of.path, depth))
            }
            _ => None,
        }
    }

    pub(crate) fn ret(&mut self, output: &ReturnType) -> TypeRef {
        self.ret_at(output, 0)
    }

    fn ret_at(&mut self, output: &ReturnType, depth: u32) -> TypeRef {
        match output {
            ReturnType::Default => TypeRef::unit(),
            ReturnType::Type(_, ty) => self.ty_at(ty, depth),
        }
    }

    pub(crate) fn path(&mut self, path: &syn::Path) -> PathRef {
        self.path_at(path, 0)
    }

    pub(crate) fn qualified(&mut self, qself: Option<&syn::QSelf>, path: &syn::Path) -> PathRef {
        let mut lowered = self.path_at(path, 0);
        if let Some(qself) = qself {
            lowered.qself = Some(Box::new(self.ty_at(&qself.ty, 0)));
            // `<T as Trait>::name` and `<T>::name` alike are looked up on the type.
            lowered.segments = lowered.segments.iter().copied().skip(qself.position).collect();
            lowered.args_at = lowered.args_at.saturating_sub(u32::try_from(qself.position).unwrap_or(0));
        }
        lowered
    }

    fn path_at(&mut self, path: &syn::Path, depth: u32) -> PathRef {
        let mut lowered = PathRef { absolute: path.leading_colon.is_some(), ..PathRef::default() };
        let mut segments = Vec::with_capacity(path.segments.len());
        for (at, segment) in path.segments.iter().enumerate() {
            segments.push(self.sym(&segment.ident));
            if let PathArguments::AngleBracketed(list) = &segment.arguments {
                lowered.args_at = u32::try_from(at).unwrap_or(0);
                (lowered.args, lowered.assoc) = self.generic_args(list, depth);
            }
        }
        lowered.segments = segments.into();
        lowered
    }

    #[expect(clippy::type_complexity, reason = "the two lists of a PathRef")]
    fn generic_args(
        &mut self,
        list: &syn::AngleBracketedGenericArguments,
        depth: u32,
    ) -> (Box<[TypeRef]>, Box<[(Sym, TypeRef)]>) {
        let (mut args, mut assoc) = (Vec::new(), Vec::new());
        for arg in &list.args {
            match arg {
                GenericArgument::Type(ty) => args.push(self.ty_at(ty, depth + 1)),
                // Keeps the positions of the arguments that follow.
                GenericArgument::Const(_) => args.push(TypeRef::Infer),
                GenericArgument::AssocType(pair) => {
                    let name = self.sym(&pair.ident);
                    let ty = self.ty_at(&pair.ty, depth + 1);
                    assoc.push((name, ty));
                }
                _ => {}
            }
        }
        (args.into(), assoc.into())
    }

    pub(crate) fn generics(&mut self, generics: &syn::Generics) -> Generics {
        let mut lowered = Generics::default();
        for param in &generics.params {
            match param {
                syn::GenericParam::Type(ty) => {
                    let name = self.sym(&ty.ident);
                    lowered.params.push(name);
                    let bounds: Vec<_> = ty.bounds.iter().filter_map(|bound| self.bound(bound, 0)).collect();
                    if !bounds.is_empty() {
                        lowered.bounds.push((named(name), bounds));
                    }
                }
                syn::GenericParam::Const(constant) => {
                    let name = self.sym(&constant.ident);
                    lowered.params.push(name);
                }
                syn::GenericParam::Lifetime(_) => lowered.borrows = true,
            }
        }
        for predicate in generics.where_clause.iter().flat_map(|clause| &clause.predicates) {
            if let WherePredicate::Type(bound) = predicate {
                let ty = self.ty(&bound.bounded_ty);
                let bounds = bound.bounds.iter().filter_map(|one| self.bound(one, 0)).collect();
                lowered.bounds.push((ty, bounds));
            }
        }
        lowered
    }

    pub(crate) fn supers(
        &mut self,
        bounds: &syn::punctuated::Punctuated<TypeParamBound, syn::Token![+]>,
    ) -> Vec<TypeRef> {
        bounds.iter().filter_map(|bound| self.bound(bound, 0)).collect()
    }
}

fn named(name: Sym) -> TypeRef {
    TypeRef::Path(Box::new(PathRef { segments: Box::new([name]), ..PathRef::default() }))
}
