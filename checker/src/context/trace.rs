//! Why a function runs with every message: the nearest thing that repeats, and the calls from there.
//!
//! The fixpoint over calls says how often a function runs, and not why. Here the ways are followed anew, from all that
//! repeats at once and breadth first, so that each function knows the shortest way back to an input point. Ways on which each
//! call leads to one function, or one of very few, come first, and those of demonstrations last. What is only reached through
//! a call that may lead to many, and need not lead there, is marked so.

use super::{Context, Entry, Often, Step};
use crate::events::CallSite;
use crate::names::FnId;
use crate::summary::Summary;
use std::collections::VecDeque;

/// Most functions that a call may lead to, and still be sure to lead to each.
const CANDIDATES_MAX: usize = 3;

impl Context {
    /// Gives each function that runs per message the shortest way from what repeats.
    pub(super) fn trace(&mut self, summary: &Summary) {
        let mut trace = Trace { ways: vec![None; self.runs.len()], open: VecDeque::new() };
        for (sure, shown) in [(true, false), (true, true), (false, true)] {
            for index in (0..self.runs.len()).filter(|index| shown || !self.runs[*index].by_example) {
                self.begin(summary, FnId(u32::try_from(index).unwrap_or(u32::MAX)), sure, &mut trace);
            }
            while let Some(id) = trace.open.pop_front() {
                for site in &summary.facts[id.ix()].calls {
                    self.follow(id, site, sure, &mut trace);
                }
            }
        }
        for (runs, way) in self.runs.iter_mut().zip(trace.ways) {
            if let (Some(Often::PerMessage), Some((sure, from))) = (runs.often, way) {
                runs.from = from;
                runs.is_sure = sure;
            }
        }
    }

    /// What repeats in or at `id`.
    fn begin(&self, summary: &Summary, id: FnId, sure: bool, trace: &mut Trace) {
        let runs = &self.runs[id.ix()];
        let enters = matches!(runs.entry, Some(Entry::Message | Entry::Callback | Entry::Poll));
        if enters && runs.often == Some(Often::PerMessage) {
            trace.reach(id, sure, None);
        }
        if runs.often.is_none() {
            return;
        }
        for site in &summary.facts[id.ix()].calls {
            if self.turns(summary, id, &site.under) {
                self.follow(id, site, sure, trace);
            }
        }
        // A guess goes on from where the sure ways stopped.
        if !sure && trace.ways[id.ix()].is_some() {
            trace.open.push_back(id);
        }
    }

    fn follow(&self, id: FnId, site: &CallSite, sure: bool, trace: &mut Trace) {
        if sure && site.callees.len() > CANDIDATES_MAX {
            return;
        }
        for callee in &site.callees {
            trace.reach(*callee, sure, Some(Step { caller: id, at: site.at }));
        }
    }
}

struct Trace {
    ways: Vec<Option<(bool, Option<Step>)>>,
    open: VecDeque<FnId>,
}

impl Trace {
    fn reach(&mut self, id: FnId, sure: bool, from: Option<Step>) {
        if self.ways[id.ix()].is_none() {
            self.ways[id.ix()] = Some((sure, from));
            self.open.push_back(id);
        }
    }
}
