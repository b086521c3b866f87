//! `#[locus]`: tells a struct, an impl and the main struct apart, and expands each.

mod composition;
mod declaration;
mod expand;
mod hollow;
mod methods;
mod signature;

use crate::output;
use locus_syntax::{Errors, LocusAttr, Problem};
use proc_macro2::{Span, TokenStream, TokenTree};
use syn::{ItemImpl, ItemStruct};

/// The item, what it implements, and what is wrong with it.
pub(crate) fn expand(args: TokenStream, item: TokenStream) -> TokenStream {
    let mut errors = Errors::new();
    let attr = LocusAttr::parse(Span::call_site(), args.clone(), &mut errors);
    let expanded = match keyword(&item).as_deref() {
        Some("impl") => on_impl(&args, item.clone(), &mut errors),
        Some("struct") => on_struct(&attr, item.clone(), &mut errors),
        _ => {
            errors.push(
                Problem::new(Span::call_site(), "`#[locus]` belongs on a struct or on its impl")
                    .help("a locus is a struct with state; put an enum into a field of one"),
            );
            None
        }
    };
    output::with_errors(expanded.unwrap_or_else(|| output::strip_tokens(item)), errors)
}

fn on_struct(attr: &LocusAttr, item: TokenStream, errors: &mut Errors) -> Option<TokenStream> {
    let item = errors.take(syn::parse2::<ItemStruct>(item))?;
    match &attr.main {
        Some(_) => composition::expand(attr, item, errors),
        None => declaration::expand(attr, item, errors),
    }
}

fn on_impl(args: &TokenStream, item: TokenStream, errors: &mut Errors) -> Option<TokenStream> {
    if !args.is_empty() {
        errors.push(
            Problem::over(args, "`#[locus]` takes no arguments on an impl")
                .help("write them where the struct is declared"),
        );
    }
    let hollow = hollow::hollow(item);
    let item = errors.take(syn::parse2::<ItemImpl>(hollow.tokens))?;
    if let Some((_, of, _)) = &item.trait_ {
        errors
            .push(Problem::over(of, "`#[locus]` belongs on the impl of the struct itself").help(
                "handlers are methods of the locus, not of a trait: write `#[locus] impl Room { .. }`",
            ));
        return None;
    }
    let model = methods::Model::new(item, errors);
    Some(expand::locus(&model, &hollow.bodies))
}

/// The word that says what kind of item this is; attributes and visibility come before it.
fn keyword(item: &TokenStream) -> Option<String> {
    item.clone().into_iter().find_map(|tree| match tree {
        TokenTree::Ident(ident) => {
            let word = ident.to_string();
            (!matches!(word.as_str(), "pub" | "unsafe" | "default" | "crate")).then_some(word)
        }
        _ => None,
    })
}
