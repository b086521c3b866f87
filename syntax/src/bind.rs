//! `#[bind(..)]`: how topics leave the process.

use crate::args::{Key, Parsed, each_element, list, parenthesized, parse_all};
use crate::error::{Errors, Problem};
use crate::nearest::nearest;
use crate::value::Setting;
use proc_macro2::{Ident, Span, TokenStream};
use syn::parse::ParseStream;
use syn::{Expr, LitStr, Token, Type};

/// A parsed `#[bind(Topic = transport(..), ..)]`.
#[derive(Clone, Debug)]
pub struct BindAttr {
    /// The attribute's name.
    pub span: Span,
    /// One entry a topic.
    pub bindings: Vec<Binding>,
}

/// How one topic travels.
#[derive(Clone, Debug)]
pub struct Binding {
    /// The topic.
    pub topic: Type,
    /// Which transport carries it.
    pub transport: Setting<Transport>,
    /// The transport's first argument, where it has no name: `unix("/run/chat.sock")`.
    pub target: Option<LitStr>,
    /// `name = value` arguments of the transport, in the order written.
    pub options: Vec<(Ident, Expr)>,
}

/// What can carry a topic beyond the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// A Unix domain socket.
    Unix,
    /// Shared memory.
    Shm,
    /// A NATS server.
    Nats,
}

const TRANSPORTS: [(&str, Transport); 3] =
    [("unix", Transport::Unix), ("shm", Transport::Shm), ("nats", Transport::Nats)];

const OPTIONS: [&str; 6] = ["path", "name", "subject", "codec", "queue", "while_down"];

impl BindAttr {
    /// Reads the arguments of a `#[bind(..)]` whose name stands at `span`.
    pub fn parse(span: Span, tokens: TokenStream, errors: &mut Errors) -> Self {
        let mut bindings = Vec::new();
        if tokens.is_empty() {
            errors.push(Problem::new(span, "`#[bind]` binds nothing").help(BIND_HELP));
        }
        parse_all(tokens, errors, |input, errors| {
            each_element(input, errors, |input, errors| {
                bindings.push(binding(input, errors)?);
                Ok(())
            });
        });
        Self { span, bindings }
    }
}

const BIND_HELP: &str =
    "write the topic and its transport: `#[bind(Posted = nats(subject = \"chat.posted\"))]`";

fn binding(input: ParseStream<'_>, errors: &mut Errors) -> Parsed<Binding> {
    let start = input.span();
    let topic: Type = input.parse().map_err(|_| Problem::new(start, "expected a topic").help(BIND_HELP))?;
    let key = Key { name: "transport".into(), span: start };
    if !input.peek(Token![=]) {
        return Err(Problem::over(topic, "this topic has no transport").help(BIND_HELP));
    }
    let transport = key.word(input, &TRANSPORTS)?;
    let (mut target, mut options) = (None, Vec::new());
    if input.peek(syn::token::Paren) {
        parse_all(parenthesized(input)?, errors, |input, errors| {
            each_element(input, errors, |input, _| {
                match input.peek(LitStr) {
                    true => target = Some(input.parse()?),
                    false => options.push(option(input)?),
                }
                Ok(())
            });
        });
    }
    Ok(Binding { topic, transport, target, options })
}

fn option(input: ParseStream<'_>) -> Parsed<(Ident, Expr)> {
    let name: Ident = input.parse()?;
    let written = name.to_string();
    if !OPTIONS.contains(&written.as_str()) {
        let help = nearest(&written, OPTIONS).map_or_else(
            || format!("transports take {}", list(&OPTIONS)),
            |close| format!("did you mean `{close}`?"),
        );
        return Err(Problem::new(name.span(), format!("unknown key `{written}` in `#[bind]`")).help(help));
    }
    let key = Key { name: written, span: name.span() };
    Ok((name, key.expr(input, "..")?.value))
}
