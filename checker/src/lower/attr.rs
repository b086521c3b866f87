//! Attributes of ours, as plain data without tokens.
//!
//! The grammar is `locus_syntax`'s; here its result is only copied out of the tree, because tokens cannot
//! leave the thread that parsed them.

use super::Lower;
use super::ir::{Problem, Range, TypeRef};
use super::sym::Sym;
use locus_syntax::{Attr, Condition, Errors, OnFull, Site, Transport};
use serde::{Deserialize, Serialize};
use syn::Attribute;
use syn::spanned::Spanned;

/// Attributes that keep every result of a function.
const MEMOISES: [&str; 3] = ["cached", "concurrent_cached", "memoize"];
/// Attributes that name the method of requests, in front of their path.
const METHODS: [&str; 8] = ["get", "post", "put", "delete", "patch", "head", "options", "route"];
/// Attributes that make a function the handler of requests, whatever they say besides.
const HANDLES: [&str; 3] = ["handler", "endpoint", "oai"];
/// Arguments of theirs that limit what is kept, or keep it elsewhere.
const LIMITS: [&str; 12] = [
    "size",
    "max_size",
    "time",
    "ttl",
    "expires",
    "ty",
    "type",
    "create",
    "redis",
    "disk",
    "Capacity",
    "TimeToLive",
];

/// What `#[locus(..)]` or `#[topic(..)]` says of a type.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum LocusItem {
    /// An ordinary locus, or main.
    Locus(LocusDecl),
    /// A topic.
    Topic(TopicDecl),
}

/// `#[locus(..)]` on a struct.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct LocusDecl {
    /// `#[locus(main)]`.
    pub main: bool,
    /// The attribute.
    pub at: Range,
    /// `publishes(..)`.
    pub publishes: Vec<TypeRef>,
    /// `receives(..)`.
    pub receives: Vec<ReceiveIr>,
    /// `idle = ".."`: it ends by itself when it gets nothing.
    pub idles: bool,
    /// `scratch_bytes_max = ".."`, in bytes.
    pub scratch_bytes_max: Option<u64>,
    /// `children(Type = kind, max = N)`: the type where one is written, whether resident, the ceiling.
    pub children: Vec<(Option<TypeRef>, bool, Option<u64>)>,
    /// `#[bind(..)]`s: the topic, the transport's name, where.
    pub binds: Vec<(TypeRef, Box<str>, Range)>,
}

/// What happens to a message that finds a queue full.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Policy {
    /// It waits, and its publisher with it.
    #[default]
    Block,
    /// The oldest goes.
    DropOld,
    /// It goes itself.
    DropNew,
    /// The publisher gets it back.
    Fail,
}

impl Policy {
    /// As attributes spell it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Block => "block",
            Self::DropOld => "drop_old",
            Self::DropNew => "drop_new",
            Self::Fail => "fail",
        }
    }

    fn of(written: &Option<locus_syntax::Setting<OnFull>>) -> Self {
        match written.as_ref().map(|policy| policy.value) {
            None | Some(OnFull::Block) => Self::Block,
            Some(OnFull::DropOld) => Self::DropOld,
            Some(OnFull::DropNew) => Self::DropNew,
            Some(OnFull::Fail) => Self::Fail,
        }
    }
}

/// A ring that belongs to one subscription.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RingIr {
    /// `bounded = N`, where it is a literal.
    pub bounded: Option<u64>,
    /// `on_full = ..`.
    pub on_full: Policy,
}

/// One topic that `receives(..)` names.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ReceiveIr {
    /// The topic.
    pub topic: TypeRef,
    /// It takes messages of one key only.
    pub keyed: bool,
    /// What they wait in.
    pub ring: RingIr,
}

/// `#[topic(..)]`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct TopicDecl {
    /// The attribute.
    pub at: Range,
    /// Bytes of its arrays, as far as their lengths are literals.
    pub array_bytes: u64,
    /// `subject = ".."`.
    pub subject: Option<Box<str>>,
    /// `bounded = N`, where it is a literal.
    pub bounded: Option<u64>,
    /// `on_full = ..`.
    pub on_full: Policy,
    /// `key = ..`.
    pub keyed: bool,
    /// `reply = R`.
    pub reply: Option<TypeRef>,
    /// `to = Sink`.
    pub to: Option<TypeRef>,
}

