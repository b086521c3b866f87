//! A `#[locus] impl` as plain data: its handlers, timers and hooks, and the impl as it is re-emitted.

mod role;

use super::signature;
use crate::cx::name_scratch;
use crate::diag::{not_built, refuse};
use crate::output::{cfgs, strip};
use locus_syntax::{Count, Errors, EveryAttr, KeyMatch, Late, OnAttr, OnFull, Problem, Setting, Site, read};
use proc_macro2::{Ident, Span};
use quote::ToTokens;
use role::Role;
use std::time::Duration;
use syn::{Attribute, Expr, ImplItem, ImplItemFn, ItemImpl, Signature, Type, parse_quote};

/// A checked impl.
pub(super) struct Model {
    /// Without our attributes, with hollow bodies and named scratch lifetimes.
    pub(super) item: ItemImpl,
    pub(super) cfgs: Vec<Attribute>,
    pub(super) handlers: Vec<Handler>,
    pub(super) timers: Vec<Timer>,
    pub(super) hooks: Vec<Hook>,
    pub(super) child_hooks: Vec<ChildHook>,
    /// Whether it is the impl of a main: it has an `on_failure` without `self`.
    pub(super) is_main: bool,
    /// That method, if it is in order.
    pub(super) main_failure: Option<Ident>,
}

/// A method that takes a topic.
pub(super) struct Handler {
    pub(super) method: Ident,
    pub(super) cfgs: Vec<Attribute>,
    pub(super) shape: signature::HandlerShape,
    pub(super) output: Span,
    pub(super) key: Option<Expr>,
    pub(super) which: Which,
    pub(super) bounded: Option<Count>,
    pub(super) on_full: Option<OnFull>,
    pub(super) missed: Option<Missed>,
    pub(super) is_batch: bool,
    /// Called at the publish itself.
    pub(super) is_inline: bool,
    pub(super) timeout: Option<Duration>,
    /// How many calls at once.
    pub(super) concurrent: Option<locus_syntax::Count>,
}

/// Which messages a subscription takes.
#[derive(Clone)]
pub(super) enum Which {
    All,
    Key,
    /// The word `keys`, and how many it may follow.
    Keys(Span, Box<Count>),
    /// The word `key`.
    Unmatched(Span),
    Shard,
    Any,
}

impl Which {
    fn of(attr: &OnAttr) -> Self {
        match (&attr.key, &attr.keys, &attr.max) {
            (Some(Setting { value: KeyMatch::Value(_), .. }), ..) => Self::Key,
            (Some(Setting { value: KeyMatch::Unmatched, key, .. }), ..) => Self::Unmatched(*key),
            (None, Some(keys), Some(max)) => Self::Keys(keys.key, Box::new(max.value.clone())),
            _ if attr.shard.is_some() => Self::Shard,
            _ if attr.any.is_some() => Self::Any,
            _ => Self::All,
        }
    }
}

/// The method that hears what a handler's ring lost.
pub(super) struct Missed {
    pub(super) method: Ident,
    pub(super) cx: Option<Span>,
    pub(super) output: Span,
}

/// A method that runs at intervals.
pub(super) struct Timer {
    pub(super) method: Ident,
    pub(super) cfgs: Vec<Attribute>,
    pub(super) cx: Option<Span>,
    pub(super) output: Span,
    pub(super) period: Duration,
}

/// How many timers a locus may have.
const TIMERS_MAX: usize = 64;

/// A method the runtime knows by its name.
pub(super) struct Hook {
    pub(super) kind: HookKind,
    pub(super) cfgs: Vec<Attribute>,
    pub(super) method: Ident,
    pub(super) cx: Option<Span>,
    pub(super) is_async: bool,
    pub(super) output: Span,
}

/// What a parent does about children of one type.
pub(super) struct ChildHook {
    pub(super) kind: ChildHookKind,
    pub(super) cfgs: Vec<Attribute>,
    pub(super) method: Ident,
    pub(super) child: Type,
    pub(super) cx: Option<Span>,
    pub(super) output: Span,
}

/// When it does that.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum ChildHookKind {
    /// Before the birth.
    Accept,
    /// After the end.
    Release,
}

