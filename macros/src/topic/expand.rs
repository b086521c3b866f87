//! From the model of a topic to its `Topic` impl.

use super::model::Model;
use crate::output::{local, private};
use locus_syntax::{Count, OnFull};
use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::{Member, Type, spanned::Spanned};

/// The impl and the limits that hold for every message.
pub(super) fn topic(model: &Model) -> TokenStream {
    let (ident, cfgs) = (&model.ident, &model.cfgs);
    let private_here = private(ident.span());
    let (key_type, key_methods) = key(model);
    let (answer_types, answer_methods) = answers(model);
    let spec = spec(model);
    let limits = limits(model);
    let sink = model.to.as_ref().map(sink);
    quote! {
        #(#cfgs)*
        #[automatically_derived]
        impl #private_here::Topic for #ident {
            #key_type
            #answer_types
            #spec
            #sink
            fn number() -> &'static ::locus::__private::TopicNumber {
                static NUMBER: ::locus::__private::TopicNumber = ::locus::__private::TopicNumber::new();
                &NUMBER
            }
            #key_methods
            #answer_methods
        }
        #limits
    }
}

/// Shown at the sink's type: that it takes the topic inline is what has to hold.
fn sink(to: &Type) -> TokenStream {
    let private = private(to.span());
    let sink = local("__sink", to.span());
    quote_spanned! {to.span()=>
        const HAS_SINK: ::core::primitive::bool = true;
        fn sink() -> ::core::option::Option<::core::any::TypeId> {
            ::core::option::Option::Some(::core::any::TypeId::of::<#to>())
        }
        #[inline(always)]
        fn call_sink(&self, #sink: #private::SinkCell<'_>) -> ::core::primitive::bool {
            #sink.call::<#to, Self>(self)
        }
    }
}

fn spec(model: &Model) -> TokenStream {
    let private = private(Span::call_site());
    let (subject, single) = (&model.subject, model.single);
    let keyed = !model.key.is_empty();
    let bound = optional_count(model.bounded.as_ref());
    let (on_full, on_slow) = (on_full(model.on_full), on_full(model.on_slow));
    let per_locus = optional_count(model.per_locus.as_ref());
    quote! {
        const SPEC: #private::TopicSpec = #private::TopicSpec {
            subject: #subject,
            keyed: #keyed,
            bound: #bound,
            on_full: #on_full,
            per_locus: #per_locus,
            on_slow: #on_slow,
            single: #single,
        };
    }
}

