//! What all expansions share: paths, `#[cfg]`s, our attributes taken off, errors put beside.

use locus_syntax::{Errors, Site, is_ours};
use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use syn::punctuated::Punctuated;
use syn::{Attribute, Meta, Token};

/// The one module of the runtime that expansions name, spanned so that an error about it shows `span`.
pub(crate) fn private(span: Span) -> TokenStream {
    quote_spanned!(span=> ::locus::__private)
}

/// A local variable of generated code: shown at `span`, invisible to the user's expressions, and the same variable
/// wherever it is shown.
pub(crate) fn local(name: &str, span: Span) -> Ident {
    Ident::new(name, span.resolved_at(Span::mixed_site()))
}

/// `item` followed by everything that is wrong with it.
pub(crate) fn with_errors(item: TokenStream, errors: Errors) -> TokenStream {
    match errors.finish() {
        Ok(()) => item,
        Err(error) => {
            let error = error.into_compile_error();
            quote!(#item #error)
        }
    }
}

/// The `#[cfg(..)]`s among `attrs`, to be copied onto what is generated from the same item.
pub(crate) fn cfgs(attrs: &[Attribute]) -> Vec<Attribute> {
    attrs.iter().filter(|attr| attr.path().is_ident("cfg")).cloned().collect()
}

/// Takes our attributes off, also out of `cfg_attr`s whose predicate is not ours to evaluate.
pub(crate) fn strip(attrs: &mut Vec<Attribute>, site: Site) {
    attrs.retain_mut(|attr| !is_ours(attr.path(), site) && keep_foreign(attr, site));
}

/// Takes ours out of a `cfg_attr`; false when nothing but its predicate is left, which would be no attribute.
fn keep_foreign(attr: &mut Attribute, site: Site) -> bool {
    if !attr.path().is_ident("cfg_attr") {
        return true;
    }
    let Ok(metas) = attr.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated) else {
        return true;
    };
    let count = metas.len();
    let kept: Punctuated<Meta, Token![,]> =
        metas.into_iter().filter(|meta| !is_ours(meta.path(), site)).collect();
    let is_empty = kept.len() < count && kept.len() == 1;
    if let Meta::List(list) = &mut attr.meta {
        list.tokens = kept.into_token_stream();
    }
    !is_empty
}

/// Takes our attributes off an item that does not parse, token by token, at any depth.
pub(crate) fn strip_tokens(tokens: TokenStream) -> TokenStream {
    let mut kept: Vec<TokenTree> = Vec::new();
    for tree in tokens {
        match tree {
            TokenTree::Group(group) if is_attribute_of_ours(&group, kept.last()) => {
                kept.pop();
            }
            TokenTree::Group(group) => {
                let mut inner = Group::new(group.delimiter(), strip_tokens(group.stream()));
                inner.set_span(group.span());
                kept.push(TokenTree::Group(inner));
            }
            other => kept.push(other),
        }
    }
    kept.into_iter().collect()
}

fn is_attribute_of_ours(group: &Group, before: Option<&TokenTree>) -> bool {
    let after_hash = matches!(before, Some(TokenTree::Punct(punct)) if punct.as_char() == '#');
    if group.delimiter() != Delimiter::Bracket || !after_hash {
        return false;
    }
    let Ok(meta) = syn::parse2::<Meta>(group.stream()) else { return false };
    [Site::Main, Site::MainField, Site::Method].into_iter().any(|site| is_ours(meta.path(), site))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_attributes_go_and_others_stay() {
        let tokens = quote! {
            #[doc = "kept"] impl Room { #[on(key = self.id)] #[inline] fn f(&mut self) { let x = [on(1)]; } }
        };
        let kept = quote! {
            #[doc = "kept"] impl Room { #[inline] fn f(&mut self) { let x = [on(1)]; } }
        };
        assert_eq!(strip_tokens(tokens).to_string(), kept.to_string());
    }

    #[test]
    fn a_cfg_attr_loses_only_what_is_ours() {
        let mut item: syn::ItemFn = syn::parse_quote! {
            #[cfg_attr(unix, inline, locus::allow(leaked_memory, reason = "x"))] fn f() {}
        };
        strip(&mut item.attrs, Site::Item);
        assert_eq!(
            item.into_token_stream().to_string(),
            quote!(
                #[cfg_attr(unix, inline)]
                fn f() {}
            )
            .to_string()
        );
    }

    #[test]
    fn a_cfg_attr_of_ours_alone_goes() {
        let mut item: syn::ItemFn = syn::parse_quote! {
            #[cfg_attr(any(), locus::allow(bus_cycle, reason = "x"))] fn f() {}
        };
        strip(&mut item.attrs, Site::Method);
        assert_eq!(
            item.into_token_stream().to_string(),
            quote!(
                fn f() {}
            )
            .to_string()
        );
    }
}
