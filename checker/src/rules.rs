//! Every rule, and the one way in which all of them are run.
//!
//! The list is explicit: a rule exists when it stands here. A rule reads the analysis, pushes findings and does
//! nothing else; levels, allows and formats come later and elsewhere.

use rayon::prelude::*;

use crate::events::{self, FnFacts};
use crate::facts::{self, Binary, Bodies};
use crate::finding::Finding;
use crate::load::Workspace;
use crate::models::Models;
use crate::names::{FnId, Names};
use crate::rule::Rule;
use crate::types::Program;

pub mod allow_without_reason;
pub mod unknown_rule;
pub mod unparsed;
pub mod unused_allow;

/// Every rule, in the order of `--list-rules`.
static RULES: [&Rule; 4] =
    [&allow_without_reason::RULE, &unused_allow::RULE, &unknown_rule::RULE, &unparsed::RULE];

/// Every rule there is.
pub fn all() -> impl Iterator<Item = &'static Rule> {
    RULES.into_iter()
}

/// What the rules found, and how much they could see.
#[derive(Debug, Default)]
pub struct Checked {
    /// Of every confidence, before allows and levels.
    pub findings: Vec<Finding>,
    /// What each binary declares and opens.
    pub binaries: Vec<Binary>,
    /// Functions lowered.
    pub functions: usize,
    /// Calls seen.
    pub calls: usize,
    /// Calls whose target is unknown.
    pub calls_unresolved: usize,
}

/// Analyses `workspace` and runs every rule.
pub fn check(workspace: &Workspace) -> Checked {
    let models = Models::shipped();
    let program = Program::of(Names::of(workspace, models), models);
    let functions = u32::try_from(program.names.fns.len()).unwrap_or(u32::MAX);
    let bodies: Vec<FnFacts> =
        (0..functions).into_par_iter().map(|id| events::collect(&program, FnId(id))).collect();
    Checked {
        findings: Vec::new(),
        binaries: facts::binaries(&program.names, &Bodies { names: &program.names, events: &bodies }),
        functions: bodies.len(),
        calls: bodies.iter().map(|body| body.calls_seen as usize).sum(),
        calls_unresolved: bodies.iter().map(|body| body.calls_unresolved as usize).sum(),
    }
}
