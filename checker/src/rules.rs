//! Every rule, and the one way in which all of them are run.
//!
//! The list is explicit: a rule exists when it stands here. A rule reads the analysis, pushes findings and does
//! nothing else; levels, allows and formats come later and elsewhere.

use rayon::prelude::*;
use rustc_hash::FxHashSet;

use crate::context::{self, Context, Growing};
use crate::crash;
use crate::events::{self, FnFacts};
use crate::facts::{self, Binary, Bodies};
use crate::finding::{Finding, Span};
use crate::load::Workspace;
use crate::lower::ir::Range;
use crate::models::Models;
use crate::names::{FnId, Names};
use crate::rule::Rule;
use crate::summary::{self, Summary};
use crate::types::Program;

pub mod allow_without_reason;
pub mod resource_leak;
pub mod unbounded_growth;
pub mod unknown_rule;
pub mod unparsed;
pub mod unused_allow;

/// Every rule, in the order of `--list-rules`.
static RULES: [&Rule; 6] = [
    &unbounded_growth::RULE,
    &resource_leak::RULE,
    &allow_without_reason::RULE,
    &unused_allow::RULE,
    &unknown_rule::RULE,
    &unparsed::RULE,
];

/// The rules that read the analysis; the others are about the annotations and the run.
static CHECKS: [fn(&Judged<'_, '_>, &mut Vec<Finding>); 2] = [unbounded_growth::check, resource_leak::check];

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

/// All that a rule may read.
pub(crate) struct Judged<'a, 'w> {
    /// Declarations and their types.
    pub(crate) program: &'a Program<'w>,
    /// What functions do.
    pub(crate) summary: &'a Summary,
    /// How often they run.
    pub(crate) context: &'a Context,
    /// Places that grow without anything working against it.
    pub(crate) growing: Vec<Growing<'a>>,
}

impl Judged<'_, '_> {
    /// A range in the file of a function.
    pub(crate) fn span(&self, id: FnId, at: Range) -> Span {
        Span { file: self.program.names.function(id).file, start: at.start, end: at.end }
    }

    /// The package that holds a function.
    pub(crate) fn package_of(&self, id: FnId) -> String {
        let names = &self.program.names;
        names.workspace.packages[names.package_of(names.function(id).module)].name.clone()
    }

    /// The target that holds a function.
    pub(crate) fn crate_name(&self, id: FnId) -> &str {
        &self.program.names.crate_of(self.program.names.function(id).module).target
    }
}

/// Analyses `workspace` with what `models` know of foreign code, and runs every rule.
pub fn check<'w>(workspace: &'w Workspace, models: &'w Models) -> Checked {
    let program = Program::of(Names::of(workspace, models), models);
    let functions = u32::try_from(program.names.fns.len()).unwrap_or(u32::MAX);
    let body = |id: u32| {
        let file = program.names.function(FnId(id)).file;
        let _at = crash::working_on(&workspace.files[file.0 as usize].source.path);
        events::collect(&program, FnId(id))
    };
    let bodies: Vec<FnFacts> = (0..functions).into_par_iter().map(body).collect();
    let binaries = facts::binaries(&program.names, &Bodies { names: &program.names, events: &bodies });
    let calls = bodies.iter().map(|body| body.calls_seen as usize).sum();
    let calls_unresolved = bodies.iter().map(|body| body.calls_unresolved as usize).sum();
    let summary = summary::summarise(bodies);
    let context = context::contexts(&program, &summary);
    let keys = context::keys_of(&summary);
    let growing = context::growing(&program, &summary, &context, &keys);
    let judged = Judged { program: &program, summary: &summary, context: &context, growing };
    let mut findings = Vec::new();
    for check in CHECKS {
        check(&judged, &mut findings);
    }
    Checked {
        findings: wanted(workspace, findings),
        binaries,
        functions: functions as usize,
        calls,
        calls_unresolved,
    }
}

/// Findings of the packages that were asked for, once each: a file may belong to several targets.
fn wanted(workspace: &Workspace, findings: Vec<Finding>) -> Vec<Finding> {
    let mut seen = FxHashSet::default();
    let mut is_wanted = |finding: &Finding| {
        let file = workspace.files.get(finding.primary.span.file.0 as usize);
        file.is_some_and(|file| workspace.packages[file.package].selected)
            && seen.insert((finding.rule.name, finding.primary.span))
    };
    findings.into_iter().filter(|finding| is_wanted(finding)).collect()
}

#[cfg(test)]
mod tests;
