//! What one contestant's turn came to, once every receiver has told what it saw.

use std::time::Instant;

use super::Work;

/// What one receiver saw.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Receipt {
    /// When the last message of the warm-up had been taken, and the allocations of the process until then.
    pub(crate) started: (Instant, u64),
    /// When the last message had been taken, and the allocations until then.
    pub(crate) ended: (Instant, u64),
    /// Messages taken.
    pub(crate) taken: u64,
    /// What the sequence numbers sum up to beyond what they have to; wraps.
    pub(crate) imbalance: u64,
    /// Not zero when a message was altered, or came out of order where order is promised.
    pub(crate) residue: u64,
    /// The median of single round trips in nanoseconds, where those were timed.
    pub(crate) round_trip_p50_ns: Option<f64>,
}

impl Receipt {
    fn fault(&self, work: Work) -> Option<String> {
        let total = work.total();
        if self.taken != total {
            Some(format!("{} messages taken of {total}", self.taken))
        } else if self.imbalance != 0 {
            Some("the sum of the sequence numbers is wrong".to_owned())
        } else if self.residue != 0 {
            Some("a message was altered or out of order".to_owned())
        } else {
            None
        }
    }
}

/// One figure in the unit of its shape, and whether it was honestly come by.
#[derive(Clone, Debug)]
pub struct Measured {
    value: f64,
    allocations: f64,
    fault: Option<String>,
}

impl Measured {
    /// A figure that no stream of messages stands behind; `fault` says why it must not be used.
    #[must_use]
    pub fn figure(value: f64, fault: Option<String>) -> Self {
        Self { value, allocations: 0.0, fault }
    }

    /// From what all receivers of one run saw: the clock runs from the last of them to start to the last to end.
    ///
    /// # Panics
    /// Without a receipt.
    pub(crate) fn of(work: Work, receipts: &[Receipt]) -> Self {
        let last = |time: fn(&Receipt) -> (Instant, u64)| {
            receipts.iter().map(time).max_by_key(|(at, _)| *at).expect("a run has a receiver")
        };
        let ((started, before), (ended, after)) =
            (last(|receipt| receipt.started), last(|receipt| receipt.ended));
        let measured = work.measured as f64;
        let elapsed_ns = (ended - started).as_secs_f64() * 1e9 / measured;
        Self {
            value: receipts.iter().find_map(|receipt| receipt.round_trip_p50_ns).unwrap_or(elapsed_ns),
            allocations: after.saturating_sub(before) as f64 / measured,
            fault: receipts.iter().find_map(|receipt| receipt.fault(work)),
        }
    }

    /// The figure: nanoseconds per message, unless the shape's unit says otherwise.
    ///
    /// # Panics
    /// When the receipt differs from what was sent, because a message was lost, repeated, altered or overtaken:
    /// the figure would be one of unlike work.
    #[must_use]
    pub fn value(&self, contestant: &str) -> f64 {
        self.verify(contestant);
        self.value
    }

    /// Allocations per measured message by the whole process while the clock ran; counted only where the counting
    /// allocator is installed.
    ///
    /// # Panics
    /// As [`Self::value`].
    #[must_use]
    pub fn allocations(&self, contestant: &str) -> f64 {
        self.verify(contestant);
        self.allocations
    }

    fn verify(&self, contestant: &str) {
        if let Some(fault) = &self.fault {
            panic!("{contestant}: {fault}");
        }
    }
}