/// `#[place(..)]` on a field of main.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PlaceIr {
    /// The attribute.
    pub at: Range,
    /// `pinned`.
    pub pinned: bool,
    /// `pool = ".."`.
    pub pool: Option<Box<str>>,
    /// `replicas = N`, 1 where it is not written.
    pub replicas: u64,
}

/// What makes the runtime call a method.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum MethodRole {
    /// `#[on(..)]`.
    On(OnIr),
    /// `#[every(..)]`.
    Every,
    /// `#[accept]` or `#[release]`.
    Hook,
    /// `#[get(..)]` and its kin.
    Route,
}

/// What `#[on(..)]` says, as far as it matters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OnIr {
    /// The method that hears of missed messages.
    pub missed: Option<Sym>,
    /// Called at the publish itself.
    pub inline: bool,
    /// Takes what is there at once.
    pub batch: bool,
    /// Takes part of the messages: those of some keys, or those that its replica gets.
    pub partly: bool,
    /// A ring of its own.
    pub ring: Option<RingIr>,
}

impl OnIr {
    /// Whether it has a ring of its own that drops what finds no room.
    pub fn drops(&self) -> bool {
        self.ring.is_some_and(|ring| ring.on_full != Policy::Block)
    }
}

/// A promise that the user makes about code, for the checker to hold.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Contract {
    /// What is promised.
    pub kind: ContractKind,
    /// The attribute.
    pub at: Range,
    /// What it stands on.
    pub target: Range,
}

/// What may be promised.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ContractKind {
    /// `#[locus::max_alloc(N)]`.
    MaxAlloc(u64),
    /// `#[locus::no_block]`.
    NoBlock,
    /// `#[locus::hot]`.
    Hot,
    /// `#[locus::bounded(by = ..)]`.
    Bounded,
    /// `#[locus::deny(..)]`: rules with dashes, each where it is named.
    Deny(Vec<(Box<str>, Range)>),
}

/// `#[locus::allow(..)]`, wherever it stands.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Allow {
    /// Rules with dashes, each where it is named.
    pub rules: Vec<(Box<str>, Range)>,
    /// The reason, where one is given.
    pub reason: Option<Box<str>>,
    /// The attribute.
    pub at: Range,
    /// What it stands on.
    pub target: Range,
}

