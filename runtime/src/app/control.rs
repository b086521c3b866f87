//! What the control thread and the pools say to each other. Never on the data path.

use tokio::sync::mpsc;

use crate::pool::core::Core;

/// Something to do on a pool's thread, between its turns' work.
pub(crate) type Tell = Box<dyn FnOnce(&Core) + Send>;

/// From the control thread, or another thread, to a pool.
pub(crate) enum Control {
    /// Build and bear a locus; answered by [`Report::Born`].
    Birth { cell: u32 },
    /// The start is over.
    Go,
    /// The drain begins: timers stop.
    CloseSources,
    /// Cancel the handlers that wait, and from now on each that would.
    CancelHandlers,
    /// Say what is still under way.
    Probe { round: u64 },
    /// End the subscriptions of outside readers.
    EndOutside,
    /// Nothing more will come: `recv` gives `None`.
    EndReceiving,
    /// Call `drain` of the deepest loci of a part that were not drained yet; answered by [`Report::Drained`].
    Drain { cell: u32 },
    /// Cancel the futures of a part and of its children, call `dissolve` and drop them.
    Dissolve { cell: u32 },
    /// Bring the residency accounts and counters up to date.
    Look,
    /// Do something.
    Tell(Tell),
    /// End the thread.
    Stop,
}

/// From a pool to the control thread.
pub(crate) enum Report {
    Born { result: Result<(), String> },
    Probe(Probe),
    Done,
    Drained { more: bool },
    RootFailure { cause: String },
    Stopped { accounts: Vec<LocusAccount> },
    Died { text: String },
}

/// What is still under way on a pool.
#[derive(Debug)]
pub(crate) struct Probe {
    pub(crate) round: u64,
    /// Nothing waits, apart from `run`s.
    pub(crate) is_idle: bool,
    pub(crate) sent_words: u64,
    pub(crate) received_words: u64,
    /// Turns that did something so far.
    pub(crate) activity: u64,
    /// Loci whose `run` has neither returned nor waits in `recv`.
    pub(crate) runs: Vec<String>,
    /// Loci that are not ready, and why.
    pub(crate) waiting: Vec<String>,
}

/// What one locus did until the end, or all children of one type under one part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocusAccount {
    /// Where it stood in the tree, such as `chat/web[1]`; of children, `chat/web[1]/Conn`.
    pub path: String,
    /// Messages it handled.
    pub handled: u64,
    /// Activations that failed.
    pub failed: u64,
    /// `async` handlers that still waited after half of the drain's time, and were cancelled.
    pub cancelled: u64,
}

/// A pool's way to the control thread.
#[derive(Clone)]
pub(crate) struct Reports(pub(crate) mpsc::UnboundedSender<Report>);

impl Reports {
    /// Sends a report. Bounded by what is asked for: each control message has one answer at most, and a locus fails
    /// for good once.
    pub(crate) fn send(&self, report: Report) {
        // An error means that the control thread is gone, and with it everybody who would want to know.
        let _ = self.0.send(report);
    }
}
