//! Lists and texts that are written to.

use locus::prelude::*;

use crate::topics::Reading;

/// Most lines [`Journal::latest`] holds.
const LATEST_MAX: usize = 64;

#[locus]
pub(crate) struct Journal {
    /// Leaks, two calls away from the handler.
    lines: Vec<String>,
    /// Twin: the oldest goes first.
    latest: Vec<String>,
    /// Leaks: a capacity is no limit.
    window: Vec<u64>,
    /// Twin: what is full takes no more.
    batch: Vec<u64>,
    /// Leaks: nobody reads it out.
    text: String,
    /// Twin: `flush` starts it anew.
    page: String,
    /// Leaks: itself plus more, each time.
    trail: String,
    /// Twin: only the newest.
    last: String,
    /// Leaks until the very end: only `drain` empties it.
    spool: Vec<String>,
    /// Twin: `flush` empties it.
    outbox: Vec<String>,
}

impl Journal {
    pub(crate) fn new() -> Self {
        Self {
            lines: Vec::new(),
            latest: Vec::new(),
            window: Vec::with_capacity(1024),
            batch: Vec::with_capacity(1024),
            text: String::new(),
            page: String::new(),
            trail: String::new(),
            last: String::new(),
            spool: Vec::new(),
            outbox: Vec::new(),
        }
    }
}

#[locus]
impl Journal {
    #[on]
    fn on_reading(&mut self, reading: &Reading, _cx: &mut Cx<'_, Self>) {
        self.note(reading);
        self.measure(reading.device);

        self.text.push_str(&reading.text); //~ unbounded-growth
        self.page.push_str(&reading.text);

        self.trail = format!("{};{}", self.trail, reading.text); //~ unbounded-growth
        self.last = format!("{};{}", reading.device, reading.text);

        self.spool.push(reading.text.clone()); //~ unbounded-growth
        self.outbox.push(reading.text.clone());
    }

    #[every("1s")]
    fn flush(&mut self, _cx: &mut Cx<'_, Self>) {
        self.page.clear();
        self.batch.clear();
        self.outbox.clear();
    }

    fn drain(&mut self, _cx: &mut Cx<'_, Self>) {
        self.spool.clear();
    }
}

impl Journal {
    fn note(&mut self, reading: &Reading) {
        self.keep(format!("{}: {}", reading.device, reading.text));
    }

    fn keep(&mut self, line: String) {
        if self.latest.len() >= LATEST_MAX {
            self.latest.remove(0);
        }
        self.latest.push(line.clone());
        self.lines.push(line); //~ unbounded-growth
    }

    fn measure(&mut self, device: u64) {
        self.window.push(device); //~ unbounded-growth
        if self.batch.len() < self.batch.capacity() {
            self.batch.push(device);
        }
    }
}