impl Lower<'_> {
    /// The attributes of ours among `attrs`; those that do not parse are noted as problems.
    fn ours(&mut self, attrs: &[Attribute], site: Site) -> Vec<Attr> {
        let mut errors = Errors::new();
        let mut found = Vec::new();
        for attr in attrs.iter().filter(|attr| may_be_ours(attr)) {
            found.extend(locus_syntax::read_one(attr, site, &mut errors));
        }
        for problem in errors.into_problems() {
            let at = self.at(problem.span).to(self.at(problem.end));
            let problem = Problem { at, message: problem.message, help: problem.help };
            if !self.ir.problems.contains(&problem) {
                self.ir.problems.push(problem);
            }
        }
        let applies = |condition: &Condition| match condition {
            Condition::Always | Condition::Annotation => true,
            Condition::When(meta) => self.cfg.eval(meta),
        };
        found.into_iter().filter(|one| applies(&one.condition)).map(|one| one.attr).collect()
    }

    /// Notes the allows and contracts among `attrs`, which stand on `target`.
    pub(crate) fn allows(&mut self, attrs: &[Attribute], target: &impl Spanned) {
        if !attrs.iter().any(may_be_ours) {
            return;
        }
        for attr in self.ours(attrs, Site::Elsewhere) {
            self.contract(&attr, target);
            if let Attr::Allow(allow) = attr {
                let rules = allow.rules.iter().map(|rule| (rule.name.as_str().into(), self.at(rule.span)));
                let rules = rules.collect();
                let reason = allow.reason.map(|reason| reason.value.value().into());
                let (at, target) = (self.at(allow.span), self.join(target));
                self.ir.allows.push(Allow { rules, reason, at, target });
            }
        }
    }

    fn contract(&mut self, attr: &Attr, target: &impl Spanned) {
        let kind = match attr {
            Attr::MaxAlloc(max) => ContractKind::MaxAlloc(max.allocations),
            Attr::NoBlock(_) => ContractKind::NoBlock,
            Attr::Hot(_) => ContractKind::Hot,
            Attr::Bounded(_) => ContractKind::Bounded,
            Attr::Deny(deny) => {
                let rules = deny.rules.iter().map(|rule| (rule.name.as_str().into(), self.at(rule.span)));
                ContractKind::Deny(rules.collect())
            }
            _ => return,
        };
        let (at, target) = (self.at(attr.span()), self.join(target));
        self.ir.contracts.push(Contract { kind, at, target });
    }

    pub(crate) fn locus_item(&mut self, attrs: &[Attribute]) -> Option<Box<LocusItem>> {
        if !attrs.iter().any(may_be_ours) {
            return None;
        }
        let mut decl = None;
        let mut binds = Vec::new();
        // `bind` is ours only below `#[locus(main)]`; that it is main is known when all are read.
        for attr in self.ours(attrs, Site::Main) {
            match attr {
                Attr::Locus(locus) => decl = Some(LocusItem::Locus(self.locus_decl(&locus))),
                Attr::Topic(topic) => decl = Some(LocusItem::Topic(self.topic_decl(&topic))),
                Attr::Bind(bind) => {
                    for binding in &bind.bindings {
                        let transport = match binding.transport.value {
                            Transport::Unix => "unix",
                            Transport::Shm => "shm",
                            Transport::Nats => "nats",
                        };
                        let at = self.at(binding.transport.key).to(self.at(binding.transport.span));
                        binds.push((self.ty(&binding.topic), transport.into(), at));
                    }
                }
                _ => {}
            }
        }
        if let Some(LocusItem::Locus(decl)) = &mut decl {
            decl.binds = binds;
        }
        decl.map(Box::new)
    }

    fn locus_decl(&mut self, locus: &locus_syntax::LocusAttr) -> LocusDecl {
        let children = locus.children.iter().map(|child| {
            let resident =
                child.child.as_ref().is_some_and(|(_, kind)| kind.value == locus_syntax::ChildKind::Resident);
            let ty = child.child.as_ref().map(|(ty, _)| ty);
            (ty, resident, child.max.as_ref().and_then(|max| max.value.known()))
        });
        LocusDecl {
            main: locus.main.is_some(),
            idles: locus.idle.is_some(),
            scratch_bytes_max: locus.scratch_bytes_max.as_ref().map(|bytes| bytes.value),
            at: self.at(locus.span),
            publishes: locus.publishes.iter().map(|ty| self.ty(ty)).collect(),
            receives: locus.receives.iter().map(|one| self.receive(one)).collect(),
            children: children.map(|(ty, resident, max)| (ty.map(|ty| self.ty(ty)), resident, max)).collect(),
            binds: Vec::new(),
        }
    }

    fn receive(&mut self, one: &locus_syntax::ReceivesAttr) -> ReceiveIr {
        let bounded = one.bounded.as_ref().and_then(|bound| bound.value.known());
        ReceiveIr {
            topic: self.ty(&one.topic),
            keyed: one.key.is_some(),
            ring: RingIr { bounded, on_full: Policy::of(&one.on_full) },
        }
    }

    fn topic_decl(&mut self, topic: &locus_syntax::TopicAttr) -> TopicDecl {
        TopicDecl {
            at: self.at(topic.span),
            array_bytes: 0,
            subject: topic.subject.as_ref().map(|subject| subject.value.value().into()),
            bounded: topic.bounded.as_ref().and_then(|bound| bound.value.known()),
            on_full: Policy::of(&topic.on_full),
            keyed: topic.key.is_some(),
            reply: topic.reply.as_ref().map(|reply| self.ty(&reply.value)),
            to: topic.to.as_ref().map(|to| self.ty(&to.value)),
        }
    }

    pub(crate) fn is_locus_impl(&self, attrs: &[Attribute]) -> bool {
        attrs.iter().any(|attr| {
            let path = attr.path();
            path.is_ident("locus")
                || (path.segments.len() == 2 && path.segments.iter().all(|segment| segment.ident == "locus"))
        })
    }

    pub(crate) fn place(&mut self, attrs: &[Attribute]) -> Option<Box<PlaceIr>> {
        let place = self.ours(attrs, Site::MainField).into_iter().find_map(|attr| match attr {
            Attr::Place(place) => Some(place),
            _ => None,
        })?;
        Some(Box::new(PlaceIr {
            at: self.at(place.span),
            pinned: place.pinned.is_some(),
            pool: place.pool.as_ref().map(|pool| pool.value.value().into()),
            replicas: place.replicas.as_ref().map_or(1, |replicas| replicas.value),
        }))
    }

    /// An attribute of a foreign crate that keeps what a function gave for each of its arguments, for ever.
    pub(crate) fn memoised(&self, attrs: &[Attribute]) -> Option<Range> {
        let memoises = attrs.iter().find(|attr| {
            let last = attr.path().segments.last();
            last.is_some_and(|last| MEMOISES.iter().any(|name| last.ident == *name))
        })?;
        let limited = match &memoises.meta {
            syn::Meta::List(list) => list.tokens.clone().into_iter().any(|token| {
                matches!(token, proc_macro2::TokenTree::Ident(name) if LIMITS.iter().any(|limit| name == *limit))
            }),
            _ => false,
        };
        (!limited).then(|| self.at(memoises.path().span()))
    }

    pub(crate) fn method_role(&mut self, attrs: &[Attribute]) -> Option<Box<MethodRole>> {
        let role = self.ours(attrs, Site::Method).into_iter().find_map(|attr| match attr {
            Attr::On(on) => Some(MethodRole::On(OnIr {
                missed: on.missed.as_ref().map(|name| self.sym(&name.value)),
                inline: on.inline.is_some(),
                batch: on.batch.is_some(),
                partly: on.key.is_some() || on.keys.is_some() || on.shard.is_some() || on.any.is_some(),
                ring: (on.bounded.is_some() || on.on_full.is_some()).then(|| RingIr {
                    bounded: on.bounded.as_ref().and_then(|bound| bound.value.known()),
                    on_full: Policy::of(&on.on_full),
                }),
            })),
            Attr::Every(_) => Some(MethodRole::Every),
            Attr::Accept(_) | Attr::Release(_) => Some(MethodRole::Hook),
            Attr::Route(_) => Some(MethodRole::Route),
            _ => None,
        })?;
        Some(Box::new(role))
    }
}

