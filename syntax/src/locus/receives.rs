//! `receives(..)`: a topic that `run` takes, and the ring it waits in.

use crate::args::{Key, Parsed, Spec, each_arg, parse_all};
use crate::error::{Errors, Problem};
use crate::on::{KeyMatch, ON_FULL_RING, OnFull, key_match};
use crate::value::{Count, Setting};
use proc_macro2::Span;
use syn::parse::ParseStream;
use syn::{Token, Type};

/// One topic that `run` receives.
#[derive(Clone, Debug)]
pub struct ReceivesAttr {
    /// The word `receives`.
    pub key_span: Span,
    /// The topic.
    pub topic: Type,
    /// `key = EXPR` or `key = _`.
    pub key: Option<Setting<KeyMatch>>,
    /// `bounded = N`: the ring between the bus and `run`.
    pub bounded: Option<Setting<Count>>,
    /// `on_full = ..`: what happens when that ring is full.
    pub on_full: Option<Setting<OnFull>>,
}

const RECEIVES: Spec = Spec { attr: "receives(..)", keys: &["key", "bounded", "on_full"], repeat: &[] };

impl ReceivesAttr {
    pub(super) fn parse(key: &Key, input: ParseStream<'_>, errors: &mut Errors) -> Parsed<Option<Self>> {
        let tokens = key.group(input, "Relayed, bounded = 64, on_full = drop_old")?;
        if tokens.is_empty() {
            return Err(Problem::new(key.span, "`receives` names no topic")
                .help("write the topic first: `receives(Relayed, bounded = 64)`"));
        }
        let mut attr = None;
        let mut refused = None;
        parse_all(tokens, errors, |input, errors| {
            let topic = match input.parse::<Type>() {
                Ok(topic) if input.is_empty() || input.peek(Token![,]) => topic,
                _ => {
                    let problem = Problem::new(key.span, "`receives` names its topic first");
                    refused = Some(problem.help("write `receives(Relayed, key = self.room, bounded = 64)`"));
                    return;
                }
            };
            let comma: syn::Result<Option<Token![,]>> = input.parse();
            errors.take(comma);
            let mut found =
                ReceivesAttr { key_span: key.span, topic, key: None, bounded: None, on_full: None };
            each_arg(input, RECEIVES, errors, |key, input, _| {
                match key.name.as_str() {
                    "key" => found.key = Some(key_match(key, input)?),
                    "bounded" => found.bounded = Some(key.count(input, 1)?),
                    _ => found.on_full = Some(key.word(input, &ON_FULL_RING)?),
                }
                Ok(())
            });
            attr = Some(found);
        });
        refused.map_or(Ok(attr), Err)
    }
}
