//! `#[locus(..)]` on a struct: the topics it publishes and receives, its children, and its limits.

mod children;

use super::expand::{OnOptions, duration, key_of, on_options, with_static};
use super::methods::Which;
use crate::diag::{refuse, refuse_lifetimes};
use crate::output::{cfgs, local, private, strip};
use children::Children;
use locus_syntax::{Errors, KeyMatch, LocusAttr, Problem, ReceivesAttr, Setting, Site, read};
use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Attribute, Field, ItemStruct, Type};

/// What to do in place of a lifetime.
pub(super) const OWNS: &str =
    "a locus lives as long as the program likes: let it own its data, or share it in an `Arc`";

/// The struct, its declarations, and `None` when it cannot be a locus at all.
pub(super) fn expand(attr: &LocusAttr, mut item: ItemStruct, errors: &mut Errors) -> Option<TokenStream> {
    if refuse_lifetimes(&item.generics, "a locus", OWNS, errors) {
        return None;
    }
    if errors.is_empty() {
        built(attr, errors);
    }
    let published = each_once(attr.publishes.iter(), |topic| topic, "publishes", errors);
    let received = each_once(attr.receives.iter(), |receives| &receives.topic, "receives", errors);
    strip_checked(&mut item.attrs, Site::Elsewhere, errors);
    for field in &mut item.fields {
        strip_checked(&mut field.attrs, Site::Elsewhere, errors);
        refuse_place(field, errors);
    }
    let children = Children::new(&attr.children, errors);
    let declared = Declared { attr, item: &item, cfgs: cfgs(&item.attrs), published, received, children };
    let publishes = declared.published.iter().map(|topic| declared.published(topic));
    let receives = declared.received.iter().map(|receives| declared.received(receives));
    let (children, own) = (declared.children.impls(&declared), declared.own());
    Some(quote!(#item #(#publishes)* #(#receives)* #children #own))
}

/// Checks and takes off the contracts on one item.
fn strip_checked(attrs: &mut Vec<Attribute>, site: Site, errors: &mut Errors) {
    read(attrs, site, errors);
    strip(attrs, site);
}

fn built(attr: &LocusAttr, errors: &mut Errors) {
    refuse(attr.strategy.as_ref(), "`strategy`", errors);
    refuse(attr.memory_max.as_ref(), "`memory_max`", errors);
    refuse(attr.idle.as_ref(), "`idle`", errors);
}

/// Reports what stands twice, and keeps the first of each.
fn each_once<'a, T>(
    all: impl Iterator<Item = &'a T>,
    topic: impl Fn(&T) -> &Type,
    list: &str,
    errors: &mut Errors,
) -> Vec<&'a T> {
    let (mut kept, mut texts) = (Vec::new(), Vec::new());
    for one in all {
        let text = topic(one).to_token_stream().to_string();
        if texts.contains(&text) {
            errors.push(
                Problem::over(topic(one), format!("`{text}` stands twice in `{list}`"))
                    .help("keep one of them"),
            );
            continue;
        }
        kept.push(one);
        texts.push(text);
    }
    kept
}

fn refuse_place(field: &mut Field, errors: &mut Errors) {
    if let Some(place) = field.attrs.iter().find(|attr| attr.path().is_ident("place")) {
        errors.push(
            Problem::over(place.path(), "`#[place]` belongs in `#[locus(main)]`")
                .help("only the composition of the program knows threads; place this locus there"),
        );
    }
    strip(&mut field.attrs, Site::MainField);
}

struct Declared<'m> {
    attr: &'m LocusAttr,
    item: &'m ItemStruct,
    cfgs: Vec<Attribute>,
    published: Vec<&'m Type>,
    received: Vec<&'m ReceivesAttr>,
    children: Children<'m>,
}

