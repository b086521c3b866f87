//! Whether a method looks as the runtime calls it.
//!
//! These checks are syntactic and come first: the coercions in the expansion alone would say "types differ in
//! mutability" in code the user never wrote.

use crate::cx::{CxForm, cx_form, last_ident, ungrouped};
use locus_syntax::Problem;
use proc_macro2::Span;
use syn::spanned::Spanned;
use syn::{FnArg, PatType, Receiver, ReturnType, Signature, Type};

/// What a handler takes and gives.
pub(super) struct HandlerShape {
    pub(super) topic: Type,
    /// The type of `cx`, where it is taken.
    pub(super) cx: Option<Span>,
    /// The type of `reply: Reply<R>`, where it answers through that instead of returning.
    pub(super) reply: Option<Span>,
    pub(super) is_async: bool,
    /// The type of `scratch: &Scratch`, where a concurrent handler takes it.
    pub(super) scratch: Option<Span>,
}

/// What a method asks for besides `&mut self`.
pub(super) struct HookShape {
    pub(super) cx: Option<Span>,
    pub(super) is_async: bool,
}

/// `fn f(&mut self, message: &T[, cx: &mut Cx<'_, Self>][, reply: Reply<R>])`
pub(super) fn handler(signature: &Signature) -> Result<HandlerShape, Problem> {
    plain(signature, "a handler")?;
    let is_async = signature.asyncness.is_some();
    let arguments = after_receiver(signature, "a handler")?;
    let Some((message, rest)) = arguments.split_first() else {
        return Err(Problem::new(signature.ident.span(), format!("`{}` takes no message", signature.ident))
            .help("the argument's type says which topic it handles: `message: &Posted`"));
    };
    let topic = topic_of(message)?;
    let (cx, rest) = leading_cx(rest)?;
    match rest {
        [] => Ok(HandlerShape { topic, cx, reply: None, is_async, scratch: None }),
        [reply] if last_ident(&reply.ty).is_some_and(|name| name == "Reply") => {
            Ok(HandlerShape { topic, cx, reply: Some(reply.ty.span()), is_async, scratch: None })
        }
        [other, ..] => Err(Problem::over(other, "a handler has no use for this argument").help(
            "it takes the message, then `cx: &mut Cx<'_, Self>`, then `reply: Reply<R>` where it answers later",
        )),
    }
}

/// `async fn f(run: Run<Self>, message: T[, reply: Reply<R>][, scratch: &Scratch])`
pub(super) fn concurrent_handler(signature: &Signature) -> Result<HandlerShape, Problem> {
    let what = "a concurrent handler";
    let help = "write `async fn on_job(run: Run<Self>, job: Job)`, and reach the state in `run.with(|me, cx| ..).await`";
    plain(signature, what)?;
    if signature.asyncness.is_none() {
        return Err(Problem::new(signature.fn_token.span, format!("{what} is `async`")).help(help));
    }
    let arguments: Vec<&FnArg> = signature.inputs.iter().collect();
    let [FnArg::Typed(run), FnArg::Typed(message), rest @ ..] = arguments.as_slice() else {
        return Err(match arguments.first() {
            Some(FnArg::Receiver(receiver)) => {
                Problem::over(receiver, format!("{what} takes `run: Run<Self>` in place of `self`"))
                    .help(help)
            }
            _ => Problem::new(signature.ident.span(), format!("{what} takes `run` and a message")).help(help),
        });
    };
    if last_ident(&run.ty).is_none_or(|name| name != "Run") {
        return Err(Problem::over(&run.ty, format!("{what} takes `run: Run<Self>` first")).help(help));
    }
    if let Type::Reference(reference) = ungrouped(&message.ty) {
        return Err(Problem::over(&message.ty, format!("{what} owns its message")).help(format!(
            "it may outlive what others do with theirs: write `{}`",
            tokens(&reference.elem)
        )));
    }
    if let Some(problem) = has_lifetime(&message.ty) {
        return Err(problem);
    }
    let mut shape =
        HandlerShape { topic: (*message.ty).clone(), cx: None, reply: None, is_async: true, scratch: None };
    let mut rest = rest;
    if let [FnArg::Typed(reply), after @ ..] = rest
        && last_ident(&reply.ty).is_some_and(|name| name == "Reply")
    {
        shape.reply = Some(reply.ty.span());
        rest = after;
    }
    if let [FnArg::Typed(scratch), after @ ..] = rest
        && let Type::Reference(reference) = ungrouped(&scratch.ty)
        && reference.mutability.is_none()
        && last_ident(&reference.elem).is_some_and(|name| name == "Scratch")
    {
        shape.scratch = Some(scratch.ty.span());
        rest = after;
    }
    match rest.first() {
        None => Ok(shape),
        Some(other) => Err(Problem::over(other, format!("{what} has no use for this argument")).help(
            "after `run` and the message it takes `reply: Reply<R>`, then `scratch: &Scratch`, or neither",
        )),
    }
}

