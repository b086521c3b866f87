//! Problems found in attributes, and the collector that may not be forgotten.
//!
//! A parser reports every problem of an attribute, not only the first. I1: a collector is finished, by
//! [`Errors::finish`] or [`Errors::into_problems`], before it is dropped; otherwise an attribute could be
//! accepted although something in it was wrong.

use proc_macro2::{Ident, Span};
use quote::{ToTokens, quote};

/// One thing that is wrong in an attribute: where, what, and how to mend it.
#[derive(Clone, Debug)]
pub struct Problem {
    /// The first token the message is about.
    pub span: Span,
    /// The last token the message is about; equal to `span` for a single token.
    pub end: Span,
    /// Lower case, without a full stop, names the thing in backticks.
    pub message: String,
    /// What to write instead, without the leading `help:`.
    pub help: Option<String>,
}

impl Problem {
    /// A problem at one token.
    pub fn new(span: Span, message: impl Into<String>) -> Self {
        Self { span, end: span, message: message.into(), help: None }
    }

    /// A problem that covers all of `tokens`.
    pub fn over(tokens: impl ToTokens, message: impl Into<String>) -> Self {
        let mut spans = tokens.into_token_stream().into_iter().map(|tree| tree.span());
        let span = spans.next().unwrap_or_else(Span::call_site);
        Self { span, end: spans.last().unwrap_or(span), message: message.into(), help: None }
    }

    /// Adds what to write instead.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The message and, on a line of its own, the help.
    #[must_use]
    pub fn text(&self) -> String {
        match &self.help {
            Some(help) => format!("{}\nhelp: {help}", self.message),
            None => self.message.clone(),
        }
    }

    fn into_syn(self) -> syn::Error {
        let (first, last) = (Ident::new("first", self.span), Ident::new("last", self.end));
        syn::Error::new_spanned(quote!(#first #last), self.text())
    }
}

impl From<syn::Error> for Problem {
    fn from(error: syn::Error) -> Self {
        Self::new(error.span(), error.to_string())
    }
}

/// Collects problems; must be finished (I1).
#[derive(Debug)]
#[must_use = "problems that are not finished would be lost"]
pub struct Errors(Option<Vec<Problem>>);

impl Default for Errors {
    fn default() -> Self {
        Self::new()
    }
}

impl Errors {
    /// An empty collector.
    pub fn new() -> Self {
        Self(Some(Vec::new()))
    }

    /// Adds a problem.
    pub fn push(&mut self, problem: impl Into<Problem>) {
        if let Some(problems) = &mut self.0 {
            problems.push(problem.into());
        }
    }

    /// The value, or the problem noted down.
    pub fn take<T>(&mut self, result: Result<T, impl Into<Problem>>) -> Option<T> {
        result.map_err(|problem| self.push(problem)).ok()
    }

    /// Whether nothing was found so far.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.as_ref().is_none_or(Vec::is_empty)
    }

    /// How many problems were found so far.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.as_ref().map_or(0, Vec::len)
    }

    /// Consumes the collector and hands out what it holds, in the order found.
    #[must_use]
    pub fn into_problems(mut self) -> Vec<Problem> {
        self.0.take().unwrap_or_default()
    }

    /// Consumes the collector.
    ///
    /// # Errors
    /// All problems found so far, as one combined error.
    pub fn finish(self) -> syn::Result<()> {
        let mut all = self.into_problems().into_iter().map(Problem::into_syn);
        let Some(mut first) = all.next() else { return Ok(()) };
        all.for_each(|next| first.combine(next));
        Err(first)
    }
}

impl Drop for Errors {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            assert!(self.0.is_none(), "a collector of attribute problems was dropped unread");
        }
    }
}
