//! Errors that several macros report in the same words.

use locus_syntax::{Errors, Problem, Setting};
use proc_macro2::Span;
use syn::Generics;

/// The grammar knows it, this version does not run it.
pub(crate) fn not_built(span: Span, what: &str) -> Problem {
    Problem::new(span, format!("{what} is not built yet"))
        .help("this version reads it for the checker but cannot run it; leave it out")
}

/// Reports a setting that is there although it is not built.
pub(crate) fn refuse<T>(setting: Option<&Setting<T>>, what: &str, errors: &mut Errors) {
    if let Some(setting) = setting {
        errors.push(not_built(setting.key, what));
    }
}

/// Reports the first lifetime of a type that has to own its data.
pub(crate) fn refuse_lifetimes(generics: &Generics, what: &str, help: &str, errors: &mut Errors) -> bool {
    let first = generics.lifetimes().next();
    if let Some(param) = first {
        let name = &param.lifetime;
        errors.push(Problem::new(name.span(), format!("{what} has no lifetimes, here `{name}`")).help(help));
    }
    first.is_some()
}
