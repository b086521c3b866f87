//! What the clients share while they run, and the account they give at the end.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde::Serialize;
use tokio::sync::watch;

/// Where the run is; clients move on together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Sockets open, nobody posts.
    Joining,
    /// Everyone posts at the rate.
    Posting,
    /// Nobody posts; what is on its way arrives.
    Settling,
    /// The clients close.
    Leaving,
}

/// The shared phase, and gauges from which the run is steered. Figures of the report come from the clients alone.
#[derive(Clone)]
pub(crate) struct Stage {
    phase: Arc<watch::Sender<Phase>>,
    gauges: Arc<Gauges>,
}

#[derive(Default)]
struct Gauges {
    joined: AtomicUsize,
    failed: AtomicUsize,
    closed: AtomicUsize,
    received: AtomicUsize,
}

impl Stage {
    pub(crate) fn new() -> Self {
        Self { phase: Arc::new(watch::Sender::new(Phase::Joining)), gauges: Arc::default() }
    }

    pub(crate) fn watch(&self) -> watch::Receiver<Phase> {
        self.phase.subscribe()
    }

    pub(crate) fn enter(&self, phase: Phase) {
        self.phase.send_replace(phase);
    }

    pub(crate) fn note_joined(&self) {
        self.gauges.joined.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn note_failed(&self) {
        self.gauges.failed.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn note_closed(&self) {
        self.gauges.closed.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn note_received(&self) {
        self.gauges.received.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn joined(&self) -> usize {
        self.gauges.joined.load(Ordering::Relaxed)
    }

    pub(crate) fn failed(&self) -> usize {
        self.gauges.failed.load(Ordering::Relaxed)
    }

    pub(crate) fn received(&self) -> usize {
        self.gauges.received.load(Ordering::Relaxed)
    }

    /// Clients that joined and are still connected.
    pub(crate) fn open(&self) -> usize {
        self.joined() - self.gauges.closed.load(Ordering::Relaxed)
    }
}

/// What one client saw.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) room: &'static str,
    pub(crate) joined: bool,
    pub(crate) posted: u64,
    pub(crate) accepted: u64,
    pub(crate) refused: u64,
    pub(crate) received: u64,
    pub(crate) missed: u64,
    /// Lines that neither came nor were named as missed: the numbers of the lines skip them.
    pub(crate) lost: u64,
    /// Lines that came twice or out of order.
    pub(crate) disordered: u64,
    /// The number of the room's newest line that is accounted for.
    pub(crate) through: u64,
    /// Whether the socket ended with a close frame.
    pub(crate) closed_cleanly: bool,
    pub(crate) problem: Option<String>,
}

/// The sums, in all and by room.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    pub(crate) joined: usize,
    not_joined: usize,
    posted_for_s: f64,
    closed_cleanly: usize,
    total: Sums,
    rooms: BTreeMap<&'static str, Sums>,
    /// One sentence per kind of trouble, with how many clients had it.
    problems: BTreeMap<String, usize>,
}

#[derive(Debug, Default, Serialize)]
struct Sums {
    clients: usize,
    posted: u64,
    accepted: u64,
    refused: u64,
    received: u64,
    missed: u64,
    lost: u64,
    disordered: u64,
    /// The oldest and the newest line up to which some client has accounted; equal when all have seen the end.
    through_min: u64,
    through_max: u64,
}

impl Report {
    pub(crate) fn new(posted_for: Duration) -> Self {
        Self {
            joined: 0,
            not_joined: 0,
            posted_for_s: posted_for.as_secs_f64(),
            closed_cleanly: 0,
            total: Sums::default(),
            rooms: BTreeMap::new(),
            problems: BTreeMap::new(),
        }
    }

    pub(crate) fn add(&mut self, seen: Seen) {
        if seen.joined {
            self.joined += 1;
            self.closed_cleanly += usize::from(seen.closed_cleanly);
            self.total.add(&seen);
            self.rooms.entry(seen.room).or_default().add(&seen);
        } else {
            self.not_joined += 1;
        }
        if let Some(problem) = seen.problem {
            *self.problems.entry(problem).or_default() += 1;
        }
    }

    pub(crate) fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).expect("plain numbers and text are JSON")
    }
}

impl Sums {
    fn add(&mut self, seen: &Seen) {
        self.through_min = if self.clients == 0 { seen.through } else { self.through_min.min(seen.through) };
        self.through_max = self.through_max.max(seen.through);
        self.clients += 1;
        self.posted += seen.posted;
        self.accepted += seen.accepted;
        self.refused += seen.refused;
        self.received += seen.received;
        self.missed += seen.missed;
        self.lost += seen.lost;
        self.disordered += seen.disordered;
    }
}
