//! One file, from text to the compact form: parsed by syn, lowered, and the tree dropped.
//!
//! Nothing here looks beyond the file, so files are lowered in parallel and the result can be cached by
//! content. Code that `cfg` switches off is left out. Expressions nested deeper than `DEPTH_MAX` become
//! [`ir::ExprKind::Unknown`]: a guard for the stack, far above what people write.

pub mod attr;
pub mod bodies;
pub mod cfg;
mod control;
mod expr;
pub mod ir;
mod item;
mod macros;
mod nesting;
pub(crate) mod parts;
mod pat;
pub(crate) mod placeless;
mod position;
mod rules;
pub mod sym;
mod table;
mod ty;

use bodies::Bodies;
use cfg::CfgEnv;
use ir::{Body, FileIr, Problem, Range};
pub(crate) use macros::{Branch, Branches};
use nesting::{NESTING_MAX, too_deep};
pub(crate) use position::Lines;
use rules::Known;
pub(crate) use rules::{Definition, Given};
use std::collections::BTreeSet;
use sym::Sym;

/// Deepest nesting of expressions that is lowered.
pub(crate) const DEPTH_MAX: u32 = 400;

/// Lowers the text of one file.
///
/// # Errors
/// Where and why the text is no Rust.
pub fn file(text: &str, cfg: &CfgEnv) -> Result<FileIr, Problem> {
    file_given(text, cfg, &|_| None)
}

/// Lowers the text of one file, which may call macros that others define. What it asks of them is noted: with the same
/// answers it comes out the same.
///
/// # Errors
/// Where and why the text is no Rust.
pub(crate) fn file_given<'t>(
    text: &'t str,
    cfg: &'t CfgEnv,
    given: &'t Given<'t>,
) -> Result<FileIr, Problem> {
    let lines = Lines::new(text);
    if let Some(at) = too_deep(text) {
        let message = format!("code is nested more than {NESTING_MAX} deep");
        return Err(Problem { at: Range { start: at, end: at + 1 }, message, help: None });
    }
    let parsed = syn::parse_file(text);
    let result = match parsed {
        Ok(tree) => {
            let (ir, bodies) = (FileIr::default(), Vec::new());
            let rules = Known::with(given);
            let mut lower = Lower { cfg, lines, ir, bodies, rules, macros_name: BTreeSet::new() };
            lower.ir.lines = lower.lines.count();
            lower.allows(&tree.attrs, &tree);
            lower.ir.items = lower.items(&tree.items);
            lower.ir.bodies = Bodies::new(lower.bodies);
            lower.ir.macros_called = lower.rules.called();
            lower.ir.macros_name = lower.macros_name.into_iter().collect();
            Ok(lower.ir)
        }
        Err(error) => {
            let at = lines.range(error.span());
            Err(Problem { at, message: error.to_string(), help: None })
        }
    };
    // The text of every file parsed on this thread is kept for the sake of its spans; they are all gone now.
    proc_macro2::extra::invalidate_current_thread_spans();
    result
}

/// State while one file is lowered.
pub(crate) struct Lower<'a> {
    pub(crate) cfg: &'a CfgEnv,
    pub(crate) lines: Lines<'a>,
    pub(crate) ir: FileIr,
    /// The code of its functions so far.
    pub(crate) bodies: Vec<Body>,
    /// Macros it can call.
    pub(crate) rules: Known<'a>,
    /// Names of types and variants in macros that are not written out where they stand.
    pub(crate) macros_name: BTreeSet<Sym>,
}

impl<'a> Lower<'a> {
    /// For types that stand in no file.
    pub(crate) fn bare(cfg: &'a CfgEnv, ir: FileIr) -> Self {
        Lower {
            cfg,
            lines: Lines::new(""),
            ir,
            bodies: Vec::new(),
            rules: Known::with(&|_| None),
            macros_name: BTreeSet::new(),
        }
    }

    pub(crate) fn sym(&mut self, ident: &proc_macro2::Ident) -> Sym {
        let text = ident.to_string();
        self.ir.texts.intern(text.strip_prefix("r#").unwrap_or(&text))
    }

    pub(crate) fn at(&self, span: proc_macro2::Span) -> Range {
        self.lines.range(span)
    }
}

#[cfg(test)]
mod tests;