/// Which step of the lifecycle.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum HookKind {
    Birth,
    Run,
    Drain,
    Dissolve,
    OnFailure,
}

impl Model {
    /// Reads every method; what is wrong is reported and left out.
    pub(super) fn new(mut item: ItemImpl, errors: &mut Errors) -> Self {
        read(&item.attrs, Site::Elsewhere, errors);
        let mut model = Self {
            cfgs: cfgs(&item.attrs),
            handlers: Vec::new(),
            timers: Vec::new(),
            hooks: Vec::new(),
            child_hooks: Vec::new(),
            is_main: false,
            main_failure: None,
            item: item.clone(),
        };
        for method in methods(&item) {
            model.add(method, &item, errors);
        }
        model.check_followers(errors);
        few_timers(&mut model.timers, errors);
        one_inline_each(&mut model.handlers, errors);
        model.check_main(errors);
        strip(&mut item.attrs, Site::Elsewhere);
        for item in &mut item.items {
            match item {
                ImplItem::Fn(method) => {
                    strip(&mut method.attrs, Site::Method);
                    if name_scratch(&mut method.sig) {
                        method.attrs.push(parse_quote!(#[allow(
                            clippy::elidable_lifetime_names,
                            clippy::needless_lifetimes,
                            reason = "the name is for the compiler's messages"
                        )]));
                    }
                }
                ImplItem::Const(item) => strip(&mut item.attrs, Site::Elsewhere),
                _ => {}
            }
        }
        model.item = item;
        model
    }

    /// `follow` says which topic, and so which handler: there is one.
    fn check_followers(&mut self, errors: &mut Errors) {
        let mut topics: Vec<String> = Vec::new();
        self.handlers.retain(|handler| {
            let Which::Keys(span, _) = &handler.which else { return true };
            let topic = handler.shape.topic.to_token_stream().to_string();
            // Those of other configurations do not meet.
            if topics.contains(&topic) && handler.cfgs.is_empty() {
                errors.push(
                    Problem::new(*span, format!("another handler follows keys of `{topic}` already"))
                        .help("`cx.follow` names the topic alone: let one handler take its messages"),
                );
                return false;
            }
            topics.push(topic);
            true
        });
    }

    fn add(&mut self, method: &ImplItemFn, item: &ItemImpl, errors: &mut Errors) {
        let before = errors.len();
        let role = Role::of(method, errors);
        let is_clean = errors.len() == before;
        let Some(role) = role else { return };
        match role {
            Role::On(attr) => self.handlers.extend(handler(method, &attr, item, is_clean, errors)),
            Role::Every(attr) => self.timers.extend(timer(method, &attr, errors)),
            Role::Hook(HookKind::OnFailure) if method.sig.receiver().is_none() => {
                self.is_main = true;
                if errors.take(signature::main_failure(&method.sig)).is_some() {
                    self.main_failure = Some(method.sig.ident.clone());
                }
            }
            Role::Hook(kind) => self.hooks.extend(hook(method, kind, errors)),
            Role::Child(kind) => self.add_child_hook(method, kind, errors),
        }
    }
}

impl Model {
    /// A main only composes: its impl has nothing but `on_failure`.
    fn check_main(&mut self, errors: &mut Errors) {
        if !self.is_main {
            return;
        }
        let handlers = self.handlers.iter().map(|handler| &handler.method);
        let timers = self.timers.iter().map(|timer| &timer.method);
        let hooks = self.hooks.iter().map(|hook| &hook.method);
        let child_hooks = self.child_hooks.iter().map(|hook| &hook.method);
        if let Some(method) = handlers.chain(timers).chain(hooks).chain(child_hooks).next() {
            errors.push(
                Problem::new(
                    method.span(),
                    "an `on_failure` without `&mut self` is main's, which has no other methods",
                )
                .help("main only composes: move this to a part, or give `on_failure` its `&mut self`"),
            );
        }
    }