/// Whether the first argument is a `Run`.
pub(super) fn takes_run(signature: &Signature) -> bool {
    let Some(FnArg::Typed(first)) = signature.inputs.first() else { return false };
    last_ident(&first.ty).is_some_and(|name| name == "Run")
}

/// `fn f(&mut self, items: Batch<'_, T>[, cx: &mut Cx<'_, Self>])`; `None` where the compiler says what is wrong with
/// the `Batch`.
pub(super) fn batch_handler(signature: &Signature) -> Result<Option<HandlerShape>, Problem> {
    let help = "write `fn on_posts(&mut self, items: Batch<'_, Posted>, cx: &mut Cx<'_, Self>)`";
    let what = "a batch handler";
    if let Some(asyncness) = &signature.asyncness {
        return Err(Problem::new(asyncness.span, format!("{what} is not `async`")).help(help));
    }
    plain(signature, what)?;
    let arguments = after_receiver(signature, what)?;
    let Some((items, rest)) = arguments.split_first() else {
        let text = format!("`{}` takes no messages", signature.ident);
        return Err(Problem::new(signature.ident.span(), text).help(help));
    };
    if last_ident(&items.ty).is_none_or(|name| name != "Batch") {
        return Err(Problem::over(&items.ty, "a batch handler takes a `Batch` of messages").help(help));
    }
    let Some(topic) = batch_of(&items.ty) else { return Ok(None) };
    let (cx, rest) = leading_cx(rest)?;
    match rest.first() {
        None => Ok(Some(HandlerShape { topic, cx, reply: None, is_async: false, scratch: None })),
        Some(other) => Err(Problem::over(other, format!("{what} has no use for this argument")).help(help)),
    }
}

/// `T` of `Batch<'_, T>`.
fn batch_of(ty: &Type) -> Option<Type> {
    let Type::Path(path) = ungrouped(ty) else { return None };
    let last = path.path.segments.last().filter(|segment| segment.ident == "Batch")?;
    let syn::PathArguments::AngleBracketed(arguments) = &last.arguments else { return None };
    arguments.args.iter().find_map(|argument| match argument {
        syn::GenericArgument::Type(ty) => Some(ty.clone()),
        _ => None,
    })
}

/// `fn f(&mut self[, cx: &mut Cx<'_, Self>])`, perhaps async.
pub(super) fn hook(signature: &Signature, what: &str) -> Result<HookShape, Problem> {
    plain(signature, what)?;
    let arguments = after_receiver(signature, what)?;
    let (cx, rest) = leading_cx(&arguments)?;
    match rest.first() {
        None => Ok(HookShape { cx, is_async: signature.asyncness.is_some() }),
        Some(other) => Err(Problem::over(other, format!("{what} has no use for this argument"))
            .help("after `&mut self` it takes `cx: &mut Cx<'_, Self>` or nothing")),
    }
}

/// `fn release(&mut self, child: &Conn[, cx: &mut Cx<'_, Self>])`; gives the child's type, and that of `cx`.
pub(super) fn child_hook(signature: &Signature, what: &str) -> Result<(Type, Option<Span>), Problem> {
    let help = "write `(&mut self, child: &Conn, cx: &mut Cx<'_, Self>)`";
    if let Some(asyncness) = &signature.asyncness {
        return Err(Problem::new(asyncness.span, format!("{what} is not `async`"))
            .help("it looks at the child and returns; do what waits in `run`"));
    }
    plain(signature, what)?;
    let arguments = after_receiver(signature, what)?;
    let Some((child, rest)) = arguments.split_first() else {
        return Err(Problem::new(signature.ident.span(), format!("{what} takes the child")).help(help));
    };
    let Type::Reference(reference) = ungrouped(&child.ty) else {
        return Err(Problem::over(&child.ty, format!("{what} borrows the child"))
            .help(format!("write `&{}`", tokens(&child.ty))));
    };
    if let Some(mutability) = &reference.mutability {
        return Err(
            Problem::new(mutability.span, format!("{what} borrows the child without `mut`")).help(help)
        );
    }
    let (cx, rest) = leading_cx(rest)?;
    match rest.first() {
        None => Ok(((*reference.elem).clone(), cx)),
        Some(other) => Err(Problem::over(other, format!("{what} has no use for this argument")).help(help)),
    }
}

