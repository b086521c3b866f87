//! `#[on(..)]`: which messages a method takes, and how they wait.

mod every;

pub use every::{EveryAttr, Late};

use crate::args::{Key, Parsed, Spec, each_arg, parse_all};
use crate::error::{Errors, Problem};
use crate::value::{Count, Setting};
use proc_macro2::{Ident, Span, TokenStream};
use std::time::Duration;
use syn::parse::ParseStream;
use syn::{Expr, LitStr, Token};

/// Which messages of a keyed topic a subscription takes.
#[derive(Clone, Debug)]
#[expect(clippy::large_enum_variant, reason = "one per attribute, never in a collection")]
pub enum KeyMatch {
    /// `key = EXPR`: those with this key; evaluated once, after `birth`.
    Value(Expr),
    /// `key = _`: those that no keyed subscription takes.
    Unmatched,
}

/// What happens to a message that finds no room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnFull {
    /// It waits, and its publisher with it.
    Block,
    /// The oldest message goes, and is counted.
    DropOld,
    /// It goes itself, and is counted.
    DropNew,
    /// `publish` gives it back.
    Fail,
}

/// Policies of a ring that belongs to one subscription; `fail` is the topic's.
pub(crate) const ON_FULL_RING: [(&str, OnFull); 3] =
    [("block", OnFull::Block), ("drop_old", OnFull::DropOld), ("drop_new", OnFull::DropNew)];

/// A parsed `#[on(..)]`.
#[derive(Clone, Debug)]
pub struct OnAttr {
    /// The attribute's name.
    pub span: Span,
    /// `key = EXPR` or `key = _`.
    pub key: Option<Setting<KeyMatch>>,
    /// `keys`: starts with no key and follows them at run time.
    pub keys: Option<Setting<()>>,
    /// `max = N`: how many keys `keys` may follow.
    pub max: Option<Setting<Count>>,
    /// `bounded = N`: a ring of its own.
    pub bounded: Option<Setting<Count>>,
    /// `on_full = ..` of that ring.
    pub on_full: Option<Setting<OnFull>>,
    /// `missed = method`: hears how many messages the ring lost.
    pub missed: Option<Setting<Ident>>,
    /// `open`: builds the child for an unknown key.
    pub open: Option<Setting<()>>,
    /// `shard`: keys are divided among the replicas.
    pub shard: Option<Setting<()>>,
    /// `any`: each message goes to the least loaded replica.
    pub any: Option<Setting<()>>,
    /// `inline`: called at the publish itself.
    pub inline: Option<Setting<()>>,
    /// `batch`: one activation for all that is there.
    pub batch: Option<Setting<()>>,
    /// `timeout = ".."` of an async handler.
    pub timeout: Option<Setting<Duration>>,
    /// `concurrent = N` calls of an async handler at once.
    pub concurrent: Option<Setting<Count>>,
    /// `subjects = "log.**"`: by subject and bytes instead of by type.
    pub subjects: Option<Setting<LitStr>>,
}

const ON: Spec = Spec {
    attr: "#[on]",
    keys: &[
        "key",
        "keys",
        "max",
        "bounded",
        "on_full",
        "missed",
        "open",
        "shard",
        "any",
        "inline",
        "batch",
        "timeout",
        "concurrent",
        "subjects",
    ],
    repeat: &[],
};

impl OnAttr {
    /// Reads the arguments of an `#[on(..)]` whose name stands at `span`.
    pub fn parse(span: Span, tokens: TokenStream, errors: &mut Errors) -> Self {
        let mut attr = Self::bare(span);
        let before = errors.len();
        parse_all(tokens, errors, |input, errors| {
            each_arg(input, ON, errors, |key, input, _| attr.set(key, input));
        });
        if errors.len() == before {
            for check in [Self::check_ring, Self::check_keys, Self::check_call] {
                errors.take(check(&attr));
            }
        }
        attr
    }

    fn bare(span: Span) -> Self {
        Self {
            span,
            key: None,
            keys: None,
            max: None,
            bounded: None,
            on_full: None,
            missed: None,
            open: None,
            shard: None,
            any: None,
            inline: None,
            batch: None,
            timeout: None,
            concurrent: None,
            subjects: None,
        }
    }

    fn set(&mut self, key: &Key, input: ParseStream<'_>) -> Parsed<()> {
        match key.name.as_str() {
            "key" => self.key = Some(key_match(key, input)?),
            "keys" => self.keys = Some(key.flag(input)?),
            "max" => self.max = Some(key.count(input, 1)?),
            "bounded" => self.bounded = Some(key.count(input, 1)?),
            "on_full" => self.on_full = Some(ring_policy(key, input)?),
            "missed" => self.missed = Some(key.ident(input, "on_missed")?),
            "open" => self.open = Some(key.flag(input)?),
            "shard" => self.shard = Some(key.flag(input)?),
            "any" => self.any = Some(key.flag(input)?),
            "inline" => self.inline = Some(key.flag(input)?),
            "batch" => self.batch = Some(key.flag(input)?),
            "timeout" => self.timeout = Some(key.duration(input)?),
            "concurrent" => self.concurrent = Some(key.count(input, 1)?),
            _ => self.subjects = Some(key.text(input, "\"log.**\"")?),
        }
        Ok(())
    }

