//! A topic as plain data: what its `Topic` impl says.

use crate::diag;
use locus_syntax::{Count, Errors, OnFull, Problem, TopicAttr, nearest, snake_case};
use proc_macro2::Ident;
use quote::ToTokens;
use syn::{Attribute, Fields, Generics, Item, Member, Type};

/// A checked topic.
pub(super) struct Model {
    pub(super) ident: Ident,
    pub(super) cfgs: Vec<Attribute>,
    /// The fields messages are routed by, with their types; none when unkeyed.
    pub(super) key: Vec<(Member, Type)>,
    pub(super) subject: String,
    pub(super) bounded: Option<Count>,
    pub(super) on_full: OnFull,
    pub(super) per_locus: Option<Count>,
    pub(super) on_slow: OnFull,
    pub(super) single: bool,
    pub(super) reply: Option<Type>,
    /// The locus that takes the topic inline.
    pub(super) to: Option<Type>,
}

impl Model {
    /// Builds the model; `None` when the item cannot be a topic at all.
    pub(super) fn new(attr: &TopicAttr, item: &Item, errors: &mut Errors) -> Option<Self> {
        let (ident, generics, attrs) = match item {
            Item::Struct(item) => (&item.ident, &item.generics, &item.attrs),
            Item::Enum(item) => (&item.ident, &item.generics, &item.attrs),
            other => {
                errors.push(
                    Problem::over(first_token(other), "`#[topic]` belongs on a struct or an enum")
                        .help("write it above the type of the message"),
                );
                return None;
            }
        };
        if !is_concrete(generics, errors) {
            return None;
        }
        let subject =
            attr.subject.as_ref().map_or_else(|| snake_case(&ident.to_string()), |text| text.value.value());
        Some(Self {
            ident: ident.clone(),
            cfgs: crate::output::cfgs(attrs),
            key: key_fields(attr, item, errors),
            subject,
            bounded: attr.bounded.as_ref().map(|bounded| bounded.value.clone()),
            on_full: attr.on_full.as_ref().map_or(OnFull::Block, |on_full| on_full.value),
            per_locus: attr.per_locus.as_ref().map(|most| most.value.clone()),
            on_slow: attr.on_slow.as_ref().map_or(OnFull::DropNew, |on_slow| on_slow.value),
            single: attr.single.is_some(),
            reply: attr.reply.as_ref().map(|reply| reply.value.clone()),
            to: attr.to.as_ref().map(|to| to.value.clone()),
        })
    }
}

fn first_token(item: &Item) -> proc_macro2::TokenStream {
    item.to_token_stream().into_iter().take(1).collect()
}

/// A message may wait, cross threads and be kept: it owns its data. It also has one number per program, which
/// a generic type cannot have.
fn is_concrete(generics: &Generics, errors: &mut Errors) -> bool {
    let help = "a message owns its data: use `String`, `Text<N>` or `Arc<str>` instead of a borrow";
    if diag::refuse_lifetimes(generics, "a topic", help, errors) {
        return false;
    }
    let first = generics.params.iter().next();
    if let Some(param) = first {
        errors.push(
            Problem::over(param, "a topic has no generics")
                .help("write one concrete type for each message; a newtype around the generic one will do"),
        );
    }
    first.is_none()
}

fn key_fields(attr: &TopicAttr, item: &Item, errors: &mut Errors) -> Vec<(Member, Type)> {
    let Some(key) = &attr.key else { return Vec::new() };
    let Item::Struct(item) = item else {
        errors.push(
            Problem::new(key.key, "an enum has no fields to be its key").help(
                "put the enum into a struct beside the key: `struct Event { room: RoomId, what: What }`",
            ),
        );
        return Vec::new();
    };
    key.value.iter().filter_map(|member| errors.take(key_field(member, &item.fields))).collect()
}

fn key_field(member: &Member, fields: &Fields) -> Result<(Member, Type), Problem> {
    if let Some(field) = fields.iter().zip(fields.members()).find(|(_, name)| name == member) {
        return Ok((member.clone(), field.0.ty.clone()));
    }
    let names: Vec<String> = fields.members().map(|member| member.to_token_stream().to_string()).collect();
    let written = member.to_token_stream().to_string();
    let help = match nearest(&written, names.iter().map(String::as_str)) {
        Some(close) => format!("did you mean `{close}`?"),
        None if names.is_empty() => "the struct has no fields; leave `key` out".into(),
        None => format!("its fields are `{}`", names.join("`, `")),
    };
    Err(Problem::over(member, format!("no field `{written}` to be the key")).help(help))
}