/// `fn on_failure(&mut self, failure: &Failure[, cx: &mut Cx<'_, Self>])`; gives the type of `cx`.
pub(super) fn failure(signature: &Signature) -> Result<Option<Span>, Problem> {
    let help = "write `fn on_failure(&mut self, failure: &Failure, cx: &mut Cx<'_, Self>) -> Decision`";
    let what = "`on_failure`";
    not_async(signature, what, help)?;
    plain(signature, what)?;
    let arguments = after_receiver(signature, what)?;
    let Some((failure, rest)) = arguments.split_first() else {
        return Err(Problem::new(signature.ident.span(), format!("{what} takes the failure")).help(help));
    };
    is_failure(failure, help)?;
    let (cx, rest) = leading_cx(rest)?;
    match rest.first() {
        None => Ok(cx),
        Some(other) => Err(Problem::over(other, format!("{what} has no use for this argument")).help(help)),
    }
}

/// `fn on_failure(failure: &Failure)`, of main.
pub(super) fn main_failure(signature: &Signature) -> Result<(), Problem> {
    let help = "write `fn on_failure(failure: &Failure) -> Decision` on main, with `&mut self` elsewhere";
    let what = "`on_failure`";
    not_async(signature, what, help)?;
    plain(signature, what)?;
    let arguments: Vec<&FnArg> = signature.inputs.iter().collect();
    match arguments.as_slice() {
        [FnArg::Typed(failure)] => is_failure(failure, help),
        [_, second, ..] => {
            Err(Problem::over(second, "main's `on_failure` takes the failure alone").help(help))
        }
        _ => Err(Problem::new(signature.ident.span(), format!("{what} takes the failure")).help(help)),
    }
}

fn not_async(signature: &Signature, what: &str, help: &str) -> Result<(), Problem> {
    match &signature.asyncness {
        Some(asyncness) => Err(Problem::new(asyncness.span, format!("{what} is not `async`")).help(help)),
        None => Ok(()),
    }
}

fn is_failure(argument: &PatType, help: &str) -> Result<(), Problem> {
    let is_it = match ungrouped(&argument.ty) {
        Type::Reference(reference) => {
            reference.mutability.is_none()
                && last_ident(&reference.elem).is_some_and(|name| name == "Failure")
        }
        _ => false,
    };
    if is_it { Ok(()) } else { Err(Problem::over(&argument.ty, "the failure is a `&Failure`").help(help)) }
}

/// A hook the runtime calls to its end at once.
pub(super) fn sync_hook(signature: &Signature, what: &str) -> Result<HookShape, Problem> {
    match &signature.asyncness {
        Some(asyncness) => Err(Problem::new(asyncness.span, format!("{what} is not `async`"))
            .help("do what waits in `async fn run(run: Run<Self>)`, and leave `async` out here")),
        None => hook(signature, what),
    }
}

/// `async fn run(run: Run<Self>)`
pub(super) fn run(signature: &Signature) -> Result<(), Problem> {
    let help = "write `async fn run(run: Run<Self>)`, and reach the state in `run.with(|me, cx| ..).await`";
    plain(signature, "`run`")?;
    if signature.asyncness.is_none() {
        return Err(Problem::new(signature.fn_token.span, "`run` is `async`").help(help));
    }
    let arguments: Vec<&FnArg> = signature.inputs.iter().collect();
    match arguments.as_slice() {
        [FnArg::Typed(only)] if last_ident(&only.ty).is_some_and(|name| name == "Run") => Ok(()),
        [] => Err(Problem::new(signature.ident.span(), "`run` takes `run: Run<Self>`").help(help)),
        [FnArg::Typed(_), second, ..] => Err(Problem::over(second, "`run` takes one argument").help(help)),
        [first, ..] => Err(Problem::over(first, "`run` takes `run: Run<Self>` alone").help(help)),
    }
}

/// `fn on_missed(&mut self, n: u64[, cx: &mut Cx<'_, Self>])`; gives the type of `cx`, where it is taken.
pub(super) fn missed(signature: &Signature) -> Result<Option<Span>, Problem> {
    let help = "write `fn on_missed(&mut self, n: u64, cx: &mut Cx<'_, Self>)`";
    let what = "a `missed` method";
    if let Some(asyncness) = &signature.asyncness {
        return Err(Problem::new(asyncness.span, format!("{what} is not `async`")).help(help));
    }
    plain(signature, what)?;
    let arguments = after_receiver(signature, what)?;
    let Some((count, rest)) = arguments.split_first() else {
        return Err(Problem::new(
            signature.ident.span(),
            format!("{what} takes the number of lost messages"),
        )
        .help(help));
    };
    if last_ident(&count.ty).is_none_or(|name| name != "u64") {
        return Err(Problem::over(&count.ty, "the number of lost messages is a `u64`").help(help));
    }
    let (cx, rest) = leading_cx(rest)?;
    match rest.first() {
        None => Ok(cx),
        Some(other) => Err(Problem::over(other, format!("{what} has no use for this argument")).help(help)),
    }
}

