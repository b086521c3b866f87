//! `#[topic(..)]`: how messages of a type travel.

use crate::args::{Key, Parsed, Spec, each_arg, parenthesized, parse_all};
use crate::error::{Errors, Problem};
use crate::on::OnFull;
use crate::value::{Count, Setting};
use proc_macro2::{Span, TokenStream};
use syn::parse::{ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::{LitStr, Member, Token, Type};

/// A parsed `#[topic(..)]`.
#[derive(Clone, Debug)]
pub struct TopicAttr {
    /// The attribute's name.
    pub span: Span,
    /// `key = field` or `key = (a, b)`: the fields messages are routed by; never empty.
    pub key: Option<Setting<Vec<Member>>>,
    /// `bounded = N`: credits of a source pool towards a destination pool.
    pub bounded: Option<Setting<Count>>,
    /// `on_full = ..`: what happens without a credit.
    pub on_full: Option<Setting<OnFull>>,
    /// `per_locus = N`: what one subscriber may hold of the credits.
    pub per_locus: Option<Setting<Count>>,
    /// `on_slow = ..`: what happens to a subscriber over `per_locus`.
    pub on_slow: Option<Setting<OnFull>>,
    /// `subject = ".."`: its name outside the program.
    pub subject: Option<Setting<LitStr>>,
    /// `reply = R`: asked, not published.
    pub reply: Option<Setting<Type>>,
    /// `single`: has one subscriber and need not be `Clone`.
    pub single: Option<Setting<()>>,
    /// `to = Sink`: the one locus type it is called on directly.
    pub to: Option<Setting<Type>>,
    /// `encode`: seen by wildcards as subject and bytes.
    pub encode: Option<Setting<()>>,
}

const SPEC: Spec = Spec {
    attr: "#[topic]",
    keys: &[
        "key",
        "bounded",
        "on_full",
        "per_locus",
        "on_slow",
        "subject",
        "reply",
        "single",
        "to",
        "encode",
    ],
    repeat: &[],
};

const ON_FULL: [(&str, OnFull); 4] = [
    ("block", OnFull::Block),
    ("drop_old", OnFull::DropOld),
    ("drop_new", OnFull::DropNew),
    ("fail", OnFull::Fail),
];

const ON_SLOW: [(&str, OnFull); 2] = [("drop_old", OnFull::DropOld), ("drop_new", OnFull::DropNew)];

impl TopicAttr {
    /// Reads the arguments of a `#[topic(..)]` whose name stands at `span`.
    pub fn parse(span: Span, tokens: TokenStream, errors: &mut Errors) -> Self {
        let mut attr = Self {
            span,
            key: None,
            bounded: None,
            on_full: None,
            per_locus: None,
            on_slow: None,
            subject: None,
            reply: None,
            single: None,
            to: None,
            encode: None,
        };
        let before = errors.len();
        parse_all(tokens, errors, |input, errors| {
            each_arg(input, SPEC, errors, |key, input, _| attr.set(key, input));
        });
        if errors.len() == before {
            for check in [Self::check_slow, Self::check_reply, Self::check_subject] {
                errors.take(check(&attr));
            }
        }
        attr
    }

    fn set(&mut self, key: &Key, input: ParseStream<'_>) -> Parsed<()> {
        match key.name.as_str() {
            "key" => self.key = Some(members(key, input)?),
            "bounded" => self.bounded = Some(key.count(input, 1)?),
            "on_full" => self.on_full = Some(key.word(input, &ON_FULL)?),
            "per_locus" => self.per_locus = Some(key.count(input, 1)?),
            "on_slow" => self.on_slow = Some(key.word(input, &ON_SLOW)?),
            "subject" => self.subject = Some(key.text(input, "\"chat.posted\"")?),
            "reply" => self.reply = Some(key.ty(input, "Answer")?),
            "single" => self.single = Some(key.flag(input)?),
            "to" => self.to = Some(key.ty(input, "Sink")?),
            _ => self.encode = Some(key.flag(input)?),
        }
        Ok(())
    }

    fn check_slow(&self) -> Parsed<()> {
        match (&self.per_locus, &self.on_slow) {
            (None, Some(slow)) => Err(Problem::new(slow.key, "`on_slow` without `per_locus`")
                .help("say how much one subscriber may hold: `per_locus = 256`")),
            (Some(most), None) => Err(Problem::new(most.key, "`per_locus` without `on_slow`")
                .help("say what a slow subscriber loses: `on_slow = drop_new`")),
            (Some(most), Some(_)) if self.drops_old() => {
                Err(Problem::new(most.key, "`per_locus` beside `on_full = drop_old`")
                    .help("each subscription has a ring already: its bound is `bounded`"))
            }
            _ => Ok(()),
        }
    }

    fn drops_old(&self) -> bool {
        matches!(&self.on_full, Some(policy) if policy.value == OnFull::DropOld)
    }

    fn check_reply(&self) -> Parsed<()> {
        let is_slow_dropped = matches!(&self.on_slow, Some(policy) if policy.value == OnFull::DropOld);
        match &self.reply {
            Some(reply) if self.drops_old() || is_slow_dropped => {
                Err(Problem::new(reply.key, "a question is never dropped as old")
                    .help("let the new one go: write `on_full = fail`, or `on_slow = drop_new`"))
            }
            _ => Ok(()),
        }
    }

    /// Subjects are dotted names: what NATS takes and what a file name could be.
    fn check_subject(&self) -> Parsed<()> {
        let Some(subject) = &self.subject else { return Ok(()) };
        let text = subject.value.value();
        let word = |part: &str| {
            !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))
        };
        if text.split('.').all(word) {
            return Ok(());
        }
        Err(Problem::over(&subject.value, format!("`{text}` is not a subject"))
            .help("write words of letters, digits, `_` and `-`, joined by dots: \"chat.posted\""))
    }
}

fn members(key: &Key, input: ParseStream<'_>) -> Parsed<Setting<Vec<Member>>> {
    key.equals(input, "room")?;
    let span = input.span();
    let wrong = || {
        Problem::new(span, "`key` names fields of the topic")
            .help("write a field's name, `key = room`, or several, `key = (room, user)`")
    };
    let members: Vec<Member> = if input.peek(syn::token::Paren) {
        let several = Punctuated::<Member, Token![,]>::parse_terminated;
        several.parse2(parenthesized(input)?).map_err(|_| wrong())?.into_iter().collect()
    } else {
        vec![input.parse().map_err(|_| wrong())?]
    };
    if members.is_empty() {
        return Err(wrong());
    }
    Ok(key.setting(members, span))
}
