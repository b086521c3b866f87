//! Handlers that are `async`: how they start, and the future that holds all they are given across awaits.

use super::{Head, at, duration};
use crate::locus::methods::Handler;
use crate::output::local;
use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::Type;
use syn::spanned::Spanned;

/// `const START: Option<Start<..>> = Some(..)`
pub(super) fn start(number: usize, topic: &Type) -> TokenStream {
    quote_spanned! {topic.span()=>
        const START: ::core::option::Option<::locus::__private::Start<Self, #topic>> =
            ::core::option::Option::Some(::locus::__private::Start::of::<#number>());
    }
}

/// The `AsyncHandler` impl of one `#[on]` method. One lifetime for all arguments: the method itself is generic over
/// them, so that it can keep none of them.
pub(super) fn handler_impl(head: &Head<'_>, number: usize, handler: &Handler) -> TokenStream {
    let (span, topic) = (handler.method.span(), &handler.shape.topic);
    let (me, message) = (local("__me", span), local("__message", topic.span()));
    let (promise, cx) = (local("__promise", span), local("__cx", handler.shape.cx.unwrap_or(span)));
    let call = call(handler);
    let timeout = match handler.timeout.map(duration) {
        Some(timeout) => quote!(::core::option::Option::Some(#timeout)),
        None => quote!(::core::option::Option::None),
    };
    let body = quote_spanned! {topic.span()=>
        const TIMEOUT: ::core::option::Option<::core::time::Duration> = #timeout;
        async fn handle_async<'__activation>(
            #me: &'__activation mut Self,
            #message: &'__activation #topic,
            #promise: <#topic as ::locus::__private::Topic>::Promise,
            #cx: &'__activation mut ::locus::__private::Cx<'__activation, Self>,
        ) -> ::locus::__private::Outcome {
            let _ = &#cx;
            #call
        }
    };
    let name = quote_spanned!(topic.span()=> ::locus::__private::AsyncHandler<#number>);
    head.implement(&handler.cfgs, &name, &body)
}

fn call(handler: &Handler) -> TokenStream {
    let (span, topic) = (handler.method.span(), &handler.shape.topic);
    let (me, message) = (local("__me", span), local("__message", topic.span()));
    let (promise, cx) = (local("__promise", span), local("__cx", handler.shape.cx.unwrap_or(span)));
    let method = at(&handler.method, if handler.shape.reply.is_some() { span } else { handler.output });
    let cx_argument = handler.shape.cx.map(|_| quote!(, #cx));
    match handler.shape.reply {
        Some(reply) => {
            let reply = local("__reply", reply);
            quote_spanned! {span=>
                let #reply = ::locus::__private::Promise::into_reply(#promise)?;
                ::locus::__private::IntoOutcome::into_outcome(
                    Self::#method(#me, #message #cx_argument, #reply).await
                )
            }
        }
        None => {
            let promise_type = quote_spanned!(topic.span()=> <#topic as ::locus::__private::Topic>::Promise);
            quote_spanned! {handler.output=>
                ::locus::__private::Answers::<#promise_type>::answer(
                    Self::#method(#me, #message #cx_argument).await,
                    #promise,
                )
            }
        }
    }
}
