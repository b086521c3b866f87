//! Maps and sets whose keys come from messages.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use locus::prelude::*;

use crate::topics::{Departed, DeviceId, Kind, Reading};

/// Most devices [`RECENT`] remembers.
const RECENT_MAX: usize = 128;

/// Leaks: every device there ever was.
static KNOWN: Mutex<BTreeSet<DeviceId>> = Mutex::new(BTreeSet::new());

/// Twin: the lowest goes when there are too many.
static RECENT: Mutex<BTreeSet<DeviceId>> = Mutex::new(BTreeSet::new());

#[derive(Default)]
struct Tally {
    /// Leaks: texts are the devices' own, so there is always a new one.
    by_text: HashMap<String, u64>,
    /// Twin: as many keys as the enum has variants.
    by_kind: HashMap<Kind, u64>,
}

#[locus]
pub(crate) struct Registry {
    /// Leaks: a device that departs stays in it.
    last_text: HashMap<DeviceId, String>,
    /// Twin: `on_departed` takes it out.
    online: HashMap<DeviceId, String>,
    /// Leaks: `flush` empties the queues and leaves them standing.
    pending: HashMap<DeviceId, VecDeque<String>>,
    /// Twin: a queue that is empty goes.
    waiting: HashMap<DeviceId, VecDeque<String>>,
    tally: Tally,
}

impl Registry {
    pub(crate) fn new() -> Self {
        Self {
            last_text: HashMap::new(),
            online: HashMap::new(),
            pending: HashMap::new(),
            waiting: HashMap::new(),
            tally: Tally::default(),
        }
    }
}

#[locus]
impl Registry {
    #[on]
    fn on_reading(&mut self, reading: &Reading, _cx: &mut Cx<'_, Self>) {
        self.last_text.insert(reading.device, reading.text.clone()); //~ unbounded-growth
        self.online.insert(reading.device, reading.text.clone());

        self.pending.entry(reading.device).or_default().push_back(reading.text.clone()); //~ unbounded-growth
        self.waiting.entry(reading.device).or_default().push_back(reading.text.clone());

        *self.tally.by_text.entry(reading.text.clone()).or_insert(0) += 1; //~ unbounded-growth
        *self.tally.by_kind.entry(reading.kind).or_insert(0) += 1;

        KNOWN.lock().unwrap_or_else(PoisonError::into_inner).insert(reading.device); //~ unbounded-growth
        let mut recent = RECENT.lock().unwrap_or_else(PoisonError::into_inner);
        if recent.len() >= RECENT_MAX {
            recent.pop_first();
        }
        recent.insert(reading.device);
    }

    #[on]
    fn on_departed(&mut self, departed: &Departed, _cx: &mut Cx<'_, Self>) {
        self.online.remove(&departed.device);
    }

    #[every("1s")]
    fn flush(&mut self, _cx: &mut Cx<'_, Self>) {
        for queue in self.pending.values_mut() {
            queue.clear();
        }
        for queue in self.waiting.values_mut() {
            queue.clear();
        }
        self.waiting.retain(|_, queue| !queue.is_empty());
    }
}
