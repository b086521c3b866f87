//! `#[locus::allow(..)]` and its kin as attribute macros: they check their arguments and leave the item be.
//!
//! The checker reads them from the source; for the compiler they mean nothing.

use crate::output;
use locus_syntax::{Errors, Site, read_one};
use proc_macro2::{Ident, Span, TokenStream};
use syn::parse_quote;

/// The item as it came, and what is wrong with the attribute `name`.
pub(crate) fn expand(name: &str, args: TokenStream, item: TokenStream) -> TokenStream {
    let mut errors = Errors::new();
    let ident = Ident::new(name, Span::call_site());
    let attr: syn::Attribute = match args.is_empty() {
        true => parse_quote!(#[locus::#ident]),
        false => parse_quote!(#[locus::#ident(#args)]),
    };
    read_one(&attr, Site::Elsewhere, &mut errors);
    output::with_errors(item, errors)
}
