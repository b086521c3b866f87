//! Handlers that are `async`: how they start, and the future that holds all they are given across awaits.

use super::{Head, at, duration};
use crate::locus::methods::Handler;
use crate::output::local;
use crate::topic::count;
use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;

/// `const START: Option<Start<..>> = Some(..)`, or `CALLS` for a handler that runs beside others.
pub(super) fn start(number: usize, handler: &Handler) -> TokenStream {
    let topic = &handler.shape.topic;
    match &handler.concurrent {
        None => quote_spanned! {topic.span()=>
            const START: ::core::option::Option<::locus::__private::Start<Self, #topic>> =
                ::core::option::Option::Some(::locus::__private::Start::of::<#number>());
        },
        Some(max) => {
            let max = count(max);
            quote_spanned! {topic.span()=>
                const CALLS: ::core::option::Option<::locus::__private::Calls<Self, #topic>> =
                    ::core::option::Option::Some(::locus::__private::Calls::of::<#number>(#max));
            }
        }
    }
}

/// The `AsyncHandler` or `CallHandler` impl of one `#[on]` method. One lifetime for all that is borrowed: the method
/// itself is generic over them, so that it can keep none of them.
pub(super) fn handler_impl(head: &Head<'_>, number: usize, handler: &Handler) -> TokenStream {
    let topic = &handler.shape.topic;
    let timeout = match handler.timeout.map(duration) {
        Some(timeout) => quote!(::core::option::Option::Some(#timeout)),
        None => quote!(::core::option::Option::None),
    };
    let (name, function) = match handler.concurrent {
        None => (quote_spanned!(topic.span()=> AsyncHandler), handle_async(handler)),
        Some(_) => (quote_spanned!(topic.span()=> CallHandler), call_beside(handler)),
    };
    let body = quote_spanned! {topic.span()=>
        const TIMEOUT: ::core::option::Option<::core::time::Duration> = #timeout;
        #function
    };
    let name = quote_spanned!(topic.span()=> ::locus::__private::#name<#number>);
    head.implement(&handler.cfgs, &name, &body)
}

fn handle_async(handler: &Handler) -> TokenStream {
    let (span, topic) = (handler.method.span(), &handler.shape.topic);
    let (me, message) = (local("__me", span), local("__message", topic.span()));
    let (promise, cx) = (local("__promise", span), local("__cx", handler.shape.cx.unwrap_or(span)));
    let cx_argument = handler.shape.cx.map(|_| quote!(, #cx));
    let call = call(handler, &quote!(#me, #message #cx_argument), &TokenStream::new());
    quote_spanned! {topic.span()=>
        async fn handle_async<'__activation>(
            #me: &'__activation mut Self,
            #message: &'__activation #topic,
            #promise: <#topic as ::locus::__private::Topic>::Promise,
            #cx: &'__activation mut ::locus::__private::Cx<'__activation, Self>,
        ) -> ::locus::__private::Outcome {
            let _ = &#cx;
            #call
        }
    }
}

fn call_beside(handler: &Handler) -> TokenStream {
    let (span, topic) = (handler.method.span(), &handler.shape.topic);
    let (run, message) = (local("__run", span), local("__message", topic.span()));
    let promise = local("__promise", span);
    let scratch = local("__scratch", handler.shape.scratch.unwrap_or(span));
    let scratch_argument = handler.shape.scratch.map(|_| quote!(, #scratch));
    let call = call(handler, &quote!(#run, #message), &quote!(#scratch_argument));
    quote_spanned! {topic.span()=>
        async fn call<'__activation>(
            #run: ::locus::__private::Run<Self>,
            #message: #topic,
            #promise: <#topic as ::locus::__private::Topic>::Promise,
            #scratch: &'__activation ::locus::__private::Scratch,
        ) -> ::locus::__private::Outcome {
            let _ = #scratch;
            #call
        }
    }
}

/// Calls the method with what comes before the reply and what comes after it, and awaits it.
fn call(handler: &Handler, before: &TokenStream, after: &TokenStream) -> TokenStream {
    let (span, topic) = (handler.method.span(), &handler.shape.topic);
    let promise = local("__promise", span);
    let method = at(&handler.method, if handler.shape.reply.is_some() { span } else { handler.output });
    match handler.shape.reply {
        Some(reply) => {
            let reply = local("__reply", reply);
            quote_spanned! {span=>
                let #reply = ::locus::__private::Promise::into_reply(#promise)?;
                ::locus::__private::IntoOutcome::into_outcome(Self::#method(#before, #reply #after).await)
            }
        }
        None => {
            let promise_type = quote_spanned!(topic.span()=> <#topic as ::locus::__private::Topic>::Promise);
            quote_spanned! {handler.output=>
                ::locus::__private::Answers::<#promise_type>::answer(
                    Self::#method(#before #after).await,
                    #promise,
                )
            }
        }
    }
}
