//! `#[locus(..)]`: what a locus declares about itself.
//!
//! Which of it belongs on an ordinary locus and which on main is decided here; whether the item below is a
//! struct or an impl is the reader's business, because the tokens do not say.

mod children;
mod receives;

pub use children::{ChildKind, ChildrenAttr};
pub use receives::ReceivesAttr;

use crate::args::{Key, Parsed, Spec, each_arg, parse_all};
use crate::error::{Errors, Problem};
use crate::value::Setting;
use proc_macro2::{Span, TokenStream};
use std::time::Duration;
use syn::parse::ParseStream;
use syn::punctuated::Punctuated;
use syn::{Token, Type};

/// A parsed `#[locus(..)]`.
#[derive(Clone, Debug)]
pub struct LocusAttr {
    /// The attribute's name.
    pub span: Span,
    /// `main`: this locus is the composition of the program.
    pub main: Option<Setting<()>>,
    /// `publishes(A, B)`: the topics it may publish, in the order written.
    pub publishes: Vec<Type>,
    /// `receives(T, ..)`: what its `run` takes, one entry a topic.
    pub receives: Vec<ReceivesAttr>,
    /// `children(..)`: which children it may have, one entry a list.
    pub children: Vec<ChildrenAttr>,
    /// `strategy = ..`: whom a child's failure concerns.
    pub strategy: Option<Setting<Strategy>>,
    /// `restarts = N`: restarts allowed `within` the time.
    pub restarts: Option<Setting<u64>>,
    /// `within = ".."`: the window of `restarts`.
    pub within: Option<Setting<Duration>>,
    /// `scratch_bytes_max = ".."`: ceiling of one activation, in bytes.
    pub scratch_bytes_max: Option<Setting<u64>>,
    /// `memory_max = ".."`: ceiling of the locus with its children, in bytes.
    pub memory_max: Option<Setting<u64>>,
    /// `idle = ".."`: ends a child that got nothing for so long.
    pub idle: Option<Setting<Duration>>,
    /// `panics = abort` (main only): runs under `panic = "abort"` without supervision of panics.
    pub panics: Option<Setting<Panics>>,
}

/// Whom the failure of one child concerns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strategy {
    /// The child alone.
    OneForOne,
    /// All children.
    OneForAll,
    /// The child and those born after it.
    RestForOne,
}

/// What main accepts about panics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Panics {
    /// A panic ends the process.
    Abort,
}

const SPEC: Spec = Spec {
    attr: "#[locus]",
    keys: &[
        "main",
        "publishes",
        "receives",
        "children",
        "strategy",
        "restarts",
        "within",
        "scratch_bytes_max",
        "memory_max",
        "idle",
        "panics",
    ],
    repeat: &["publishes", "receives", "children"],
};

const STRATEGIES: [(&str, Strategy); 3] = [
    ("one_for_one", Strategy::OneForOne),
    ("one_for_all", Strategy::OneForAll),
    ("rest_for_one", Strategy::RestForOne),
];

impl LocusAttr {
    /// Reads the arguments of a `#[locus(..)]` whose name stands at `span`.
    pub fn parse(span: Span, tokens: TokenStream, errors: &mut Errors) -> Self {
        let mut attr = Self {
            span,
            main: None,
            publishes: Vec::new(),
            receives: Vec::new(),
            children: Vec::new(),
            strategy: None,
            restarts: None,
            within: None,
            scratch_bytes_max: None,
            memory_max: None,
            idle: None,
            panics: None,
        };
        let before = errors.len();
        parse_all(tokens, errors, |input, errors| {
            each_arg(input, SPEC, errors, |key, input, errors| attr.set(key, input, errors));
        });
        if errors.len() == before {
            attr.check_main(errors);
        }
        attr
    }

    fn set(&mut self, key: &Key, input: ParseStream<'_>, errors: &mut Errors) -> Parsed<()> {
        match key.name.as_str() {
            "main" => self.main = Some(key.flag(input)?),
            "publishes" => self.publishes.extend(types(key, input)?),
            "receives" => self.receives.extend(ReceivesAttr::parse(key, input, errors)?),
            "children" => self.children.push(ChildrenAttr::parse(key, input, errors)?),
            "strategy" => self.strategy = Some(key.word(input, &STRATEGIES)?),
            "restarts" => self.restarts = Some(key.number(input, 0)?),
            "within" => self.within = Some(key.duration(input)?),
            "scratch_bytes_max" => self.scratch_bytes_max = Some(key.bytes(input)?),
            "memory_max" => self.memory_max = Some(key.bytes(input)?),
            "idle" => self.idle = Some(key.duration(input)?),
            _ => self.panics = Some(key.word(input, &[("abort", Panics::Abort)])?),
        }
        Ok(())
    }

    fn check_main(&self, errors: &mut Errors) {
        if self.main.is_none() {
            if let Some(panics) = &self.panics {
                errors.push(
                    Problem::new(panics.key, "`panics` belongs on main")
                        .help("write it where the program is composed: `#[locus(main, panics = abort)]`"),
                );
            }
            return;
        }
        let wrong = self.publishes.first().map(|topic| (Problem::over(topic, ""), "publishes"));
        let wrong =
            wrong.or_else(|| self.receives.first().map(|r| (Problem::new(r.key_span, ""), "receives")));
        let wrong =
            wrong.or_else(|| self.children.first().map(|c| (Problem::new(c.key_span, ""), "children")));
        if let Some((mut problem, name)) = wrong {
            problem.message = format!("`#[locus(main)]` only composes: it has no `{name}`");
            errors.push(problem.help("move it to the locus that needs it, and make that a field of main"));
        }
    }
}

fn types(key: &Key, input: ParseStream<'_>) -> Parsed<Vec<Type>> {
    let tokens = key.group(input, "Relayed")?;
    let parsed = syn::parse::Parser::parse2(Punctuated::<Type, Token![,]>::parse_terminated, tokens);
    parsed.map(|types| types.into_iter().collect()).map_err(|error| {
        Problem::new(error.span(), format!("`{}` is a list of topic types", key.name))
            .help(format!("write `{}(Relayed, Closed)`", key.name))
    })
}
