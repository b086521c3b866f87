//! From the model of an impl to the traits the runtime calls it through.

mod family;
mod subscription;
mod waiting;

pub(super) use subscription::{OnOptions, key_of, on_options};

use super::methods::{Hook, HookKind, Model, Timer};
use crate::output::{local, private};
use proc_macro2::{Group, Ident, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use std::time::Duration;
use subscription::handler_impl;
use syn::spanned::Spanned;
use syn::{Attribute, Generics, ImplItem, ItemImpl, WhereClause, parse_quote};

/// The impl with its bodies back in place, and what is generated from it.
pub(super) fn locus(model: &Model, bodies: &[Group]) -> TokenStream {
    let mut tokens = refilled(&model.item, bodies);
    if model.is_main {
        tokens.extend(model.main_failure.iter().map(|method| family::main_failure(model, method)));
        return tokens;
    }
    let generics = with_static(&model.item.generics);
    let head = Head { model, generics: &generics };
    for (number, handler) in model.handlers.iter().enumerate() {
        tokens.extend(handler_impl(&head, number, handler));
    }
    for (number, timer) in model.timers.iter().enumerate() {
        tokens.extend(timer_impl(&head, number, timer));
    }
    tokens.extend(family::releases(&head));
    tokens.extend(locus_impl(&head));
    tokens.extend(one_impl(model));
    tokens
}

/// What every generated impl starts with.
struct Head<'m> {
    model: &'m Model,
    generics: &'m Generics,
}

impl Head<'_> {
    /// `#[cfg(..)] impl<S: Bound> TRAIT for Room<S> where .. { BODY }`
    fn implement(&self, cfgs: &[Attribute], name: &TokenStream, body: &TokenStream) -> TokenStream {
        let (impl_generics, _, where_clause) = self.generics.split_for_impl();
        let (own, ty) = (&self.model.cfgs, &self.model.item.self_ty);
        quote! {
            #(#own)* #(#cfgs)*
            #[automatically_derived]
            impl #impl_generics #name for #ty #where_clause { #body }
        }
    }
}

