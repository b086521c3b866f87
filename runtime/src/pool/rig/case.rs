//! One case, from the first birth to the last drop: what `app::conduct` and `app::drain` do, step by step.

use std::sync::Arc;
use std::time::Duration;

use crate::app::control::{Control, Probe, Report};
use crate::bus::gate::TopicHandle;
use crate::pool::PoolId;
use crate::pool::rig::graph::{Ending, Graph};
use crate::pool::rig::ledger;
use crate::pool::rig::message::{Message, by_kind};
use crate::pool::rig::random::Random;
use crate::pool::rig::shared::{self, Case};
use crate::pool::rig::sum::Totals;
use crate::pool::rig::{Drive, Rig, check, question};

/// Steps in which an answer must come: far above what any case needs.
const STEPS_MAX: usize = 20_000;

/// Rounds of probes after which a bus that is not quiet, and on which nothing has happened meanwhile, is taken for stuck: of
/// a millisecond each, and so longer than any backoff.
const DEAD_ROUNDS_MAX: u64 = 3_000;

/// Rounds of probes after which it is taken for stuck whatever happens. A locus that fails again and again while it takes
/// what was kept for it has a backoff each time.
const ROUNDS_MAX: u64 = 20 * DEAD_ROUNDS_MAX;

/// On which threads the pools of a case run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Threading {
    /// On this one, turn by turn, under a virtual clock.
    Stepped,
    /// Each on its own.
    Threads,
    /// Each on one of shuttle's.
    #[cfg(shuttle)]
    Shuttled,
}

/// Runs one case.
///
/// # Errors
/// What did not hold, a line each.
pub(super) fn run(seed: u64, messages_max: usize, threading: Threading) -> Result<Totals, String> {
    let case = Arc::new(Case::default());
    shared::enter(Some(Arc::clone(&case)));
    let mut random = Random::new(seed);
    let mut graph = Graph::draw(&mut random, messages_max);
    if threading != Threading::Stepped {
        // Stopped in the middle, one thread may still send to another that has gone, and nobody takes what it sent.
        graph.ending = Ending::Drained;
    }
    ledger::reset(random.clone(), graph.rates, graph.messages_max);
    question::reset(seed);
    let mut rig = Rig::new(graph.parts(), random, &case, threading);
    let mut complaints = Vec::new();
    match live(&mut rig, &graph) {
        Ok(()) if graph.ending == Ending::Drained => {
            let facts = rig.facts();
            complaints = check::all(&graph, &rig.order, &facts, &case.ledger());
            complaints.extend(check::questions(&graph, &rig.order, &facts));
        }
        Ok(()) => {}
        Err(stuck) => complaints.push(stuck),
    }
    let ends = question::ends();
    end(rig, graph.ending);
    question::clear();
    ledger::forget_here();
    let mut written = std::mem::take(&mut *case.ledger());
    complaints.append(&mut written.complaints);
    let totals = Totals {
        loci: graph.scripts.len(),
        pools: graph.pools(),
        on_threads: threading == Threading::Threads,
        met: case.met(),
        ends,
        taken: written.taken(),
        straight: written.straight,
        stashed: written.stashed,
        sent: written.sent.len(),
        got: written.got.len(),
        missed: written.missed.iter().map(|(_, _, count, _)| count).sum(),
    };
    shared::enter(None);
    if case.alive() != 0 {
        complaints.push(format!("{} messages and loci outlive the program", case.alive()));
    }
    if complaints.is_empty() { Ok(totals) } else { Err(format!("{graph}{}", complaints.join("\n"))) }
}

/// Start, normal life, and the drain up to where everything is quiet.
fn live(rig: &mut Rig, graph: &Graph) -> Result<(), String> {
    for (script, address) in graph.scripts.iter().zip(rig.order.clone()) {
        rig.name_cell(script.id, &address);
        rig.tell(address.pool, Control::Birth { cell: address.cell });
        match rig.next_report(STEPS_MAX) {
            Some(Report::Born { result: Ok(()) }) => {}
            _ => return Err(format!("node {} is not born", script.id)),
        }
    }
    // On threads the first to hear it may act on it before the last is told.
    ledger::started();
    for pool in rig.app.pool_ids() {
        rig.tell(pool, Control::Go);
    }
    let steps = rig.random.within(60, 600);
    for _ in 0..steps {
        if let Some(kind) = graph.gates.first().map(|_| *rig.random.pick(&graph.gates))
            && rig.random.percent(20)
        {
            enter(rig, kind);
        }
        if !rig.step() {
            break;
        }
    }
    if graph.ending == Ending::Drained { drain(rig) } else { Ok(()) }
}