    fn add_child_hook(&mut self, method: &ImplItemFn, kind: ChildHookKind, errors: &mut Errors) {
        let what = match kind {
            ChildHookKind::Accept => "`accept`",
            ChildHookKind::Release => "`release`",
        };
        let Some((child, cx)) = errors.take(signature::child_hook(&method.sig, what)) else { return };
        let text = child.to_token_stream().to_string();
        let cfgs = cfgs(&method.attrs);
        let is_same = |hook: &&ChildHook| {
            hook.kind == kind && cfgs.is_empty() && hook.child.to_token_stream().to_string() == text
        };
        if self.child_hooks.iter().any(|hook| is_same(&hook)) {
            errors.push(
                Problem::over(&child, format!("`{text}` has two {what} hooks")).help("keep one of them"),
            );
            return;
        }
        let output = signature::output_span(&method.sig);
        self.child_hooks.push(ChildHook { kind, cfgs, method: method.sig.ident.clone(), child, cx, output });
    }
}

fn methods(item: &ItemImpl) -> impl Iterator<Item = &ImplItemFn> {
    item.items.iter().filter_map(|item| match item {
        ImplItem::Fn(method) => Some(method),
        _ => None,
    })
}

fn handler(
    method: &ImplItemFn,
    attr: &OnAttr,
    item: &ItemImpl,
    is_clean: bool,
    errors: &mut Errors,
) -> Option<Handler> {
    if is_clean {
        built(attr, errors);
    }
    let missed = attr.missed.as_ref().filter(|_| is_clean);
    let missed = missed.and_then(|missed| find_missed(missed, item, errors));
    let is_batch = attr.batch.is_some();
    if !is_clean && (attr.concurrent.is_some() || signature::takes_run(&method.sig)) {
        // What is wrong with the attribute leaves open how the method should look.
        return None;
    }
    let shape = match (is_batch, &attr.concurrent) {
        (true, _) => signature::batch_handler(&method.sig),
        (false, Some(_)) => signature::concurrent_handler(&method.sig).map(Some),
        (false, None) => signature::handler(&method.sig).map(Some),
    };
    let shape = errors.take(shape)??;
    if is_clean {
        errors.take(waits(attr, shape.is_async));
    }
    let is_inline = is_clean && errors.take(inline(attr, &shape, &method.sig)).unwrap_or(false);
    let key = match &attr.key {
        Some(Setting { value: KeyMatch::Value(key), .. }) => Some(key.clone()),
        _ => None,
    };
    Some(Handler {
        method: method.sig.ident.clone(),
        cfgs: cfgs(&method.attrs),
        shape,
        output: signature::output_span(&method.sig),
        key,
        which: Which::of(attr),
        bounded: attr.bounded.as_ref().map(|bounded| bounded.value.clone()),
        on_full: attr.on_full.as_ref().map(|on_full| on_full.value),
        missed,
        is_batch,
        is_inline,
        timeout: attr.timeout.as_ref().map(|timeout| timeout.value),
        concurrent: attr.concurrent.as_ref().map(|concurrent| concurrent.value.clone()),
    })
}

/// What belongs on an `async` handler alone.
fn waits(attr: &OnAttr, is_async: bool) -> Result<(), Problem> {
    if let (Some(concurrent), true) = (&attr.concurrent, attr.batch.is_some()) {
        return Err(Problem::new(concurrent.key, "`batch` and `concurrent` exclude each other")
            .help("a batch is one activation for all that waits; keep one of the two"));
    }
    if let (Some(_), Some(missed)) = (&attr.concurrent, &attr.missed) {
        return Err(Problem::new(missed.key, "`missed` and `concurrent` exclude each other").help(
            "calls that run beside each other have no order in which to tell; losses are counted and logged",
        ));
    }
    match &attr.timeout {
        Some(timeout) if !is_async => Err(Problem::new(
            timeout.key,
            "`timeout` belongs on an `async` handler",
        )
        .help(
            "a plain one ends before anything else happens on its pool: write `async fn`, or leave it out",
        )),
        _ => Ok(()),
    }
}

