//! Every rule, and the one way in which all of them are run.
//!
//! The list is explicit: a rule exists when it stands here. A rule reads the analysis, pushes findings and does
//! nothing else; levels, allows and formats come later and elsewhere.

use rayon::prelude::*;
use rustc_hash::FxHashSet;

use crate::context::{self, Balances, Callers, States};
use crate::crash;
use crate::events::{self, FnFacts};
use crate::facts::{self, Binary, Bodies};
use crate::finding::Finding;
use crate::graph::{self, Bus, Wiring};
use crate::load::Workspace;
use crate::load::cache::{self, Fresh};
use crate::models::Models;
use crate::names::{FnId, Names};
use crate::rule::Rule;
use crate::summary;
use crate::types::Program;
use judged::{Judged, Reach};

mod judged;

pub mod allow_without_reason;
pub mod blocking_in_handler;
pub mod bus_cycle;
pub mod detached_task;
pub mod dormant_locus;
pub mod flooding_loop;
pub mod hot_allocation;
pub mod label_cardinality;
pub mod leaked_memory;
pub mod lock_across_await;
pub mod missed_cleanup;
pub mod opens_in_constructor;
pub mod orphan_topic;
pub mod resource_leak;
pub mod scratch_accumulation;
pub mod unbounded_channel;
pub mod unbounded_growth;
pub mod unbounded_input;
pub mod undeclared_resource;
pub mod unknown_rule;
pub mod unparsed;
pub mod unused_allow;

/// Every rule, in the order of `--list-rules`.
static RULES: [&Rule; 22] = [
    &unbounded_growth::RULE,
    &resource_leak::RULE,
    &detached_task::RULE,
    &unbounded_channel::RULE,
    &missed_cleanup::RULE,
    &blocking_in_handler::RULE,
    &lock_across_await::RULE,
    &unbounded_input::RULE,
    &leaked_memory::RULE,
    &label_cardinality::RULE,
    &scratch_accumulation::RULE,
    &flooding_loop::RULE,
    &bus_cycle::RULE,
    &orphan_topic::RULE,
    &hot_allocation::RULE,
    &opens_in_constructor::RULE,
    &dormant_locus::RULE,
    &undeclared_resource::RULE,
    &allow_without_reason::RULE,
    &unused_allow::RULE,
    &unknown_rule::RULE,
    &unparsed::RULE,
];

/// The rules that read the analysis; the others are about the annotations and the run.
static CHECKS: [Check; 18] = [
    unbounded_growth::check,
    resource_leak::check,
    detached_task::check,
    unbounded_channel::check,
    missed_cleanup::check,
    blocking_in_handler::check,
    lock_across_await::check,
    unbounded_input::check,
    leaked_memory::check,
    label_cardinality::check,
    scratch_accumulation::check,
    flooding_loop::check,
    bus_cycle::check,
    orphan_topic::check,
    hot_allocation::check,
    opens_in_constructor::check,
    dormant_locus::check,
    undeclared_resource::check,
];

type Check = fn(&Judged<'_, '_>, &mut Vec<Finding>);

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
    /// How the bus of each binary with a main locus is wired.
    pub wirings: Vec<Wiring>,
    /// Functions lowered.
    pub functions: usize,
    /// Calls seen.
    pub calls: usize,
    /// Calls whose target is unknown.
    pub calls_unresolved: usize,
    /// What the store is to have.
    pub(crate) fresh: Fresh,
    /// What happens in each function: of no use any more, and large.
    pub facts: Vec<FnFacts>,
}

/// Analyses `workspace` with what `models` know of foreign code, and runs every rule.
pub fn check<'w>(workspace: &'w Workspace, models: &'w Models) -> Checked {
    let program = Program::of(Names::of(workspace, models), models);
    let functions = u32::try_from(program.names.fns.len()).unwrap_or(u32::MAX);
    let body = |id: FnId| {
        let file = program.names.function(id).file;
        let _at = crash::working_on(&workspace.files[file.0 as usize].source.path);
        events::collect(&program, id)
    };
    let (bodies, fresh) = cache::facts(&program.names, models.fingerprint, &body);
    let calls = bodies.iter().map(|body| body.calls_seen as usize).sum();
    let calls_unresolved = bodies.iter().map(|body| body.calls_unresolved as usize).sum();
    let summary = summary::summarise(&program, bodies);
    let opened = Bodies { names: &program.names, events: &summary.facts };
    let (binaries, (context, mut keys)) = rayon::join(
        || facts::binaries(&program.names, &opened),
        || (context::contexts(&program, &summary), context::keys_of(&summary)),
    );
    let states = States::of(&program, &context, &mut keys);
    let found = cache::Insides::of(&program, &fresh);
    let insides = |id: FnId| found.get(id);
    let callers = Callers::in_all(&summary);
    let Balances { growing, balanced, loose, unswept } =
        context::balances(&program, &insides, &callers, &context, (&keys, &states));
    let on_pool = Reach::of(&summary, judged::pool_entries(&program, &context));
    let judged = Judged {
        program: &program,
        insides: &insides,
        summary: &summary,
        callers: &callers,
        context: &context,
        keys: &keys,
        growing,
        balanced,
        loose,
        unswept,
        on_pool,
        bus: Bus::of(&program, &summary),
    };
    let checks = CHECKS.par_iter().map(|check| {
        let mut findings = Vec::new();
        check(&judged, &mut findings);
        findings
    });
    let findings: Vec<Vec<Finding>> = checks.collect();
    let wirings = graph::wirings(&program, &summary, &judged.bus, &opened);
    let news = found.written();
    drop(judged);
    drop(found);
    Checked {
        facts: summary.facts,
        findings: wanted(workspace, &program.names, findings.into_iter().flatten().collect()),
        binaries,
        wirings,
        functions: functions as usize,
        calls,
        calls_unresolved,
        fresh: fresh.with(news),
    }
}

/// Findings of the packages that were asked for, once each: a file may belong to several targets.
fn wanted(workspace: &Workspace, names: &Names<'_>, findings: Vec<Finding>) -> Vec<Finding> {
    let has_loci = names.adts.iter().any(|adt| adt.locus.is_some());
    let mut seen = FxHashSet::default();
    let mut is_wanted = |finding: &Finding| {
        let file = workspace.files.get(finding.primary.span.file.0 as usize);
        file.is_some_and(|file| workspace.packages[file.package].selected)
            && seen.insert((finding.rule.name, finding.primary.span))
    };
    let told = findings.into_iter().filter_map(|finding| judged::support::told(workspace, has_loci, finding));
    told.filter(|finding| is_wanted(finding)).collect()
}

#[cfg(test)]
mod tests;
