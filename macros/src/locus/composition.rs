//! `#[locus(main)]`: the parts of a program and where each runs.

use crate::diag::{not_built, refuse};
use crate::output::{cfgs, local, private, strip};
use locus_syntax::snake_case;
use locus_syntax::{Attr, Errors, LocusAttr, PlaceAttr, Problem, Setting, Site, read};
use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Attribute, Field, Fields, Ident, ItemStruct, Type};

/// The struct, its list of parts, and `None` when it cannot be a main at all.
pub(super) fn expand(attr: &LocusAttr, mut item: ItemStruct, errors: &mut Errors) -> Option<TokenStream> {
    if let Some(param) = item.generics.params.first() {
        errors.push(
            Problem::over(param, "`#[locus(main)]` has no generics")
                .help("it composes one program: write the types its parts have there"),
        );
        return None;
    }
    if errors.is_empty() {
        built(attr, errors);
    }
    for found in read(&item.attrs, Site::Main, errors) {
        match found.attr {
            Attr::Bind(bind) => errors.push(not_built(bind.span, "`#[bind]`")),
            Attr::Locus(locus) => {
                errors.push(Problem::new(locus.span, "`#[locus]` stands twice").help("keep one"))
            }
            Attr::Topic(topic) => {
                errors.push(
                    Problem::new(topic.span, "a main is no message").help("declare the topic on its own"),
                );
            }
            _ => {}
        }
    }
    strip(&mut item.attrs, Site::Main);
    let parts = parts(&mut item, errors);
    let tokens = main_impl(&item, &parts);
    Some(quote!(#item #tokens))
}

fn built(attr: &LocusAttr, errors: &mut Errors) {
    refuse(attr.strategy.as_ref(), "`strategy`", errors);
    refuse(attr.panics.as_ref(), "`panics`", errors);
    let own = [
        ("restarts", attr.restarts.as_ref().map(|setting| setting.key)),
        ("within", attr.within.as_ref().map(|setting| setting.key)),
        ("scratch_bytes_max", attr.scratch_bytes_max.as_ref().map(|setting| setting.key)),
        ("memory_max", attr.memory_max.as_ref().map(|setting| setting.key)),
        ("idle", attr.idle.as_ref().map(|setting| setting.key)),
    ];
    for (name, span) in own.into_iter().filter_map(|(name, span)| span.map(|span| (name, span))) {
        errors.push(
            Problem::new(span, format!("`{name}` belongs on a part, not on main"))
                .help(format!("write `#[locus({name} = ..)]` on the struct of the part it concerns")),
        );
    }
}

/// One field of main.
struct Part {
    ident: Ident,
    ty: Type,
    cfgs: Vec<Attribute>,
    place: Option<PlaceAttr>,
}

fn parts(item: &mut ItemStruct, errors: &mut Errors) -> Vec<Part> {
    match &mut item.fields {
        Fields::Named(fields) => fields.named.iter_mut().filter_map(|field| part(field, errors)).collect(),
        Fields::Unit => Vec::new(),
        Fields::Unnamed(fields) => {
            errors.push(
                Problem::over(fields.to_token_stream(), "the parts of main have no names")
                    .help("paths in logs and reports need them: write `struct Chat { lobby: Room }`"),
            );
            fields.unnamed.iter_mut().for_each(|field| strip(&mut field.attrs, Site::MainField));
            Vec::new()
        }
    }
}

fn part(field: &mut Field, errors: &mut Errors) -> Option<Part> {
    let mut place = None;
    for found in read(&field.attrs, Site::MainField, errors) {
        let Attr::Place(attr) = found.attr else { continue };
        if place.is_some() {
            errors.push(Problem::new(attr.span, "a part has one place").help("keep one `#[place]`"));
        }
        place = Some(attr);
    }
    strip(&mut field.attrs, Site::MainField);
    Some(Part { ident: field.ident.clone()?, ty: field.ty.clone(), cfgs: cfgs(&field.attrs), place })
}

fn main_impl(item: &ItemStruct, parts: &[Part]) -> TokenStream {
    let (ident, cfgs, private) = (&item.ident, cfgs(&item.attrs), private(Span::call_site()));
    let name = snake_case(&ident.to_string());
    let list = local("__parts", Span::call_site());
    let parts = parts.iter().map(|part| part_call(part, &list));
    quote! {
        #(#cfgs)*
        #[automatically_derived]
        impl #private::Main for #ident {
            const NAME: &'static ::core::primitive::str = #name;
            fn parts(#list: &mut #private::Parts<Self>) {
                #[allow(unused_imports, reason = "not needed where main has its own `on_failure`")]
                use #private::NoOnFailure as _;
                #list.on_failure(Self::__ON_FAILURE);
                #(#parts)*
            }
        }
        #(#cfgs)*
        #[automatically_derived]
        impl #private::IntoMain for #ident {
            type Main = Self;
            fn into_main(self) -> ::core::result::Result<Self, #private::BoxError> {
                ::core::result::Result::Ok(self)
            }
        }
    }
}

/// Spanned at the field's type: that is what has to be a locus.
fn part_call(part: &Part, list: &Ident) -> TokenStream {
    let (ident, cfgs, span) = (&part.ident, &part.cfgs, part.ty.span());
    let (name, place) = (ident.to_string(), place(part.place.as_ref()));
    // One span and no hygiene: rustc then points at the type alone, and the user's code is not in here.
    let (main, mut field) = (Ident::new("__main", span), ident.clone());
    field.set_span(span);
    let name = name.trim_start_matches("r#");
    let taken = quote_spanned!(span=> |#main: Self| #main.#field);
    quote_spanned! {span=>
        #(#cfgs)*
        #list.part(#name, #place, #taken);
    }
}

fn place(attr: Option<&PlaceAttr>) -> TokenStream {
    let private = private(Span::call_site());
    let Some(attr) = attr else { return quote!(#private::Place::Pool(::std::borrow::Cow::Borrowed("main"))) };
    if let (Some(Setting { value: pool, .. }), None) = (&attr.pool, &attr.pinned) {
        return quote!(#private::Place::Pool(::std::borrow::Cow::Borrowed(#pool)));
    }
    let number = proc_macro2::Literal::u64_unsuffixed;
    let core = match attr.core.as_ref().map(|core| number(core.value)) {
        Some(core) => quote!(::core::option::Option::Some(#core)),
        None => quote!(::core::option::Option::None),
    };
    let cores = match attr.cores.as_ref().map(|cores| (number(cores.value.start), number(cores.value.end))) {
        Some((start, end)) => quote!(::core::option::Option::Some(#start..#end)),
        None => quote!(::core::option::Option::None),
    };
    let replicas = number(attr.replicas.as_ref().map_or(1, |replicas| replicas.value));
    quote!(#private::Place::Pinned { core: #core, cores: #cores, replicas: #replicas })
}