/// A locus outlives every borrow, and so do its type parameters; users need not say so at each of them.
pub(super) fn with_static(generics: &Generics) -> Generics {
    let mut generics = generics.clone();
    let params: Vec<Ident> = generics.type_params().map(|param| param.ident.clone()).collect();
    if !params.is_empty() {
        let clause: &mut WhereClause = generics.make_where_clause();
        for param in params {
            clause.predicates.push(parse_quote!(#param: 'static));
        }
    }
    generics
}

/// The user's own tokens; only attributes of ours and anonymous scratch lifetimes differ.
fn refilled(item: &ItemImpl, bodies: &[Group]) -> TokenStream {
    let mut bodies = bodies.iter();
    let items = item.items.iter().map(|item| match item {
        ImplItem::Fn(method) => {
            let (attrs, vis, defaultness, sig) =
                (&method.attrs, &method.vis, &method.defaultness, &method.sig);
            // A body that was not taken out is still in the method.
            let body = match method.block.stmts.is_empty() {
                true => bodies.next().map(Group::to_token_stream),
                false => Some(method.block.to_token_stream()),
            };
            quote!(#(#attrs)* #vis #defaultness #sig #body)
        }
        other => other.to_token_stream(),
    });
    let mut content = Group::new(proc_macro2::Delimiter::Brace, items.collect());
    content.set_span(item.brace_token.span.join());
    let (attrs, unsafety, token) = (&item.attrs, &item.unsafety, &item.impl_token);
    let (impl_generics, where_clause) = (&item.generics, &item.generics.where_clause);
    let ty = &item.self_ty;
    quote!(#(#attrs)* #unsafety #token #impl_generics #ty #where_clause #content)
}

/// A call is shown as one span when its tokens agree on it.
fn at(method: &Ident, span: Span) -> Ident {
    let mut method = method.clone();
    method.set_span(span);
    method
}

fn timer_impl(head: &Head<'_>, number: usize, timer: &Timer) -> TokenStream {
    let private = private(Span::call_site());
    let (me, cx) =
        (local("__me", timer.method.span()), local("__cx", timer.cx.unwrap_or(timer.method.span())));
    let (method, name) = (at(&timer.method, timer.output), timer.method.to_string());
    let cx_argument = timer.cx.map(|_| quote!(, #cx));
    let call = quote_spanned! {timer.output=>
        ::locus::__private::IntoOutcome::into_outcome(Self::#method(#me #cx_argument))
    };
    let period = duration(timer.period);
    let body = quote! {
        const METHOD: &'static ::core::primitive::str = #name;
        const PERIOD: ::core::time::Duration = #period;
        fn fire(#me: &mut Self, #cx: &mut #private::Cx<'_, Self>) -> #private::Outcome {
            #call
        }
    };
    head.implement(&timer.cfgs, &quote!(#private::Timer<#number>), &body)
}

/// A duration as a constant expression.
pub(super) fn duration(duration: Duration) -> TokenStream {
    let (seconds, nanos) = (duration.as_secs(), duration.subsec_nanos());
    quote!(::core::time::Duration::new(#seconds, #nanos))
}

fn locus_impl(head: &Head<'_>) -> TokenStream {
    let private = private(Span::call_site());
    let hooks = [
        ("birth", HookKind::Birth, quote!(#private::Birth::None)),
        ("run", HookKind::Run, quote!(::core::option::Option::None)),
        ("drain", HookKind::Drain, quote!(::core::option::Option::None)),
        ("dissolve", HookKind::Dissolve, quote!(::core::option::Option::None)),
        ("on_failure", HookKind::OnFailure, quote!(::core::option::Option::None)),
    ];
    let fields = hooks.into_iter().map(|(name, kind, none)| {
        let found: Vec<&Hook> = head.model.hooks.iter().filter(|hook| hook.kind == kind).collect();
        hook_field(&Ident::new(name, Span::call_site()), &found, &none)
    });
    let on = head.model.handlers.iter().enumerate().map(|(number, handler)| {
        let cfgs = &handler.cfgs;
        let on = Ident::new(if handler.is_batch { "on_batch" } else { "on" }, Span::call_site());
        quote!(#(#cfgs)* __d.#on::<#number>();)
    });
    let every = head.model.timers.iter().enumerate().map(|(number, timer)| {
        let cfgs = &timer.cfgs;
        quote!(#(#cfgs)* __d.every::<#number>();)
    });
    let children = family::listed(head);
    let body = quote! {
        const HOOKS: #private::Hooks<Self> = #private::Hooks { #(#fields)* };
        fn describe(__d: &mut #private::Describe<Self>) {
            let _ = &__d;
            #(#on)*
            #(#every)*
            #children
        }
    };
    head.implement(&[], &quote!(#private::Locus), &body)
}

/// One field of `Hooks`: a method for each configuration, nothing for the others.
fn hook_field(name: &Ident, hooks: &[&Hook], none: &TokenStream) -> TokenStream {
    let mut predicates = Vec::new();
    let mut tokens = TokenStream::new();
    for hook in hooks {
        let (cfgs, value) = (&hook.cfgs, hook_value(hook));
        tokens.extend(quote!(#(#cfgs)* #name: #value,));
        let all = cfgs.iter().filter_map(|cfg| cfg.parse_args::<TokenStream>().ok());
        predicates.push(quote!(all(#(#all),*)));
    }
    match hooks {
        [] => quote!(#name: #none,),
        [only] if only.cfgs.is_empty() => tokens,
        _ => quote!(#tokens #[cfg(not(any(#(#predicates),*)))] #name: #none,),
    }
}

fn hook_value(hook: &Hook) -> TokenStream {
    let private = private(Span::call_site());
    let (method, span, output) = (at(&hook.method, hook.output), hook.method.span(), hook.output);
    let (me, cx) = (local("__me", span), local("__cx", hook.cx.unwrap_or(span)));
    let (run, cx_argument) = (local("__run", span), hook.cx.map(|_| quote!(, #cx)));
    if hook.kind == HookKind::OnFailure {
        return family::on_failure(hook);
    }
    let call = match (hook.kind, hook.is_async) {
        (HookKind::Run, _) => quote_spanned!(output=> Self::#method(#run).await),
        (_, true) => quote_spanned!(output=> Self::#method(#me #cx_argument).await),
        (_, false) => quote_spanned!(output=> Self::#method(#me #cx_argument)),
    };
    let outcome = quote_spanned!(output=> ::locus::__private::IntoOutcome::into_outcome(#call));
    let boxed = quote!(::std::boxed::Box::pin);
    match (hook.kind, hook.is_async) {
        (HookKind::Run, _) => quote!(::core::option::Option::Some(|#run| #boxed(async move { #outcome }))),
        (HookKind::Birth, true) => {
            quote!(#private::Birth::Async(|#me, #cx| #boxed(async move { let _ = &#cx; #outcome })))
        }
        (HookKind::Birth, false) => quote!(#private::Birth::Sync(|#me, #cx| { let _ = &#cx; #outcome })),
        _ => quote!(::core::option::Option::Some(|#me, #cx| { let _ = &#cx; #outcome })),
    }
}

/// Two impls of one locus would each list only their own handlers; the name is what rustc then prints.
fn one_impl(model: &Model) -> TokenStream {
    let (impl_generics, _, where_clause) = model.item.generics.split_for_impl();
    let (cfgs, ty) = (&model.cfgs, &model.item.self_ty);
    let span = model.item.self_ty.span();
    quote_spanned! {span=>
        #(#cfgs)*
        impl #impl_generics #ty #where_clause {
            const fn __one_locus_impl_block_per_struct() {}
        }
    }
}
