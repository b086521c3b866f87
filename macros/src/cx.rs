//! The `cx` argument: how it is recognised, and why its lifetime gets a name.
//!
//! A value that lives in scratch and escapes makes rustc speak of the lifetime in `Cx<'_, Self>`. Anonymous,
//! it is called `'1`; renamed to `'scratch`, with the span of the user's `'_`, the message says what must
//! not escape. The renaming changes nothing else: both spellings declare one late-bound lifetime.

use proc_macro2::{Ident, Span};
use syn::visit_mut::{self, VisitMut};
use syn::{
    AngleBracketedGenericArguments, FnArg, GenericArgument, Lifetime, LifetimeParam,
    ParenthesizedGenericArguments, PathArguments, PathSegment, Signature, Type, TypeBareFn, TypeReference,
    parse_quote,
};

/// What an argument's type says about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CxForm {
    /// `&mut Cx<..>`
    Right,
    /// `Cx<..>` or `&Cx<..>`
    Wrong,
    /// Something else.
    Other,
}

/// How close a type is to `&mut Cx<'_, Self>`.
pub(crate) fn cx_form(ty: &Type) -> CxForm {
    match ungrouped(ty) {
        Type::Reference(TypeReference { elem, mutability, .. })
            if last_ident(elem).is_some_and(|name| name == "Cx") =>
        {
            if mutability.is_some() {
                CxForm::Right
            } else {
                CxForm::Wrong
            }
        }
        other if last_ident(other).is_some_and(|name| name == "Cx") => CxForm::Wrong,
        _ => CxForm::Other,
    }
}

/// The type without what a `macro_rules!` put around it when it passed it through.
pub(crate) fn ungrouped(ty: &Type) -> &Type {
    match ty {
        Type::Group(group) => ungrouped(&group.elem),
        Type::Paren(paren) => ungrouped(&paren.elem),
        other => other,
    }
}

/// The last word of a path type.
pub(crate) fn last_ident(ty: &Type) -> Option<&Ident> {
    match ungrouped(ty) {
        Type::Path(path) => path.path.segments.last().map(|segment| &segment.ident),
        _ => None,
    }
}

/// Names the anonymous lifetime of every `Cx` among the arguments; says whether there was one.
pub(crate) fn name_scratch(signature: &mut Signature) -> bool {
    let taken = |param: &LifetimeParam| param.lifetime.ident == "scratch";
    if signature.generics.lifetimes().any(taken) {
        return false;
    }
    let mut namer = Namer { first: None };
    for arg in &mut signature.inputs {
        if let FnArg::Typed(arg) = arg {
            namer.visit_type_mut(&mut arg.ty);
        }
    }
    if let Some(span) = namer.first {
        let lifetime = Lifetime::new("'scratch", span);
        signature.generics.params.insert(0, parse_quote!(#lifetime));
    }
    namer.first.is_some()
}

struct Namer {
    first: Option<Span>,
}

impl VisitMut for Namer {
    fn visit_path_segment_mut(&mut self, segment: &mut PathSegment) {
        if segment.ident == "Cx"
            && let PathArguments::AngleBracketed(arguments) = &mut segment.arguments
        {
            self.name(segment.ident.span(), arguments);
        }
        visit_mut::visit_path_segment_mut(self, segment);
    }

    // A `'_` inside a function type is that type's own: it stays anonymous.
    fn visit_type_bare_fn_mut(&mut self, _: &mut TypeBareFn) {}
    fn visit_parenthesized_generic_arguments_mut(&mut self, _: &mut ParenthesizedGenericArguments) {}
}

impl Namer {
    fn name(&mut self, cx: Span, arguments: &mut AngleBracketedGenericArguments) {
        let written =
            arguments.args.iter().position(|argument| matches!(argument, GenericArgument::Lifetime(_)));
        let span = match written.and_then(|at| arguments.args.get(at)) {
            Some(GenericArgument::Lifetime(lifetime)) if lifetime.ident == "_" => lifetime.span(),
            Some(_) => return,
            None => cx,
        };
        let named = GenericArgument::Lifetime(Lifetime::new("'scratch", span));
        match written.and_then(|at| arguments.args.get_mut(at)) {
            Some(argument) => *argument = named,
            None => arguments.args.insert(0, named),
        }
        self.first.get_or_insert(span);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use quote::{ToTokens, quote};

    fn named(signature: Signature) -> String {
        let mut signature = signature;
        name_scratch(&mut signature);
        signature.into_token_stream().to_string()
    }

    #[test]
    fn names_elided_lifetimes_only() {
        let expected = quote!(fn f<'scratch>(&mut self, cx: &mut Cx<'scratch, Self>)).to_string();
        assert_eq!(named(parse_quote!(fn f(&mut self, cx: &mut Cx<'_, Self>))), expected);
        assert_eq!(named(parse_quote!(fn f(&mut self, cx: &mut Cx<Self>))), expected);
        let chosen = quote!(fn f<'a>(&mut self, cx: &mut Cx<'a, Self>));
        assert_eq!(named(syn::parse2(chosen.clone()).unwrap()), chosen.to_string());
        let unrelated = quote!(fn f(&mut self, other: &Other<'_>));
        assert_eq!(named(syn::parse2(unrelated.clone()).unwrap()), unrelated.to_string());
        let higher = quote!(fn f(&mut self, f: impl FnOnce(&mut Cx<'_, Self>), g: fn(Cx<'_, Self>)));
        assert_eq!(named(syn::parse2(higher.clone()).unwrap()), higher.to_string());
    }

    #[test]
    fn forms() {
        assert_eq!(cx_form(&parse_quote!(&mut locus::Cx<'_, Self>)), CxForm::Right);
        assert_eq!(cx_form(&parse_quote!(&Cx<'_, Self>)), CxForm::Wrong);
        assert_eq!(cx_form(&parse_quote!(Cx<'_, Self>)), CxForm::Wrong);
        assert_eq!(cx_form(&parse_quote!(&mut Context)), CxForm::Other);
    }
}
