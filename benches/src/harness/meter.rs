//! The receiver's half of the work: counts, sums and checks each message, and stops the clock.
//!
//! The clock starts when the last message of the warm-up has been taken and stops when the last message has.
//! Both happen at the receiver, so a contestant cannot gain by sending early.

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use super::Work;

/// No contestant needs longer for one round; one that does has lost a message.
const STALLED_AFTER: Duration = Duration::from_secs(120);

/// What the receiver saw.
#[derive(Clone, Copy, Debug)]
pub struct Measured {
    /// From the last message of the warm-up to the last message.
    pub elapsed: Duration,
    /// Allocations in that time by the whole process; counted only where the counting allocator is installed.
    pub allocations: u64,
    work: Work,
    taken: u64,
    sum: u64,
    residue: u64,
}

impl Measured {
    /// The time of one message.
    ///
    /// # Panics
    /// When the receipt differs from what was sent, because a message was lost, repeated, altered or overtaken:
    /// the figure would be one of unlike work.
    #[must_use]
    pub fn nanoseconds_per_message(&self, contestant: &str) -> f64 {
        self.verify(contestant);
        self.elapsed.as_secs_f64() * 1e9 / self.work.measured as f64
    }

    /// Panics unless every message arrived once, in order and unaltered.
    ///
    /// # Panics
    /// See [`Self::nanoseconds_per_message`].
    pub fn verify(&self, contestant: &str) {
        let total = self.work.total();
        assert_eq!(self.taken, total, "{contestant}: messages taken");
        assert_eq!(self.sum, total * (total - 1) / 2, "{contestant}: sum of the sequence numbers");
        assert_eq!(self.residue, 0, "{contestant}: a message was altered or out of order");
    }
}

/// Takes messages, and reports once, when the last one has been taken.
#[derive(Debug)]
pub struct Meter {
    taken: u64,
    sum: u64,
    residue: u64,
    turn_ends_at: u64,
    next_mark: u64,
    work: Work,
    started: Option<(Instant, u64)>,
    done: Sender<Measured>,
}

impl Meter {
    /// Takes one message; true when a turn is complete, which is when the feeder may send the next.
    #[inline]
    pub fn take(&mut self, message: &super::Message) -> bool {
        self.residue |= message.sequence() ^ self.taken;
        self.take_in_any_order(message)
    }

    /// As [`Self::take`], where messages come from several senders or queues, which keep order each for itself.
    #[inline]
    pub fn take_in_any_order(&mut self, message: &super::Message) -> bool {
        self.residue |= message.residue();
        self.sum = self.sum.wrapping_add(message.sequence());
        self.taken += 1;
        if self.taken == self.next_mark {
            self.mark();
        }
        if self.taken != self.turn_ends_at {
            return false;
        }
        self.turn_ends_at += self.work.turn;
        true
    }

    /// How many messages have been taken.
    #[must_use]
    pub fn taken(&self) -> u64 {
        self.taken
    }

    /// Whether the last message has been taken.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.taken >= self.work.total()
    }

    #[cold]
    fn mark(&mut self) {
        let allocations = locus::alloc::allocations();
        let now = Instant::now();
        let Some((started, allocations_before)) = self.started else {
            self.next_mark = self.work.total();
            self.started = Some((now, allocations));
            return;
        };
        let measured = Measured {
            elapsed: now - started,
            allocations: allocations - allocations_before,
            work: self.work,
            taken: self.taken,
            sum: self.sum,
            residue: self.residue,
        };
        // A report that was given up on has already ended the run.
        let _ = self.done.send(measured);
    }
}

/// Where the contestant waits for its meter.
#[derive(Debug)]
pub struct Report(Receiver<Measured>);

impl Report {
    /// Waits until the last message has been taken.
    ///
    /// # Panics
    /// When the receiver vanished or took too long: a message was lost.
    #[must_use]
    pub fn wait(&self) -> Measured {
        match self.0.recv_timeout(STALLED_AFTER) {
            Ok(measured) => measured,
            Err(RecvTimeoutError::Disconnected) => panic!("the receiver ended before the last message"),
            Err(RecvTimeoutError::Timeout) => panic!("no last message within {STALLED_AFTER:?}"),
        }
    }
}

/// Makes meters for one run of `work`. More than one may be made, but only one is fed: a constructor of ours is
/// called once per pool.
#[derive(Clone, Debug)]
pub struct Reporter {
    work: Work,
    done: Sender<Measured>,
}

impl Reporter {
    /// A meter that has taken nothing yet.
    #[must_use]
    pub fn meter(&self) -> Meter {
        Meter {
            taken: 0,
            sum: 0,
            residue: 0,
            turn_ends_at: self.work.turn,
            next_mark: self.work.warmup,
            work: self.work,
            started: None,
            done: self.done.clone(),
        }
    }
}

/// Where the meters of one run of `work` come from, and where the report arrives.
#[must_use]
pub fn reporting(work: Work) -> (Reporter, Report) {
    let (done, receiver) = channel();
    (Reporter { work, done }, Report(receiver))
}

/// A meter for one run of `work`, and where its report arrives.
#[must_use]
pub fn report(work: Work) -> (Meter, Report) {
    let (reporter, report) = reporting(work);
    (reporter.meter(), report)
}

#[cfg(test)]
mod tests {
    use super::{Measured, report};
    use crate::harness::{Message, Work};

    const WORK: Work = Work { warmup: 64, measured: 64, turn: 64 };

    fn take(sequence: impl Iterator<Item = u64>) -> Measured {
        let (mut meter, report) = report(WORK);
        sequence.for_each(|sequence| {
            meter.take(&Message::new(sequence));
        });
        report.wait()
    }

    #[test]
    fn a_whole_stream_passes() {
        take(0..128).verify("test");
    }

    #[test]
    #[should_panic(expected = "altered or out of order")]
    fn two_messages_in_the_wrong_order_fail() {
        take((0..126).chain([127, 126])).verify("test");
    }

    #[test]
    #[should_panic(expected = "sum of the sequence numbers")]
    fn a_repeated_message_fails() {
        take((0..127).chain([0])).verify("test");
    }
}