/// `Some(64)`, or what the user's constant says.
pub(crate) fn optional_count(written: Option<&Count>) -> TokenStream {
    match written.map(count) {
        None => quote!(::core::option::Option::None),
        Some(count) => quote!(::core::option::Option::Some(#count)),
    }
}

/// `64`, or what the user's constant says, of whatever integer type it is.
pub(crate) fn count(written: &Count) -> TokenStream {
    match written {
        Count::Known(known) => proc_macro2::Literal::u64_unsuffixed(*known).into_token_stream(),
        Count::Const(expr) => {
            let count = local("__count", expr.span());
            quote!({
                let #count = (#expr) as ::core::primitive::u128;
                ::core::assert!(#count >= 1 && #count <= 0xFFFF_FFFF, "a bound is at least 1 and fits into 32 bits");
                #count as ::core::primitive::u32
            })
        }
    }
}

/// The runtime's name of a policy.
pub(crate) fn on_full(policy: OnFull) -> TokenStream {
    let private = private(Span::call_site());
    match policy {
        OnFull::Block => quote!(#private::OnFull::Block),
        OnFull::DropOld => quote!(#private::OnFull::DropOld),
        OnFull::DropNew => quote!(#private::OnFull::DropNew),
        OnFull::Fail => quote!(#private::OnFull::Fail),
    }
}

fn key(model: &Model) -> (TokenStream, TokenStream) {
    let key = local("key", Span::call_site());
    let members: Vec<_> = model.key.iter().map(|(member, _)| member).collect();
    let types: Vec<_> = model.key.iter().map(|(_, ty)| ty).collect();
    let (ty, equal, owned) = match (members.as_slice(), types.as_slice()) {
        ([], _) => {
            let private = private(Span::call_site());
            (quote!(#private::NoKey), quote!({ let _ = #key; true }), quote!(#private::NoKey))
        }
        ([member], [ty]) => (
            quote!(#ty),
            quote!(::core::cmp::PartialEq::eq(&self.#member, #key)),
            quote!(::core::clone::Clone::clone(&self.#member)),
        ),
        _ => {
            let places = (0..members.len()).map(syn::Index::from);
            (
                quote!((#(#types),*)),
                quote!(#(::core::cmp::PartialEq::eq(&self.#members, &#key.#places))&&*),
                quote!((#(::core::clone::Clone::clone(&self.#members)),*)),
            )
        }
    };
    let key_type = quote!(type Key = #ty;);
    let hash = hash_key(model);
    let methods = quote! {
        #hash
        fn is_key(&self, #key: &#ty) -> ::core::primitive::bool { #equal }
        fn key(&self) -> #ty { #owned }
    };
    (key_type, methods)
}

/// Shown at the type of the key, which is what has to be hashed. One span for the whole, `self` included: rustc joins
/// the spans of an expression only if they come from one place.
fn hash_key(model: &Model) -> TokenStream {
    let span = model.key.first().map_or_else(Span::call_site, |(_, ty)| ty.span());
    let members = model.key.iter().map(|(member, _)| at(member, span));
    quote_spanned! {span=>
        fn hash_key<__H: ::core::hash::Hasher>(&self, __state: &mut __H) {
            let _ = &__state;
            #(::core::hash::Hash::hash(&self.#members, __state);)*
        }
    }
}

fn at(member: &Member, span: Span) -> Member {
    let mut member = member.clone();
    match &mut member {
        Member::Named(ident) => ident.set_span(span),
        Member::Unnamed(index) => index.span = span,
    }
    member
}

fn answers(model: &Model) -> (TokenStream, TokenStream) {
    let private = private(Span::call_site());
    let result = local("result", Span::call_site());
    let (reply, promise) = match &model.reply {
        Some(ty) => (quote!(#ty), quote!(::core::option::Option<#private::Reply<#ty>>)),
        None => (quote!(#private::NoReply), quote!(())),
    };
    let full = quote!(::core::result::Result<(), #private::Full<Self>>);
    let (sent, convert) = match model.on_full {
        OnFull::Fail => (quote!(-> #full), quote!(#result)),
        _ => (quote!(), quote!(let _ = #result;)),
    };
    let sent_type = match model.on_full {
        OnFull::Fail => full.clone(),
        _ => quote!(()),
    };
    // Shown at the type's name, `self` included: `Clone` is what users most often forget.
    let duplicate = match model.single {
        true => quote!(
            fn duplicate(&self) -> Self {
                ::core::unreachable!("a `single` topic has one subscriber")
            }
        ),
        false => quote_spanned! {model.ident.span()=>
            fn duplicate(&self) -> Self { ::core::clone::Clone::clone(self) }
        },
    };
    let types = quote!(type Reply = #reply; type Promise = #promise; type Sent = #sent_type;);
    let methods = quote! {
        #duplicate
        fn sent(#result: #full) #sent { #convert }
    };
    (types, methods)
}

/// Messages are copied inline into queues whose records are 8-aligned.
fn limits(model: &Model) -> TokenStream {
    let (ident, cfgs) = (&model.ident, &model.cfgs);
    let large =
        format!("the topic `{ident}` is larger than 4 KiB: put what is large into a `Box`, `Vec` or `Arc`");
    let aligned =
        format!("the topic `{ident}` is aligned to more than 8 bytes: put what asks for it into a `Box`");
    quote_spanned! {ident.span()=>
        #(#cfgs)*
        const _: () = {
            ::core::assert!(::core::mem::size_of::<#ident>() <= 4096, #large);
            ::core::assert!(::core::mem::align_of::<#ident>() <= 8, #aligned);
        };
    }
}