impl Declared<'_> {
    fn ty(&self) -> TokenStream {
        let (ident, (_, ty_generics, _)) = (&self.item.ident, self.item.generics.split_for_impl());
        quote!(#ident #ty_generics)
    }

    /// The bound sits on the topic: with one declared topic, a bound on the locus would make rustc infer that
    /// topic and report a type mismatch instead of the missing declaration.
    fn published(&self, topic: &Type) -> TokenStream {
        let (impl_generics, _, where_clause) = self.item.generics.split_for_impl();
        let (cfgs, ty, private) = (&self.cfgs, self.ty(), private(topic.span()));
        quote_spanned! {topic.span()=>
            #(#cfgs)*
            #[automatically_derived]
            impl #impl_generics #private::PublishedBy<#ty> for #topic #where_clause {
                type Sent = <#topic as #private::Topic>::Sent;
                #[inline]
                fn __send(self, __to: &mut #private::Publisher<'_>) -> Self::Sent { __to.send(self) }
            }
        }
    }

    fn received(&self, receives: &ReceivesAttr) -> TokenStream {
        let generics = with_static(&self.item.generics);
        let (impl_generics, _, where_clause) = generics.split_for_impl();
        let (cfgs, ty, topic) = (&self.cfgs, self.ty(), &receives.topic);
        let private = private(topic.span());
        let (key, which) = match &receives.key {
            Some(Setting { value: KeyMatch::Value(expr), .. }) => (Some(expr), Which::Key),
            Some(Setting { value: KeyMatch::Unmatched, key, .. }) => (None, Which::Unmatched(*key)),
            None => (None, Which::All),
        };
        let options = on_options(&OnOptions {
            method: "run",
            bounded: receives.bounded.as_ref().map(|bounded| &bounded.value),
            on_full: receives.on_full.as_ref().map(|on_full| on_full.value),
            missed: false,
            which: &which,
        });
        let key_of = key_of(&ty, &quote_spanned!(topic.span()=> Self::Key), key, topic.span());
        let name = quote_spanned!(topic.span()=> #private::ReceivedBy<#ty>);
        quote_spanned! {topic.span()=>
            #(#cfgs)*
            #[automatically_derived]
            impl #impl_generics #name for #topic #where_clause { #options #key_of }
        }
    }

    fn own(&self) -> TokenStream {
        let generics = with_static(&self.item.generics);
        let (impl_generics, ty_generics, where_clause) = generics.split_for_impl();
        let (cfgs, ident, private) = (&self.cfgs, &self.item.ident, private(Span::call_site()));
        let name = ident.to_string();
        let (d, options) = (local("__d", Span::call_site()), self.options());
        let publishes =
            self.published.iter().map(|topic| quote_spanned!(topic.span()=> #d.publishes::<#topic>();));
        let receives = self.received.iter().map(|receives| {
            let topic = &receives.topic;
            quote_spanned!(topic.span()=> #d.receives::<#topic>();)
        });
        let children = self.children.listed();
        quote! {
            #(#cfgs)*
            #[automatically_derived]
            impl #impl_generics #private::Declared for #ident #ty_generics #where_clause {
                const NAME: &'static ::core::primitive::str = #name;
                #options
                fn declare(#d: &mut #private::Describe<Self>) {
                    let _ = &#d;
                    #(#publishes)*
                    #(#receives)*
                    #children
                }
            }
        }
    }

    fn options(&self) -> TokenStream {
        let private = private(Span::call_site());
        let number = |value: u64| proc_macro2::Literal::u64_unsuffixed(value).into_token_stream();
        let changes = [
            ("restarts", self.attr.restarts.as_ref().map(|restarts| number(restarts.value))),
            ("within", self.attr.within.as_ref().map(|within| duration(within.value))),
            ("scratch_bytes_max", self.attr.scratch_bytes_max.as_ref().map(|scratch| number(scratch.value))),
        ];
        let changes: Vec<TokenStream> = changes
            .into_iter()
            .filter_map(|(field, value)| Some((Ident::new(field, Span::call_site()), value?)))
            .map(|(field, value)| quote!(__options.#field = #value;))
            .collect();
        let value = match changes.as_slice() {
            [] => quote!(#private::LocusOptions::DEFAULT),
            changes => {
                quote!({ let mut __options = #private::LocusOptions::DEFAULT; #(#changes)* __options })
            }
        };
        quote!(const OPTIONS: #private::LocusOptions = #value;)
    }
}
