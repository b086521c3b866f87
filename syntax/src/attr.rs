//! Which attributes are ours, and where each may stand.
//!
//! Short names (`on`, `get`, `place`) belong to us only inside a `#[locus]` item: elsewhere another crate may
//! mean something else by them, so the reader is told the [`Site`] and leaves the rest alone. Names with the
//! crate in front (`locus::allow`) are ours everywhere, also inside `#[cfg_attr(..)]`.

use crate::bind::BindAttr;
use crate::contract::{AllowAttr, BoundedAttr, DenyAttr, MarkAttr, MaxAllocAttr};
use crate::error::{Errors, Problem};
use crate::locus::LocusAttr;
use crate::on::{EveryAttr, OnAttr};
use crate::place::PlaceAttr;
use crate::route::{HttpMethod, RouteAttr};
use crate::topic::TopicAttr;
use proc_macro2::{Span, TokenStream};
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::{Attribute, Meta, Token};

/// One attribute of ours.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "each variant is documented at the type it holds")]
pub enum Attr {
    Locus(LocusAttr),
    Topic(TopicAttr),
    On(OnAttr),
    Every(EveryAttr),
    Place(PlaceAttr),
    Bind(BindAttr),
    /// `#[accept]`
    Accept(MarkAttr),
    /// `#[release]`
    Release(MarkAttr),
    /// `#[scoped]`
    Scoped(MarkAttr),
    Route(RouteAttr),
    Allow(AllowAttr),
    Deny(DenyAttr),
    Bounded(BoundedAttr),
    MaxAlloc(MaxAllocAttr),
    /// `#[locus::hot]`
    Hot(MarkAttr),
    /// `#[locus::no_block]`
    NoBlock(MarkAttr),
}

/// Where an attribute stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Site {
    /// On an item: a struct, an enum, an impl, a function, a module, a static.
    Item,
    /// On the main struct, below `#[locus(main)]`.
    Main,
    /// On a field of a `#[locus(main)]` struct.
    MainField,
    /// On a method of a `#[locus]` impl.
    Method,
    /// Anywhere else, fields of an ordinary `#[locus]` struct, statements and expressions among it.
    Elsewhere,
}

/// Under which condition an attribute is there.
#[derive(Clone, Debug)]
pub enum Condition {
    /// Written plainly.
    Always,
    /// `#[cfg_attr(any(), ..)]`: never for the compiler, always for the checker.
    Annotation,
    /// `#[cfg_attr(PREDICATE, ..)]`.
    When(Box<Meta>),
}

/// An attribute of ours and its condition.
#[derive(Clone, Debug)]
pub struct Found {
    /// What it says.
    pub attr: Attr,
    /// When it says so.
    pub condition: Condition,
}

impl Attr {
    /// The attribute's name in the source.
    #[must_use]
    pub fn span(&self) -> Span {
        match self {
            Self::Locus(attr) => attr.span,
            Self::Topic(attr) => attr.span,
            Self::On(attr) => attr.span,
            Self::Every(attr) => attr.span,
            Self::Place(attr) => attr.span,
            Self::Bind(attr) => attr.span,
            Self::Route(attr) => attr.span,
            Self::Allow(attr) => attr.span,
            Self::Deny(attr) => attr.span,
            Self::Bounded(attr) => attr.span,
            Self::MaxAlloc(attr) => attr.span,
            Self::Accept(mark) | Self::Release(mark) | Self::Scoped(mark) => mark.span,
            Self::Hot(mark) | Self::NoBlock(mark) => mark.span,
        }
    }
}

const CONTRACTS: [&str; 6] = ["allow", "deny", "bounded", "max_alloc", "hot", "no_block"];
const ITEMS: [&str; 2] = ["locus", "topic"];
const METHODS: [&str; 11] =
    ["on", "every", "accept", "release", "scoped", "get", "post", "put", "patch", "delete", "ws"];

/// Whether an attribute with this path is ours where it stands.
#[must_use]
pub fn is_ours(path: &syn::Path, site: Site) -> bool {
    name_of(path, site).is_some()
}

/// Reads all attributes of ours among `attrs`, in order.
pub fn read(attrs: &[Attribute], site: Site, errors: &mut Errors) -> Vec<Found> {
    attrs.iter().flat_map(|attr| read_one(attr, site, errors)).collect()
}

