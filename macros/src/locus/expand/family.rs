//! The hooks of a parent: `accept` and `release`, one for each child type, and `on_failure`.

use super::{Head, at};
use crate::locus::methods::{ChildHook, ChildHookKind, Hook, Model};
use crate::output::{local, private};
use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;

/// What says at compile time that children of these types are released, and so may be flows of the short form.
pub(super) fn releases(head: &Head<'_>) -> TokenStream {
    let released = head.model.child_hooks.iter().filter(|hook| hook.kind == ChildHookKind::Release);
    let impls = released.map(|hook| {
        let (child, private) = (&hook.child, private(hook.child.span()));
        head.implement(&hook.cfgs, &quote_spanned!(child.span()=> #private::Releases<#child>), &quote!())
    });
    impls.collect()
}

/// The lines of the description.
pub(super) fn listed(head: &Head<'_>) -> TokenStream {
    let d = Ident::new("__d", Span::call_site());
    let hooks = head.model.child_hooks.iter().map(|hook| {
        let (cfgs, child, call) = (&hook.cfgs, &hook.child, call(hook));
        let list = match hook.kind {
            ChildHookKind::Accept => quote_spanned!(child.span()=> accept),
            ChildHookKind::Release => quote_spanned!(child.span()=> release),
        };
        quote_spanned!(child.span()=> #(#cfgs)* #d.#list::<#child>(#call);)
    });
    hooks.collect()
}

fn call(hook: &ChildHook) -> TokenStream {
    let span = hook.method.span();
    let (me, child) = (local("__me", span), local("__child", span));
    let cx = local("__cx", hook.cx.unwrap_or(span));
    let cx_argument = hook.cx.map(|_| quote!(, #cx));
    let method = at(&hook.method, hook.output);
    let called = quote_spanned!(hook.output=> Self::#method(#me, #child #cx_argument));
    match hook.kind {
        ChildHookKind::Accept => quote_spanned!(hook.output=> |#me, #child, #cx| { let _ = &#cx; #called }),
        ChildHookKind::Release => quote_spanned! {hook.output=>
            |#me, #child, #cx| { let _ = &#cx; ::locus::__private::IntoOutcome::into_outcome(#called) }
        },
    }
}

/// The field of `Hooks`.
pub(super) fn on_failure(hook: &Hook) -> TokenStream {
    let span = hook.method.span();
    let (me, failure) = (local("__me", span), local("__failure", span));
    let cx = local("__cx", hook.cx.unwrap_or(span));
    let cx_argument = hook.cx.map(|_| quote!(, #cx));
    let method = at(&hook.method, hook.output);
    quote_spanned! {hook.output=>
        ::core::option::Option::Some(|#me, #failure, #cx| { let _ = &#cx; Self::#method(#me, #failure #cx_argument) })
    }
}

/// What the list of main's parts finds: an associated constant of its own goes before that of the trait.
pub(super) fn main_failure(model: &Model, method: &Ident) -> TokenStream {
    let private = private(Span::call_site());
    let (cfgs, ty, span) = (&model.cfgs, &model.item.self_ty, method.span());
    quote_spanned! {span=>
        #(#cfgs)*
        impl #ty {
            #[doc(hidden)]
            pub(crate) const __ON_FAILURE: ::core::option::Option<fn(&#private::Failure) -> #private::Decision> =
                ::core::option::Option::Some(Self::#method);
        }
    }
}