/// Whether a handler is inline: called inside another's activation, it has nothing of one.
fn inline(attr: &OnAttr, shape: &signature::HandlerShape, method: &Signature) -> Result<bool, Problem> {
    if attr.inline.is_none() {
        return Ok(false);
    }
    let help = "it is called at the publish, inside the publisher's activation: write \
                `fn on_line(&mut self, line: &Line)`, or leave `inline` out";
    match (&method.asyncness, shape.cx, shape.reply) {
        (Some(asyncness), ..) => {
            Err(Problem::new(asyncness.span, "an inline handler is not `async`").help(help))
        }
        (_, Some(cx), _) => Err(Problem::new(cx, "an inline handler has no `cx`").help(help)),
        (_, _, Some(reply)) => Err(Problem::new(reply, "an inline handler answers nothing").help(help)),
        _ => Ok(true),
    }
}

/// A topic that is called straight has one handler to call.
fn one_inline_each(handlers: &mut [Handler], errors: &mut Errors) {
    let mut seen = Vec::new();
    for handler in handlers.iter_mut().filter(|handler| handler.is_inline && handler.cfgs.is_empty()) {
        let topic = handler.shape.topic.to_token_stream().to_string();
        if seen.contains(&topic) {
            handler.is_inline = false;
            errors.push(
                Problem::over(&handler.shape.topic, "two inline handlers for one topic")
                    .help("one of them can be called at the publish; leave `inline` out at the other"),
            );
        }
        seen.push(topic);
    }
}

/// The pool notes with a bit each which timers are due of a locus that is not ready.
fn few_timers(timers: &mut Vec<Timer>, errors: &mut Errors) {
    if let Some(timer) = timers.get(TIMERS_MAX) {
        errors.push(
            Problem::new(timer.method.span(), format!("a locus has at most {TIMERS_MAX} timers"))
                .help("let one timer of this period do what several do"),
        );
        timers.truncate(TIMERS_MAX);
    }
}

fn built(attr: &OnAttr, errors: &mut Errors) {
    refuse(attr.subjects.as_ref(), "`subjects`", errors);
}

fn find_missed(missed: &Setting<Ident>, item: &ItemImpl, errors: &mut Errors) -> Option<Missed> {
    let name = &missed.value;
    let Some(method) = methods(item).find(|method| method.sig.ident == *name) else {
        errors.push(
            Problem::new(name.span(), format!("no method `{name}` in this impl")).help(format!(
                "write `fn {name}(&mut self, n: u64, cx: &mut Cx<'_, Self>)` beside the handler"
            )),
        );
        return None;
    };
    let cx = errors.take(signature::missed(&method.sig))?;
    Some(Missed { method: name.clone(), cx, output: signature::output_span(&method.sig) })
}

fn timer(method: &ImplItemFn, attr: &EveryAttr, errors: &mut Errors) -> Option<Timer> {
    if let Some(Setting { value: Late::CatchUp, key, .. }) = &attr.late {
        errors.push(not_built(*key, "`late = catch_up`"));
    }
    let shape = errors.take(match &method.sig.asyncness {
        Some(asyncness) => Err(not_built(asyncness.span, "an `async` timer")),
        None => signature::hook(&method.sig, "a timer"),
    })?;
    Some(Timer {
        method: method.sig.ident.clone(),
        cfgs: cfgs(&method.attrs),
        cx: shape.cx,
        output: signature::output_span(&method.sig),
        period: attr.period.value,
    })
}

fn hook(method: &ImplItemFn, kind: HookKind, errors: &mut Errors) -> Option<Hook> {
    let signature = &method.sig;
    let (cx, is_async) = match kind {
        HookKind::Run => errors.take(signature::run(signature)).map(|()| (None, true))?,
        HookKind::Birth => errors.take(signature::hook(signature, "`birth`")).map(|s| (s.cx, s.is_async))?,
        HookKind::Drain => errors.take(signature::sync_hook(signature, "`drain`")).map(|s| (s.cx, false))?,
        HookKind::OnFailure => errors.take(signature::failure(signature)).map(|cx| (cx, false))?,
        HookKind::Dissolve => {
            errors.take(signature::sync_hook(signature, "`dissolve`")).map(|s| (s.cx, false))?
        }
    };
    Some(Hook {
        kind,
        cfgs: cfgs(&method.attrs),
        method: signature.ident.clone(),
        cx,
        is_async,
        output: signature::output_span(signature),
    })
}