/// Where the compiler should point when the returned value is not what the runtime takes.
pub(super) fn output_span(signature: &Signature) -> Span {
    match &signature.output {
        ReturnType::Type(_, ty) => ty.span(),
        ReturnType::Default => signature.ident.span(),
    }
}

fn plain(signature: &Signature, what: &str) -> Result<(), Problem> {
    if let Some(unsafety) = &signature.unsafety {
        return Err(Problem::new(unsafety.span, format!("{what} is not `unsafe`"))
            .help("the runtime calls it and can keep no promise for you; move the `unsafe` inside"));
    }
    let first =
        signature.generics.params.iter().find(|param| !matches!(param, syn::GenericParam::Lifetime(_)));
    match first {
        Some(param) => Err(Problem::over(param, format!("{what} has no generics of its own"))
            .help("the runtime calls it with one type; write that type")),
        None => Ok(()),
    }
}

fn after_receiver<'s>(signature: &'s Signature, what: &str) -> Result<Vec<&'s PatType>, Problem> {
    let mut arguments = Vec::new();
    let mut receiver = None;
    for argument in &signature.inputs {
        match argument {
            FnArg::Receiver(found) => receiver = Some(found),
            FnArg::Typed(typed) => arguments.push(typed),
        }
    }
    let Some(receiver) = receiver else {
        return Err(Problem::new(
            signature.ident.span(),
            format!("`{}` has no `&mut self`", signature.ident),
        )
        .help(format!("{what} works on the locus: write `fn {}(&mut self, ..)`", signature.ident)));
    };
    match is_mut_reference(receiver) {
        true => Ok(arguments),
        false => Err(Problem::over(receiver, format!("{what} takes `&mut self`"))
            .help("nobody else holds the locus while it runs: write `&mut self`")),
    }
}

fn is_mut_reference(receiver: &Receiver) -> bool {
    match &*receiver.ty {
        Type::Reference(reference) => reference.mutability.is_some(),
        _ => false,
    }
}

fn topic_of(message: &PatType) -> Result<Type, Problem> {
    if cx_form(&message.ty) != CxForm::Other {
        return Err(Problem::over(message, "the message comes before `cx`")
            .help("write `(&mut self, message: &Posted, cx: &mut Cx<'_, Self>)`"));
    }
    let written = &message.ty;
    if batch_of(written).is_some() {
        return Err(Problem::over(written, "a handler takes one message at a time")
            .help("for all that wait at once write `#[on(batch)]`"));
    }
    let Type::Reference(reference) = ungrouped(written) else {
        return Err(Problem::over(written, "a handler borrows its message")
            .help(format!("all subscribers of a pool share it: write `&{}`", tokens(written))));
    };
    if let Some(mutability) = &reference.mutability {
        return Err(Problem::new(mutability.span, "a handler borrows its message without `mut`")
            .help(format!("all subscribers of a pool share it: write `&{}`", tokens(&reference.elem))));
    }
    match has_lifetime(&reference.elem) {
        Some(problem) => Err(problem),
        None => Ok((*reference.elem).clone()),
    }
}

/// A topic owns its data, so its type cannot carry a lifetime.
fn has_lifetime(ty: &Type) -> Option<Problem> {
    let Type::Path(path) = ungrouped(ty) else { return None };
    let syn::PathArguments::AngleBracketed(arguments) = &path.path.segments.last()?.arguments else {
        return None;
    };
    let lifetime =
        arguments.args.iter().find(|argument| matches!(argument, syn::GenericArgument::Lifetime(_)))?;
    Some(
        Problem::over(lifetime, "a topic owns its data, it has no lifetime")
            .help("declare the message without it"),
    )
}

fn leading_cx<'r, 's>(rest: &'r [&'s PatType]) -> Result<(Option<Span>, &'r [&'s PatType]), Problem> {
    let Some((first, after)) = rest.split_first() else { return Ok((None, rest)) };
    match cx_form(&first.ty) {
        CxForm::Right => Ok((Some(first.ty.span()), after)),
        CxForm::Other => Ok((None, rest)),
        CxForm::Wrong => {
            Err(Problem::over(&first.ty, "`cx` is borrowed mutably").help("write `cx: &mut Cx<'_, Self>`"))
        }
    }
}

fn tokens(ty: &Type) -> String {
    quote::ToTokens::to_token_stream(ty).to_string()
}