    /// `missed` needs a ring that loses, `on_full` a ring. A topic's `drop_old` gives each subscription a
    /// ring too, so `missed` alone is fine.
    fn check_ring(&self) -> Parsed<()> {
        if let (Some(on_full), None) = (&self.on_full, &self.bounded) {
            return Err(Problem::new(on_full.key, "`on_full` without `bounded`")
                .help("say how long the ring is: `bounded = 64`"));
        }
        let blocks = self.on_full.as_ref().is_none_or(|policy| policy.value == OnFull::Block);
        match &self.missed {
            Some(missed) if self.bounded.is_some() && blocks => {
                Err(Problem::new(missed.key, "a ring that blocks misses nothing")
                    .help("write `on_full = drop_old` or `drop_new`, or leave `missed` out"))
            }
            _ => Ok(()),
        }
    }

    fn check_keys(&self) -> Parsed<()> {
        if let (Some(max), None) = (&self.max, &self.keys) {
            return Err(Problem::new(max.key, "`max` without `keys`")
                .help("`max` is how many keys may be followed: `#[on(keys, max = 256)]`"));
        }
        if let (Some(keys), None) = (&self.keys, &self.max) {
            return Err(Problem::new(keys.key, "`keys` without `max`")
                .help("nothing is unbounded: write `#[on(keys, max = 256)]`"));
        }
        let unmatched = matches!(&self.key, Some(Setting { value: KeyMatch::Unmatched, .. }));
        match &self.open {
            Some(open) if !unmatched => Err(Problem::new(open.key, "`open` without `key = _`")
                .help("it takes what no child takes yet: `#[on(key = _, open)]`")),
            _ => self.check_one_of(),
        }
    }

    fn check_one_of(&self) -> Parsed<()> {
        let key = self.key.as_ref().map(|key| key.key);
        let ways = [
            ("key", key),
            ("keys", self.keys.as_ref().map(|keys| keys.key)),
            ("shard", self.shard.as_ref().map(|shard| shard.key)),
            ("any", self.any.as_ref().map(|any| any.key)),
        ];
        let mut given = ways.into_iter().filter_map(|(name, span)| span.map(|span| (name, span)));
        match (given.next(), given.next()) {
            (Some((first, _)), Some((second, span))) => {
                Err(Problem::new(span, format!("`{first}` and `{second}` exclude each other"))
                    .help("a message reaches a subscription in one way; keep one of the two"))
            }
            _ => Ok(()),
        }
    }

    fn check_call(&self) -> Parsed<()> {
        let clash = |a: &Setting<()>, other: &str| {
            Err(Problem::new(a.key, format!("`inline` and `{other}` exclude each other"))
                .help("an inline handler is called at the publish and has no queue"))
        };
        match &self.inline {
            Some(inline) if self.batch.is_some() => clash(inline, "batch"),
            Some(inline) if self.bounded.is_some() => clash(inline, "bounded"),
            Some(inline) if self.concurrent.is_some() => clash(inline, "concurrent"),
            _ => Ok(()),
        }
    }
}

/// `key = EXPR` or `key = _`.
pub(crate) fn key_match(key: &Key, input: ParseStream<'_>) -> Parsed<Setting<KeyMatch>> {
    key.equals(input, "self.id")?;
    let span = input.span();
    if input.peek(Token![_]) {
        input.parse::<Token![_]>()?;
        return Ok(key.setting(KeyMatch::Unmatched, span));
    }
    let expr: Expr = input.parse().map_err(|_| {
        Problem::new(span, "`key` is an expression or `_`")
            .help("write `key = self.id`, a constant, or `key = _`")
    })?;
    Ok(key.setting(KeyMatch::Value(expr), span))
}

fn ring_policy(key: &Key, input: ParseStream<'_>) -> Parsed<Setting<OnFull>> {
    let is_fail = |input: ParseStream<'_>| {
        input.parse::<Token![=]>().is_ok() && input.parse::<Ident>().is_ok_and(|ident| ident == "fail")
    };
    let fork = input.fork();
    if is_fail(&fork) {
        return Err(Problem::new(key.span, "`fail` belongs to the topic")
            .help("only the topic decides what `publish` returns: `#[topic(on_full = fail)]`"));
    }
    key.word(input, &ON_FULL_RING)
}
