//! The key of one argument, and the readers of what may follow it.

use crate::args::{Parsed, list, parenthesized};
use crate::error::Problem;
use crate::nearest::nearest;
use crate::value::{self, Count, Setting};
use proc_macro2::{Ident, Span, TokenStream};
use std::ops::Range;
use std::time::Duration;
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::spanned::Spanned;
use syn::{Expr, ExprLit, Lit, Token, Type};

/// A key and where it stands.
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
        let bytes = match value::ungrouped(&expr.value) {
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