/// Publishes one message from outside.
fn enter(rig: &mut Rig, kind: usize) {
    let key = u8::try_from(rig.random.below(4)).unwrap_or_default();
    by_kind!(kind, K => {
        let handle: TopicHandle<Message<K>> = rig.app.handle();
        ledger::accept(kind, key, |number| {
            handle.try_publish(Message::new(number, ledger::OUTSIDE, key)).is_ok()
        });
    });
}

fn drain(rig: &mut Rig) -> Result<(), String> {
    rig.app.close_gates();
    all(rig, || Control::CloseSources)?;
    for _ in 0..rig.random.below(60) {
        rig.step();
    }
    ledger::dry_up();
    question::answer_all();
    quiet(rig)?;
    all(rig, || Control::EndOutside)?;
    all(rig, || Control::EndReceiving)?;
    quiet(rig)?;
    for address in rig.order.clone().into_iter().rev() {
        // Level by level: children go before their parents.
        loop {
            rig.tell(address.pool, Control::Drain { cell: address.cell });
            let report = rig.next_report(STEPS_MAX);
            quiet(rig)?;
            match report {
                Some(Report::Drained { more: true }) => {}
                Some(Report::Drained { more: false }) => break,
                _ => return Err("a pool does not answer".to_owned()),
            }
        }
    }
    Ok(())
}

fn all(rig: &mut Rig, control: impl Fn() -> Control) -> Result<(), String> {
    let pools: Vec<PoolId> = rig.app.pool_ids().collect();
    for pool in &pools {
        rig.tell(*pool, control());
    }
    pools.iter().try_for_each(|_| done(rig))
}

fn done(rig: &mut Rig) -> Result<(), String> {
    match rig.next_report(STEPS_MAX) {
        Some(Report::Done) => Ok(()),
        _ => Err("a pool does not answer".to_owned()),
    }
}

/// Waits until nothing is under way, by two rounds of probes that agree.
fn quiet(rig: &mut Rig) -> Result<(), String> {
    let mut before = None;
    let mut dead_rounds = 0;
    for round in 0..ROUNDS_MAX {
        let probes = probe(rig, round)?;
        let sent: u64 = probes.iter().map(|probe| probe.sent_words).sum();
        let received: u64 = probes.iter().map(|probe| probe.received_words).sum();
        let is_idle = probes.iter().all(|probe| probe.is_idle && probe.runs.is_empty());
        let activity: u64 = probes.iter().map(|probe| probe.activity).sum();
        if is_idle && sent == received && before == Some(activity) {
            return Ok(());
        }
        dead_rounds = if before == Some(activity) { dead_rounds + 1 } else { 0 };
        if dead_rounds == DEAD_ROUNDS_MAX || round + 1 == ROUNDS_MAX {
            return Err(format!("never quiet: {probes:?}"));
        }
        before = Some(activity);
        rig.pass(Duration::from_millis(1));
    }
    unreachable!("the last round returns")
}

fn probe(rig: &mut Rig, round: u64) -> Result<Vec<Probe>, String> {
    for pool in rig.app.pool_ids() {
        rig.tell(pool, Control::Probe { round });
    }
    let mut probes = Vec::new();
    while probes.len() < rig.app.pools.len() {
        match rig.next_report(STEPS_MAX) {
            Some(Report::Probe(probe)) => probes.push(probe),
            _ => return Err("a pool does not answer a probe".to_owned()),
        }
    }
    Ok(probes)
}

/// Dissolves the loci, where that is the ending, and lets the pools go.
fn end(mut rig: Rig, ending: Ending) {
    let is_orderly = ending != Ending::Failed;
    if is_orderly {
        for address in rig.order.clone().into_iter().rev() {
            rig.tell(address.pool, Control::Dissolve { cell: address.cell });
            let _ = done(&mut rig);
        }
    }
    match rig.drive {
        Drive::Threads(threads) => threads.end(&rig.app),
        #[cfg(shuttle)]
        Drive::Shuttled(shuttled) => shuttled.end(&rig.app),
        Drive::Stepped(mut stepped) => {
            if is_orderly {
                // Long enough for a restart of whoever failed in its last words.
                stepped.now += Duration::from_secs(10);
                for _ in 0..20 {
                    stepped.step(&rig.app, &mut rig.random);
                }
            }
            stepped.end(is_orderly);
        }
    }
}
