//! What a handler, or a topic that `run` receives, tells the bus about itself.

use super::{Head, at, waiting};
use crate::locus::methods::{Handler, Missed, Which};
use crate::output::{local, private};
use crate::topic::{count, on_full, optional_count};
use locus_syntax::{Count, OnFull};
use proc_macro2::{Group, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use syn::Expr;
use syn::spanned::Spanned;

/// The `Handler` impl of one `#[on]` method, and the `AsyncHandler` impl of one that is `async`.
pub(super) fn handler_impl(head: &Head<'_>, number: usize, handler: &Handler) -> TokenStream {
    let span = handler.shape.topic.span();
    let (private, topic) = (private(span), &handler.shape.topic);
    let options = on_options(&OnOptions {
        method: &handler.method.to_string(),
        bounded: handler.bounded.as_ref(),
        on_full: handler.on_full,
        missed: handler.missed.is_some(),
        which: &handler.which,
    });
    let key = quote_spanned!(span=> <Self::Topic as ::locus::__private::Topic>::Key);
    let key_of = key_of(&quote_spanned!(span=> Self), &key, handler.key.as_ref(), span);
    let missed = handler.missed.as_ref().map(missed);
    let inline = handler.is_inline.then(|| {
        quote_spanned! {span=>
            const INLINE: ::core::option::Option<#private::Inline<Self, #topic>> =
                ::core::option::Option::Some(#private::Inline::HANDLER);
        }
    });
    let name = quote_spanned!(span=> #private::Handler<#number>);
    let (handle, name) = match (handler.is_batch, handler.shape.is_async) {
        (true, _) => (handle_batch(handler), quote_spanned!(span=> #private::BatchHandler<#number>)),
        (false, true) => (waiting::start(number, handler), name),
        (false, false) => (handle(handler), name),
    };
    let body = quote! {
        type Topic = #topic;
        #options
        #key_of
        #inline
        #handle
        #missed
    };
    let mut tokens = head.implement(&handler.cfgs, &name, &body);
    if handler.shape.is_async {
        tokens.extend(waiting::handler_impl(head, number, handler));
    }
    tokens.extend(needs_key(head, handler));
    if matches!(handler.which, Which::Keys(..)) {
        tokens.extend(followed_by(head, handler));
    }
    if handler.is_inline {
        tokens.extend(takes_inline(head, handler));
    }
    tokens
}

/// The right to follow keys of the topic.
fn followed_by(head: &Head<'_>, handler: &Handler) -> TokenStream {
    let span = handler.shape.topic.span();
    let (private, topic) = (private(span), &handler.shape.topic);
    let (impl_generics, _, where_clause) = head.generics.split_for_impl();
    let (own, cfgs, ty) = (&head.model.cfgs, &handler.cfgs, &head.model.item.self_ty);
    quote_spanned! {span=>
        #(#own)* #(#cfgs)*
        #[automatically_derived]
        impl #impl_generics #private::FollowedBy<#ty> for #topic #where_clause {}
    }
}

/// Without keys there are none to follow, and none that nobody takes.
fn needs_key(head: &Head<'_>, handler: &Handler) -> Option<TokenStream> {
    let (word, what) = match &handler.which {
        Which::Keys(span, _) => (*span, "`#[on(keys)]`"),
        Which::Unmatched(span) => (*span, "`#[on(key = _)]`"),
        _ => return None,
    };
    let topic = &handler.shape.topic;
    let text = format!("{what} needs a topic with `key = ..`");
    let (own, cfgs) = (&head.model.cfgs, &handler.cfgs);
    let keyed = quote_spanned!(topic.span()=> <#topic as ::locus::__private::Topic>::SPEC);
    Some(quote_spanned! {word=>
        #(#own)* #(#cfgs)*
        const _: () = ::core::assert!(#keyed.keyed, #text);
    })
}

/// The `TakesInline` impl of a method that is called at the publish itself.
fn takes_inline(head: &Head<'_>, handler: &Handler) -> TokenStream {
    let (span, topic) = (handler.method.span(), &handler.shape.topic);
    let private = private(topic.span());
    let (me, message) = (local("__me", span), local("__message", topic.span()));
    let (method, name) = (at(&handler.method, handler.output), handler.method.to_string());
    let call = quote_spanned! {handler.output=>
        ::locus::__private::Answers::<<#topic as ::locus::__private::Topic>::Promise>::answer(
            Self::#method(#me, #message),
            ::core::default::Default::default(),
        )
    };
    let body = quote_spanned! {topic.span()=>
        const METHOD: &'static ::core::primitive::str = #name;
        #[inline]
        fn take_inline(#me: &mut Self, #message: &#topic) -> ::locus::__private::Outcome {
            #call
        }
    };
    head.implement(&handler.cfgs, &quote_spanned!(topic.span()=> #private::TakesInline<#topic>), &body)
}

fn handle_batch(handler: &Handler) -> TokenStream {
    let (span, topic) = (handler.method.span(), handler.shape.topic.span());
    let (me, items) = (local("__me", span), local("__items", topic));
    let cx = local("__cx", handler.shape.cx.unwrap_or(span));
    let method = at(&handler.method, handler.output);
    let cx_argument = handler.shape.cx.map(|_| quote!(, #cx));
    let call = quote_spanned! {handler.output=>
        ::locus::__private::IntoOutcome::into_outcome(Self::#method(#me, #items #cx_argument))
    };
    quote_spanned! {topic=>
        #[inline]
        fn handle(
            #me: &mut Self,
            #items: ::locus::__private::Batch<'_, Self::Topic>,
            #cx: &mut ::locus::__private::Cx<'_, Self>,
        ) -> ::locus::__private::Outcome {
            #call
        }
    }
}

fn handle(handler: &Handler) -> TokenStream {
    let (span, topic) = (handler.method.span(), handler.shape.topic.span());
    let (me, message, promise) = (local("__me", span), local("__message", topic), local("__promise", span));
    let cx = local("__cx", handler.shape.cx.unwrap_or(span));
    let method = at(&handler.method, if handler.shape.reply.is_some() { span } else { handler.output });
    let cx_argument = handler.shape.cx.map(|_| quote!(, #cx));
    let promise_type = quote_spanned!(topic=> <Self::Topic as ::locus::__private::Topic>::Promise);
    let call = match handler.shape.reply {
        Some(reply) => {
            let reply = local("__reply", reply);
            quote_spanned! {span=>
                ::locus::__private::Promise::with_reply(#promise, |#reply| Self::#method(#me, #message #cx_argument, #reply))
            }
        }
        None => quote_spanned! {handler.output=>
            ::locus::__private::Answers::<#promise_type>::answer(Self::#method(#me, #message #cx_argument), #promise)
        },
    };
    quote_spanned! {topic=>
        #[inline]
        fn handle(
            #me: &mut Self,
            #message: &Self::Topic,
            #promise: #promise_type,
            #cx: &mut ::locus::__private::Cx<'_, Self>,
        ) -> ::locus::__private::Outcome {
            #call
        }
    }
}

fn missed(missed: &Missed) -> TokenStream {
    let (me, cx) =
        (local("__me", missed.method.span()), local("__cx", missed.cx.unwrap_or(missed.method.span())));
    let (method, n) = (at(&missed.method, missed.output), local("__n", missed.output));
    let cx_argument = missed.cx.map(|_| quote!(, #cx));
    let call = quote_spanned! {missed.output=>
        ::locus::__private::IntoOutcome::into_outcome(Self::#method(#me, #n #cx_argument))
    };
    quote! {
        fn missed(
            #me: &mut Self,
            #n: ::core::primitive::u64,
            #cx: &mut ::locus::__private::Cx<'_, Self>,
        ) -> ::locus::__private::Outcome {
            #call
        }
    }
}

/// The options of a subscription, as one constant.
pub(in crate::locus) struct OnOptions<'m> {
    pub(in crate::locus) method: &'m str,
    pub(in crate::locus) bounded: Option<&'m Count>,
    pub(in crate::locus) on_full: Option<OnFull>,
    pub(in crate::locus) missed: bool,
    pub(in crate::locus) which: &'m Which,
}

/// `const OPTIONS: OnOptions = ..`
pub(in crate::locus) fn on_options(options: &OnOptions<'_>) -> TokenStream {
    let private = private(Span::call_site());
    let (method, missed) = (options.method, options.missed);
    let (bounded, which) = (optional_count(options.bounded), which(options.which));
    let policy = match options.on_full.map(on_full) {
        Some(policy) => quote!(::core::option::Option::Some(#policy)),
        None => quote!(::core::option::Option::None),
    };
    quote! {
        const OPTIONS: #private::OnOptions =
            #private::OnOptions { method: #method, bounded: #bounded, on_full: #policy, missed: #missed, which: #which };
    }
}

fn which(which: &Which) -> TokenStream {
    let private = private(Span::call_site());
    match which {
        Which::All => quote!(#private::Which::All),
        Which::Key => quote!(#private::Which::Key),
        Which::Keys(_, max) => {
            let max = count(max);
            quote!(#private::Which::Keys { max: #max })
        }
        Which::Unmatched(_) => quote!(#private::Which::Unmatched),
        Which::Shard => quote!(#private::Which::Shard),
        Which::Any => quote!(#private::Which::Any),
    }
}

/// `fn key_of(me: &Room) -> Match<Key>`: the user's expression, with `self` turned into the argument. All else is
/// shown at `topic`, so that a type that is no topic is one error.
pub(in crate::locus) fn key_of(
    locus: &TokenStream,
    key: &TokenStream,
    expr: Option<&Expr>,
    topic: Span,
) -> TokenStream {
    let me = local("__me", topic);
    let private = private(topic);
    let value = match expr {
        None => quote_spanned!(topic=> { let _ = #me; #private::Match::All }),
        Some(expr) => {
            let expr = without_self(expr.to_token_stream());
            let owned = local("__key", topic);
            let borrowed = quote_spanned!(expr.span()=> &(#expr));
            quote_spanned! {topic=> {
                let _ = #me;
                let #owned: &#key = #borrowed;
                #private::Match::Key(::core::clone::Clone::clone(#owned))
            }}
        }
    };
    quote_spanned!(topic=> fn key_of(#me: &#locus) -> #private::Match<#key> { #value })
}

fn without_self(tokens: TokenStream) -> TokenStream {
    let replace = |tree| match tree {
        TokenTree::Ident(ident) if ident == "self" => TokenTree::Ident(local("__me", ident.span())),
        TokenTree::Group(group) => {
            let mut inner = Group::new(group.delimiter(), without_self(group.stream()));
            inner.set_span(group.span());
            TokenTree::Group(inner)
        }
        other => other,
    };
    tokens.into_iter().map(replace).collect()
}