/// An attribute that makes a function the handler of requests: `#[post("/login")]`, `#[handler]`.
pub(super) fn is_route(attr: &Attribute) -> bool {
    let Some(last) = attr.path().segments.last() else { return false };
    let is = |names: &[&str]| names.iter().any(|name| last.ident == *name);
    let first = || match &attr.meta {
        syn::Meta::List(list) => list.tokens.clone().into_iter().next(),
        _ => None,
    };
    is(&HANDLES) || is(&METHODS) && first().is_some_and(|token| token.to_string().starts_with("\"/"))
}

/// An attribute that makes a function the program: `#[launch]`.
pub(super) fn begins(attr: &Attribute) -> bool {
    attr.path().segments.last().is_some_and(|last| last.ident == "launch")
}

/// A quick look that spares documentation comments and derives the full reading.
fn may_be_ours(attr: &Attribute) -> bool {
    const FOREIGN: [&str; 12] = [
        "doc",
        "derive",
        "cfg",
        "allow",
        "inline",
        "must_use",
        "serde",
        "expect",
        "test",
        "deprecated",
        "error",
        "arg",
    ];
    let path = attr.path();
    let Some(first) = path.segments.first() else { return false };
    path.segments.len() > 1 && first.ident == "locus"
        || path.segments.len() == 1 && !FOREIGN.iter().any(|name| first.ident == *name)
}
