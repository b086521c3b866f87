//! The argument list that all attributes share: `flag, key = value, name(..)`.
//!
//! Each argument is parsed on its own and a wrong one is skipped to the next comma, so that one run reports
//! all of them. Unknown and repeated keys are found here, for every attribute alike.

mod key;

pub(crate) use key::Key;

use crate::error::{Errors, Problem};
use crate::nearest::nearest;
use proc_macro2::{Ident, TokenStream, TokenTree};
use syn::Token;
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};

pub(crate) type Parsed<T> = Result<T, Problem>;

/// What an attribute is called, and the keys it knows.
#[derive(Clone, Copy)]
pub(crate) struct Spec {
    /// As users write it: `#[on]`.
    pub(crate) attr: &'static str,
    pub(crate) keys: &'static [&'static str],
    /// Keys that may stand more than once.
    pub(crate) repeat: &'static [&'static str],
}

/// Parses `tokens` to their end; `body` leaves nothing, or reports what it leaves.
pub(crate) fn parse_all(
    tokens: TokenStream,
    errors: &mut Errors,
    body: impl FnOnce(ParseStream<'_>, &mut Errors),
) {
    let result = (|input: ParseStream<'_>| {
        body(input, errors);
        skip_rest(input)
    })
    .parse2(tokens);
    errors.take(result);
}

/// Reads the arguments of `spec` and gives each to `take`.
pub(crate) fn each_arg(
    input: ParseStream<'_>,
    spec: Spec,
    errors: &mut Errors,
    mut take: impl FnMut(&Key, ParseStream<'_>, &mut Errors) -> Parsed<()>,
) {
    let mut seen: Vec<Ident> = Vec::new();
    each_element(input, errors, |input, errors| one_arg(input, spec, &mut seen, errors, &mut take));
}

/// Reads a list with commas, element by element; a wrong one is skipped. Every round consumes something.
pub(crate) fn each_element(
    input: ParseStream<'_>,
    errors: &mut Errors,
    mut element: impl FnMut(ParseStream<'_>, &mut Errors) -> Parsed<()>,
) {
    while !input.is_empty() {
        let result = element(input, errors).and_then(|()| match input.is_empty() || input.peek(Token![,]) {
            true => Ok(()),
            false => {
                Err(Problem::new(input.span(), "expected `,`").help("separate what is listed by commas"))
            }
        });
        if errors.take(result).is_none() {
            skip_to_comma(input);
        }
        if input.parse::<Option<Token![,]>>().is_err() {
            return;
        }
    }
}

fn one_arg(
    input: ParseStream<'_>,
    spec: Spec,
    seen: &mut Vec<Ident>,
    errors: &mut Errors,
    take: &mut impl FnMut(&Key, ParseStream<'_>, &mut Errors) -> Parsed<()>,
) -> Parsed<()> {
    let ident = input.call(Ident::parse_any).map_err(|error| {
        Problem::new(error.span(), format!("expected a key of `{}`", spec.attr)).help(spec.known())
    })?;
    let key = Key { name: ident.to_string(), span: ident.span() };
    if !spec.keys.contains(&key.name.as_str()) {
        return Err(spec.unknown(&key));
    }
    if seen.contains(&ident) && !spec.repeat.contains(&key.name.as_str()) {
        return Err(Problem::new(key.span, format!("`{}` is set twice in `{}`", key.name, spec.attr))
            .help("keep one of them"));
    }
    seen.push(ident);
    take(&key, input, errors)
}

impl Spec {
    fn known(&self) -> String {
        match self.keys {
            [] => format!("`{}` takes no arguments", self.attr),
            keys => format!("`{}` takes {}", self.attr, list(keys)),
        }
    }

    fn unknown(&self, key: &Key) -> Problem {
        let problem = Problem::new(key.span, format!("unknown key `{}` in `{}`", key.name, self.attr));
        match nearest(&key.name, self.keys.iter().copied()) {
            Some(close) => problem.help(format!("did you mean `{close}`?")),
            None => problem.help(self.known()),
        }
    }
}

/// The names in backticks, with commas.
pub(crate) fn list(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

fn skip_to_comma(input: ParseStream<'_>) {
    while !input.is_empty() && !input.peek(Token![,]) {
        if input.parse::<TokenTree>().is_err() {
            return;
        }
    }
}

/// The tokens between the parentheses that come next.
pub(crate) fn parenthesized(input: ParseStream<'_>) -> syn::Result<TokenStream> {
    let content;
    syn::parenthesized!(content in input);
    content.parse()
}

fn skip_rest(input: ParseStream<'_>) -> syn::Result<()> {
    input.parse::<TokenStream>().map(drop)
}
