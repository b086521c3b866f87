//! Loci that do nothing, each subscribed to a key of its own: what memory holds for one beyond its own struct.

use std::sync::mpsc::{SyncSender, sync_channel};

use locus::prelude::*;

use super::measure;
use crate::harness::{Addressed, IDLE, Measured, Work, bytes_per_idle, key_of};

/// Loci that are spawned in one activation.
const LOCI_PER_ACTIVATION: u64 = 1000;
const LOCI_MAX: u32 = IDLE as u32;

/// Asks for the next loci.
#[topic]
#[derive(Clone, Debug)]
struct Spawn;

#[locus]
struct Idle {
    key: u64,
    taken: u64,
}

#[locus]
impl Idle {
    #[on(key = self.key)]
    fn on_message(&mut self, _: &Addressed, _: &mut Cx<'_, Self>) {
        self.taken += 1;
    }
}

#[locus(children(Idle = resident, max = LOCI_MAX), publishes(Spawn))]
struct Crowd {
    spawned: u64,
    /// Before the first of them.
    live_bytes: u64,
    done: SyncSender<Measured>,
}

#[locus]
impl Crowd {
    #[locus::allow(unbounded_growth, reason = "asks for no more than `IDLE` of them")]
    #[locus::allow(bus_cycle, reason = "ends when there are `IDLE` of them")]
    #[on]
    fn on_spawn(&mut self, _: &Spawn, cx: &mut Cx<'_, Self>) {
        let live_bytes = locus::alloc::live_bytes().unwrap_or_default();
        if self.spawned == 0 {
            self.live_bytes = live_bytes;
        }
        if self.spawned == IDLE {
            // The last have been born before this message was taken.
            let _ = self.done.send(bytes_per_idle::<Idle>(self.live_bytes, live_bytes));
            return;
        }
        for index in self.spawned..self.spawned + LOCI_PER_ACTIVATION {
            cx.spawn(Idle { key: key_of(index), taken: 0 }).expect("no more than `children(..)` allows");
        }
        self.spawned += LOCI_PER_ACTIVATION;
        cx.publish(Spawn);
    }
}

#[locus(main)]
struct Idlers {
    #[place(pool = "bench")]
    crowd: Crowd,
}

/// Needs the counting allocator.
pub(crate) fn run(_: Work) -> Measured {
    let (done, measured) = sync_channel(1);
    let make = move || Idlers { crowd: Crowd { spawned: 0, live_bytes: 0, done: done.clone() } };
    measure(make, Spawn, || measured.recv().expect("the crowd measures itself"))
}