/// Reads one attribute; several come out of a `cfg_attr`, none out of a foreign or a wrong one.
pub fn read_one(attr: &Attribute, site: Site, errors: &mut Errors) -> Vec<Found> {
    if !attr.path().is_ident("cfg_attr") {
        let found = read_meta(&attr.meta, site, errors);
        return found.map(|attr| Found { attr, condition: Condition::Always }).into_iter().collect();
    }
    // A `cfg_attr` that is not ours may hold anything, so only what parses is looked at.
    let Ok(metas) = attr.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated) else {
        return Vec::new();
    };
    let mut metas = metas.into_iter();
    let Some(predicate) = metas.next() else { return Vec::new() };
    let condition = match &predicate {
        Meta::List(list) if list.path.is_ident("any") && list.tokens.is_empty() => Condition::Annotation,
        _ => Condition::When(Box::new(predicate)),
    };
    let found = |meta| Some(Found { attr: read_meta(&meta, site, errors)?, condition: condition.clone() });
    metas.filter_map(found).collect()
}

fn read_meta(meta: &Meta, site: Site, errors: &mut Errors) -> Option<Attr> {
    let name = name_of(meta.path(), site)?;
    let span = meta.path().span();
    let tokens = match meta {
        Meta::Path(_) => TokenStream::new(),
        Meta::List(list) => list.tokens.clone(),
        Meta::NameValue(pair) => {
            errors.push(
                Problem::over(&pair.value, format!("`#[{name}]` takes its arguments in parentheses"))
                    .help(format!("write `#[{name}(..)]`")),
            );
            return None;
        }
    };
    Attr::parse(&name, span, tokens, errors)
}

impl Attr {
    fn parse(name: &str, span: Span, tokens: TokenStream, errors: &mut Errors) -> Option<Self> {
        Some(match name {
            "locus" => Self::Locus(LocusAttr::parse(span, tokens, errors)),
            "topic" => Self::Topic(TopicAttr::parse(span, tokens, errors)),
            "on" => Self::On(OnAttr::parse(span, tokens, errors)),
            "every" => Self::Every(EveryAttr::parse(span, tokens, errors)?),
            "place" => Self::Place(PlaceAttr::parse(span, tokens, errors)),
            "bind" => Self::Bind(BindAttr::parse(span, tokens, errors)),
            "accept" => Self::Accept(MarkAttr::parse(name, span, tokens, errors)),
            "release" => Self::Release(MarkAttr::parse(name, span, tokens, errors)),
            "scoped" => Self::Scoped(MarkAttr::parse(name, span, tokens, errors)),
            "allow" => Self::Allow(AllowAttr::parse(span, tokens, errors)),
            "deny" => Self::Deny(DenyAttr::parse(span, tokens, errors)),
            "bounded" => Self::Bounded(BoundedAttr::parse(span, tokens, errors)?),
            "max_alloc" => Self::MaxAlloc(MaxAllocAttr::parse(span, tokens, errors)?),
            "hot" => Self::Hot(MarkAttr::parse("locus::hot", span, tokens, errors)),
            "no_block" => Self::NoBlock(MarkAttr::parse("locus::no_block", span, tokens, errors)),
            route => {
                let method = HttpMethod::from_name(route)?;
                Self::Route(RouteAttr::parse(method, span, tokens, errors)?)
            }
        })
    }
}

/// The last segment of a path of ours.
fn name_of(path: &syn::Path, site: Site) -> Option<String> {
    let names: Vec<String> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
    match names.as_slice() {
        [krate, name] if krate == "locus" && CONTRACTS.contains(&name.as_str()) => Some(name.clone()),
        [krate, name] if krate == "locus" && in_site(name, site) => Some(name.clone()),
        [name] if in_site(name, site) => Some(name.clone()),
        _ => None,
    }
}

fn in_site(name: &str, site: Site) -> bool {
    match site {
        Site::Item => ITEMS.contains(&name),
        Site::Main => ITEMS.contains(&name) || name == "bind",
        Site::MainField => name == "place",
        Site::Method => METHODS.contains(&name),
        Site::Elsewhere => false,
    }
}
