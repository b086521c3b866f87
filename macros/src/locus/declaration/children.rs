//! `children(..)`: which children a locus may have, as the runtime's traits say it.

use super::Declared;
use crate::locus::expand::with_static;
use crate::output::{local, private};
use crate::topic::count;
use locus_syntax::{ChildKind, ChildrenAttr, Count, Errors, Problem, Setting};
use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::Type;
use syn::spanned::Spanned;

/// What `children(..)` says, checked.
#[derive(Default)]
pub(super) struct Children<'m> {
    /// One child type each.
    named: Vec<(&'m Type, ChildKind, &'m Count)>,
    /// The short form: the children that have a `release` hook.
    short: Option<(Span, &'m Count)>,
}

impl<'m> Children<'m> {
    /// Reads the lists; what stands twice is reported and left out.
    pub(super) fn new(attrs: &'m [ChildrenAttr], errors: &mut Errors) -> Self {
        let mut children = Self::default();
        for attr in attrs {
            let Some(Setting { value: max, .. }) = &attr.max else { continue };
            match &attr.child {
                Some((ty, kind)) => children.add_named(ty, kind.value, max, errors),
                None => children.add_short(attr.key_span, max, errors),
            }
        }
        if let (Some((span, _)), false) = (children.short, children.named.is_empty()) {
            errors.push(
                Problem::new(span, "a list without a child type stands alone").help(
                    "it takes its child types from the `release` hooks: name them all, `children(Conn = flow, max = N)`",
                ),
            );
            children.short = None;
        }
        children
    }

    fn add_named(&mut self, ty: &'m Type, kind: ChildKind, max: &'m Count, errors: &mut Errors) {
        let text = ty.to_token_stream().to_string();
        if self.named.iter().any(|(known, ..)| known.to_token_stream().to_string() == text) {
            errors.push(
                Problem::over(ty, format!("`{text}` stands twice in `children`")).help("keep one of them"),
            );
            return;
        }
        self.named.push((ty, kind, max));
    }

    fn add_short(&mut self, span: Span, max: &'m Count, errors: &mut Errors) {
        if self.short.is_some() {
            errors.push(Problem::new(span, "`children(max = N)` stands twice").help("keep one of them"));
            return;
        }
        self.short = Some((span, max));
    }

    /// The impls for each child type, or the one of the short form.
    pub(super) fn impls(&self, declared: &Declared<'_>) -> TokenStream {
        let generics = with_static(&declared.item.generics);
        let (impl_generics, _, where_clause) = generics.split_for_impl();
        let (cfgs, ty) = (&declared.cfgs, declared.ty());
        let named = self.named.iter().map(|(child, kind, max)| {
            let private = private(child.span());
            let kind = match kind {
                ChildKind::Flow => quote!(#private::ChildKind::Flow),
                ChildKind::Resident => quote!(#private::ChildKind::Resident),
            };
            let max = count(max);
            quote_spanned! {child.span()=>
                #(#cfgs)*
                #[automatically_derived]
                impl #impl_generics #private::ChildOf<#ty> for #child #where_clause {
                    const KIND: #private::ChildKind = #kind;
                    const MAX: ::core::primitive::u32 = #max;
                }
            }
        });
        let short = self.short.map(|(span, max)| {
            let (private, max) = (private(span), count(max));
            quote_spanned! {span=>
                #(#cfgs)*
                #[automatically_derived]
                impl #impl_generics #private::ChildrenMax for #ty #where_clause {
                    const MAX: ::core::primitive::u32 = #max;
                }
            }
        });
        quote!(#(#named)* #short)
    }

    /// What the description lists.
    pub(super) fn listed(&self) -> TokenStream {
        let d = local("__d", Span::call_site());
        let named = self.named.iter().map(|(child, ..)| quote_spanned!(child.span()=> #d.child::<#child>();));
        quote!(#(#named)*)
    }
}
