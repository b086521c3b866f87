//! Macros that the workspace defines with `macro_rules!`: read, and written out where they are called.
//!
//! What comes out stands where the call stands: a place inside the definition would be one of another file, or of code
//! that runs somewhere else. Locals have no hygiene: one of the macro hides one of the caller's that an argument names.
//! Declarative macros 2.0, metavariable expressions and macros that define macros with parameters of their own are not
//! written out.
//!
//! I1: what is written out in one file is at most `TOKENS_MAX` tokens, `NESTED_MAX` calls deep, and nested no deeper
//! than a file may be.
//!
//! Source: The Rust Reference, "Macros By Example".

mod arm;

use super::Lower;
use super::ir::{MacroDefined, Range};
use super::nesting::too_deep;
use super::sym::Sym;
use arm::Arm;
use proc_macro2::{Group, TokenStream, TokenTree};
use rustc_hash::{FxHashMap, FxHashSet};
use std::rc::Rc;

/// Most tokens that the calls of one file are written out to.
const TOKENS_MAX: usize = 200_000;

/// Deepest nesting of calls that is written out.
const NESTED_MAX: u32 = 32;

/// Macros that are read by their shape or known by their name, whoever defines them.
const BY_NAME: &[&str] = &[
    "abort",
    "anyhow",
    "assert",
    "assert_eq",
    "assert_ne",
    "bail",
    "cfg",
    "cfg_if",
    "concat",
    "dbg",
    "debug",
    "debug_assert",
    "ensure",
    "env",
    "eprint",
    "eprintln",
    "error",
    "eyre",
    "format",
    "format_args",
    "info",
    "join",
    "json",
    "lazy_static",
    "log",
    "matches",
    "panic",
    "pin",
    "pin_mut",
    "print",
    "println",
    "ready",
    "select",
    "select_biased",
    "thread_local",
    "todo",
    "trace",
    "try_join",
    "unimplemented",
    "unreachable",
    "vec",
    "warn",
    "write",
    "writeln",
];

/// A macro that another file of the workspace defines.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Definition<'t> {
    /// All of it.
    pub(crate) text: &'t str,
    /// The crate that has it, where that is another one.
    pub(crate) krate: Option<&'t str>,
}

/// Macros that other files define, by name.
pub(crate) type Given<'t> = dyn Fn(Sym) -> Option<Definition<'t>> + 't;

/// The macros that one file can call.
pub(crate) struct Known<'t> {
    own: FxHashMap<Sym, Option<Rc<Rules>>>,
    given: &'t Given<'t>,
    /// What was asked of the others.
    called: FxHashSet<Sym>,
    nested: u32,
    tokens: usize,
}

/// A `macro_rules!`.
struct Rules {
    arms: Vec<Arm>,
    krate: Option<String>,
}

impl<'t> Known<'t> {
    pub(super) fn with(given: &'t Given<'t>) -> Self {
        Known { own: FxHashMap::default(), given, called: FxHashSet::default(), nested: 0, tokens: 0 }
    }

    /// What was asked of the others, whether they have it or not.
    pub(super) fn called(self) -> Box<[Sym]> {
        let mut called: Vec<Sym> = self.called.into_iter().collect();
        called.sort_unstable();
        called.into()
    }

    /// What is lowered from here on was written out.
    pub(super) fn enter(&mut self) {
        self.nested += 1;
    }

    /// The end of what was written out.
    pub(super) fn leave(&mut self) {
        self.nested -= 1;
    }

    fn rules(&mut self, name: Sym) -> Option<Option<Rc<Rules>>> {
        if let Some(own) = self.own.get(&name) {
            return Some(own.clone());
        }
        self.called.insert(name);
        let rules = Rules::of_text((self.given)(name)?).map(Rc::new);
        self.own.insert(name, rules.clone());
        Some(rules)
    }
}

impl Rules {
    /// The content of a definition.
    fn of(tokens: TokenStream, krate: Option<String>) -> Option<Rules> {
        Some(Rules { arms: Arm::all(tokens)?, krate })
    }

    fn of_text(of: Definition<'_>) -> Option<Rules> {
        let tokens: TokenStream = of.text.parse().ok()?;
        match tokens.into_iter().last()? {
            TokenTree::Group(content) => Rules::of(content.stream(), of.krate.map(str::to_owned)),
            _ => None,
        }
    }
}

impl Lower<'_> {
    /// Notes the definition of a macro.
    pub(super) fn define(&mut self, of: &syn::ItemMacro) {
        let Some(ident) = &of.ident else { return };
        let name = self.sym(ident);
        let close = match &of.mac.delimiter {
            syn::MacroDelimiter::Paren(of) => of.span,
            syn::MacroDelimiter::Brace(of) => of.span,
            syn::MacroDelimiter::Bracket(of) => of.span,
        };
        let at: Range = self.at(ident.span()).to(self.at(close.close()));
        let exported = of.attrs.iter().any(|attr| attr.path().is_ident("macro_export"));
        self.ir.macros_defined.push(MacroDefined { name, at, exported });
        let rules = Rules::of(of.mac.tokens.clone(), None).map(Rc::new);
        self.rules.own.insert(name, rules);
    }

    /// What a call of a macro of the workspace says; an error where its definition cannot be followed, and none for a
    /// macro of somebody else.
    pub(super) fn written_out(&mut self, call: &syn::Macro) -> Option<Result<TokenStream, ()>> {
        let last = call.path.segments.last()?;
        let is_ours = call.path.segments.len() == 1
            || call
                .path
                .segments
                .first()
                .is_some_and(|first| first.ident == "crate" || first.ident == "self");
        if !is_ours || BY_NAME.iter().any(|known| last.ident == known) {
            return None;
        }
        let name = self.sym(&last.ident);
        let rules = self.rules.rules(name)?;
        let fits = self.rules.nested < NESTED_MAX && self.rules.tokens < TOKENS_MAX;
        let written = rules.filter(|_| fits).and_then(|rules| {
            let krate = rules.krate.as_deref();
            rules.arms.iter().find_map(|arm| arm.apply(&call.tokens, last.ident.span(), krate))
        });
        let Some(written) = written else { return Some(Err(())) };
        self.rules.tokens += 1 + tokens_in(&written);
        let fits = self.rules.tokens < TOKENS_MAX && too_deep(&written.to_string()).is_none();
        Some(if fits { Ok(written) } else { Err(()) })
    }
}

fn tokens_in(tokens: &TokenStream) -> usize {
    let inside = |group: &Group| tokens_in(&group.stream());
    tokens
        .clone()
        .into_iter()
        .map(|tree| 1 + if let TokenTree::Group(of) = &tree { inside(of) } else { 0 })
        .sum()
}
