//! `#[topic]`: a message type and how it travels.

mod check;
mod expand;
mod model;

pub(crate) use expand::{count, on_full, optional_count};

use crate::output;
use locus_syntax::{Errors, Site, TopicAttr};
use proc_macro2::{Span, TokenStream};
use quote::ToTokens;
use syn::Item;

/// The item, its `Topic` impl, and what is wrong with it.
pub(crate) fn expand(args: TokenStream, item: TokenStream) -> TokenStream {
    let mut errors = Errors::new();
    let attr = TopicAttr::parse(Span::call_site(), args, &mut errors);
    let is_clean = errors.is_empty();
    let parsed = match syn::parse2::<Item>(item.clone()) {
        Ok(parsed) => parsed,
        Err(error) => {
            errors.push(error);
            return output::with_errors(output::strip_tokens(item), errors);
        }
    };
    let model = model::Model::new(&attr, &parsed, &mut errors);
    let mut tokens = stripped(parsed, &mut errors).into_token_stream();
    if let Some(model) = model {
        if is_clean {
            check::built(&attr, &mut errors);
        }
        tokens.extend(expand::topic(&model));
    }
    output::with_errors(tokens, errors)
}

/// The item as the compiler gets it; its other attributes of ours are checked on the way.
fn stripped(mut item: Item, errors: &mut Errors) -> Item {
    let (attrs, fields): (_, Vec<&mut syn::Field>) = match &mut item {
        Item::Struct(item) => (&mut item.attrs, item.fields.iter_mut().collect()),
        Item::Enum(item) => {
            (&mut item.attrs, item.variants.iter_mut().flat_map(|v| v.fields.iter_mut()).collect())
        }
        _ => return item,
    };
    locus_syntax::read(attrs, Site::Elsewhere, errors);
    output::strip(attrs, Site::Elsewhere);
    for field in fields {
        locus_syntax::read(&field.attrs, Site::Elsewhere, errors);
        output::strip(&mut field.attrs, Site::Elsewhere);
    }
    item
}
