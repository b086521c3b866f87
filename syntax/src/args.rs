//! The argument list that all attributes share: `flag, key = value, name(..)`.
//!
//! Each argument is parsed on its own and a wrong one is skipped to the next comma, so that one run reports
//! all of them. Unknown and repeated keys are found here, for every attribute alike.

use crate::error::{Errors, Problem};
use crate::nearest::nearest;
use crate::value::{self, Count, Setting};
use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use std::ops::Range;
use std::time::Duration;
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream, Parser};
use syn::spanned::Spanned;
use syn::{Expr, ExprLit, Lit, Token, Type};

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

/// The key of one argument, and the readers of what may follow it.
pub(crate) struct Key {
    pub(crate) name: String,
    pub(crate) span: Span,
}

impl Key {
    /// A key that stands alone.
    pub(crate) fn flag(&self, input: ParseStream<'_>) -> Parsed<Setting<()>> {
        if input.peek(Token![=]) || input.peek(syn::token::Paren) {
            return Err(Problem::new(input.span(), format!("`{}` takes no value", self.name))
                .help(format!("write `{}` alone", self.name)));
        }
        Ok(self.setting((), self.span))
    }

    pub(crate) fn expr(&self, input: ParseStream<'_>, example: &str) -> Parsed<Setting<Expr>> {
        self.value(input, example)
    }

    pub(crate) fn ty(&self, input: ParseStream<'_>, example: &str) -> Parsed<Setting<Type>> {
        self.value(input, example)
    }

    pub(crate) fn ident(&self, input: ParseStream<'_>, example: &str) -> Parsed<Setting<Ident>> {
        self.value(input, example)
    }

    pub(crate) fn count(&self, input: ParseStream<'_>, least: u64) -> Parsed<Setting<Count>> {
        let expr = self.expr(input, "64")?;
        let value = value::count(&self.name, expr.value, least)?;
        match value.known() {
            Some(known) if u32::try_from(known).is_err() => {
                Err(Problem::new(expr.span, format!("`{}` does not fit into 32 bits", self.name))
                    .help(format!("write at most {}", u32::MAX)))
            }
            _ => Ok(self.setting(value, expr.span)),
        }
    }

    /// A count that has to be a literal, because the checker counts it too.
    pub(crate) fn number(&self, input: ParseStream<'_>, least: u64) -> Parsed<Setting<u64>> {
        let count = self.count(input, least)?;
        match count.value {
            Count::Known(value) => Ok(self.setting(value, count.span)),
            Count::Const(expr) => Err(Problem::over(expr, format!("`{}` is a literal number", self.name))
                .help("the checker has to count it without running the program")),
        }
    }

    pub(crate) fn cores(&self, input: ParseStream<'_>) -> Parsed<Setting<Range<u64>>> {
        let expr = self.expr(input, "4..8")?;
        Ok(self.setting(value::core_range(&expr.value)?, expr.span))
    }

    pub(crate) fn text(&self, input: ParseStream<'_>, example: &str) -> Parsed<Setting<syn::LitStr>> {
        let expr = self.expr(input, example)?;
        Ok(self.setting(value::text(&self.name, &expr.value, example)?, expr.span))
    }

    pub(crate) fn duration(&self, input: ParseStream<'_>) -> Parsed<Setting<Duration>> {
        let text = self.text(input, "\"5s\"")?;
        Ok(self.setting(value::duration(&text.value)?, text.span))
    }

    /// `"16MiB"`, or a plain number of bytes.
    pub(crate) fn bytes(&self, input: ParseStream<'_>) -> Parsed<Setting<u64>> {
        let expr = self.expr(input, "\"16MiB\"")?;
        let bytes = match &expr.value {
            Expr::Lit(ExprLit { lit: Lit::Int(_), .. }) => {
                value::count(&self.name, expr.value.clone(), 1)?.known().unwrap_or_default()
            }
            other => value::size_bytes(&value::text(&self.name, other, "\"16MiB\"")?)?,
        };
        Ok(self.setting(bytes, expr.span))
    }

    /// One word out of a closed set.
    pub(crate) fn word<T: Copy>(
        &self,
        input: ParseStream<'_>,
        words: &[(&'static str, T)],
    ) -> Parsed<Setting<T>> {
        let names: Vec<&'static str> = words.iter().map(|(name, _)| *name).collect();
        self.equals(input, names.first().copied().unwrap_or_default())?;
        let known = format!("`{}` is one of {}", self.name, list(&names));
        let Ok(ident) = input.call(Ident::parse_any) else {
            return Err(Problem::new(input.span(), format!("`{}` takes a word", self.name)).help(known));
        };
        let written = ident.to_string();
        match words.iter().find(|(name, _)| *name == written) {
            Some((_, value)) => Ok(self.setting(*value, ident.span())),
            None => {
                let help = nearest(&written, names).map_or(known, |close| format!("did you mean `{close}`?"));
                Err(Problem::new(ident.span(), format!("unknown `{}` `{written}`", self.name)).help(help))
            }
        }
    }

    /// The `=` after the key.
    pub(crate) fn equals(&self, input: ParseStream<'_>, example: &str) -> Parsed<()> {
        if !input.peek(Token![=]) {
            return Err(Problem::new(self.span, format!("`{}` needs a value", self.name))
                .help(format!("write `{} = {example}`", self.name)));
        }
        input.parse::<Token![=]>()?;
        if input.is_empty() || input.peek(Token![,]) {
            return Err(Problem::new(self.span, format!("`{}` needs a value after `=`", self.name))
                .help(format!("write `{} = {example}`", self.name)));
        }
        Ok(())
    }

    /// The tokens between the parentheses after the key.
    pub(crate) fn group(&self, input: ParseStream<'_>, example: &str) -> Parsed<TokenStream> {
        if !input.peek(syn::token::Paren) {
            return Err(Problem::new(self.span, format!("`{}` needs a list", self.name))
                .help(format!("write `{}({example})`", self.name)));
        }
        Ok(parenthesized(input)?)
    }

    fn value<T: Parse + Spanned>(&self, input: ParseStream<'_>, example: &str) -> Parsed<Setting<T>> {
        self.equals(input, example)?;
        let start = input.span();
        let value = input.parse::<T>().map_err(|error| {
            Problem::new(error.span(), format!("`{}` cannot take this value", self.name))
                .help(format!("write `{} = {example}`", self.name))
        })?;
        Ok(self.setting(value, start))
    }

    pub(crate) fn setting<T>(&self, value: T, span: Span) -> Setting<T> {
        Setting { value, key: self.span, span }
    }
}
