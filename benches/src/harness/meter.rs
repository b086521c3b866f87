//! The receiver's half of the work: counts and checks each message, and stops the clock.
//!
//! The clock starts when the last message of the warm-up has been taken and stops when the last message has.
//! Both happen at the receiver, so a contestant cannot gain by sending early.

use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use super::measured::Receipt;
use super::{Measured, Payload, Work};

/// No contestant needs longer for one round; one that does has lost a message.
const STALLED_AFTER: Duration = Duration::from_secs(120);

/// Takes messages, and reports once, when the last one has been taken.
#[derive(Debug)]
pub struct Meter {
    taken: u64,
    imbalance: u64,
    residue: u64,
    /// The nearer of the next two: all that the path of a message looks at.
    next_stop: u64,
    turn_ends_at: u64,
    next_mark: u64,
    work: Work,
    started: Option<(Instant, u64)>,
    done: SyncSender<Receipt>,
}

impl Meter {
    /// Takes one message; true when a turn is complete, which is when the feeder may send the next.
    #[inline]
    pub fn take<P: Payload>(&mut self, message: &P) -> bool {
        self.residue |= message.sequence() ^ self.taken;
        self.count(message)
    }

    /// As [`Self::take`], where messages come from several senders or queues, which keep order each for itself.
    #[inline]
    pub fn take_in_any_order<P: Payload>(&mut self, message: &P) -> bool {
        self.imbalance = self.imbalance.wrapping_add(message.sequence()).wrapping_sub(self.taken);
        self.count(message)
    }

    /// How many messages have been taken.
    #[must_use]
    pub fn taken(&self) -> u64 {
        self.taken
    }

    /// Whether the last message that was taken was that of the warm-up.
    #[must_use]
    pub fn is_warm(&self) -> bool {
        self.taken == self.work.warmup
    }

    /// Whether the last message has been taken.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.taken >= self.work.total()
    }

    #[inline]
    fn count<P: Payload>(&mut self, message: &P) -> bool {
        self.residue |= message.residue();
        self.taken += 1;
        self.taken == self.next_stop && self.stop()
    }

    #[inline(never)]
    fn stop(&mut self) -> bool {
        if self.taken == self.next_mark {
            self.mark();
        }
        let turn_is_complete = self.taken == self.turn_ends_at;
        if turn_is_complete {
            self.turn_ends_at += self.work.turn;
        }
        self.next_stop = self.turn_ends_at.min(self.next_mark);
        turn_is_complete
    }

    fn mark(&mut self) {
        let allocations = locus::alloc::allocations();
        let now = (Instant::now(), allocations);
        let Some(started) = self.started else {
            self.next_mark = self.work.total();
            self.started = Some(now);
            return;
        };
        let receipt = Receipt {
            started,
            ended: now,
            taken: self.taken,
            imbalance: self.imbalance,
            residue: self.residue,
            round_trip_p50_ns: None,
        };
        // A report that was given up on has already ended the run.
        let _ = self.done.send(receipt);
    }
}

/// Where the contestant waits for its receivers.
#[derive(Debug)]
pub struct Report {
    work: Work,
    receivers: usize,
    receipts: Receiver<Receipt>,
}

impl Report {
    /// Waits until every receiver has taken its last message.
    ///
    /// # Panics
    /// When a receiver vanished or took too long: a message was lost.
    #[must_use]
    pub fn wait(&self) -> Measured {
        let receipts: Vec<_> = (0..self.receivers).map(|_| self.receipt()).collect();
        Measured::of(self.work, &receipts)
    }

    fn receipt(&self) -> Receipt {
        match self.receipts.recv_timeout(STALLED_AFTER) {
            Ok(receipt) => receipt,
            Err(RecvTimeoutError::Disconnected) => panic!("the receiver ended before the last message"),
            Err(RecvTimeoutError::Timeout) => panic!("no last message within {STALLED_AFTER:?}"),
        }
    }
}

/// Makes what receives in one run of `work`. More may be made than the report waits for, but no more are fed: a
/// constructor of ours is called once per pool.
#[derive(Clone, Debug)]
pub struct Reporter {
    pub(super) work: Work,
    pub(super) done: SyncSender<Receipt>,
}

impl Reporter {
    /// A meter that has taken nothing yet.
    #[must_use]
    pub fn meter(&self) -> Meter {
        let (turn_ends_at, next_mark) = (self.work.turn, self.work.warmup);
        Meter {
            taken: 0,
            imbalance: 0,
            residue: 0,
            next_stop: turn_ends_at.min(next_mark),
            turn_ends_at,
            next_mark,
            work: self.work,
            started: None,
            done: self.done.clone(),
        }
    }
}

/// Where the meters of one run of `work` come from, and where the reports of that many `receivers` arrive.
#[must_use]
pub fn reporting(work: Work, receivers: usize) -> (Reporter, Report) {
    let (done, receipts) = sync_channel(receivers);
    // The first wait of a channel allocates. It is over before anything is counted.
    let _ = receipts.recv_timeout(Duration::from_micros(1));
    (Reporter { work, done }, Report { work, receivers, receipts })
}

/// A meter for one run of `work`, and where its report arrives.
#[must_use]
pub fn report(work: Work) -> (Meter, Report) {
    let (reporter, report) = reporting(work, 1);
    (reporter.meter(), report)
}

#[cfg(test)]
mod tests {
    use super::{Measured, report, reporting};
    use crate::harness::{Message, Work};

    const WORK: Work = Work { warmup: 64, measured: 64, turn: 64 };

    fn take(sequence: impl Iterator<Item = u64>) -> Measured {
        let (mut meter, report) = report(WORK);
        sequence.for_each(|sequence| {
            meter.take(&Message::new(sequence));
        });
        report.wait()
    }

    fn take_in_any_order(sequence: impl Iterator<Item = u64>) -> Measured {
        let (mut meter, report) = report(WORK);
        sequence.for_each(|sequence| {
            meter.take_in_any_order(&Message::new(sequence));
        });
        report.wait()
    }

    #[test]
    fn a_whole_stream_passes() {
        assert!(take(0..128).value("test") > 0.0);
        assert!(take_in_any_order((0..128).rev()).value("test") > 0.0);
    }

    #[test]
    fn a_turn_is_told_at_its_end() {
        let work = Work { warmup: 6, measured: 6, turn: 3 };
        let (mut meter, _report) = report(work);
        let ends: Vec<_> = (0..12).filter(|n| meter.take(&Message::new(*n))).collect();
        assert_eq!(ends, [2, 5, 8, 11]);
    }

    #[test]
    #[should_panic(expected = "altered or out of order")]
    fn two_messages_in_the_wrong_order_fail() {
        let _ = take((0..126).chain([127, 126])).value("test");
    }

    #[test]
    #[should_panic(expected = "sum of the sequence numbers")]
    fn a_repeated_message_fails() {
        let _ = take_in_any_order((0..127).chain([0])).value("test");
    }

    #[test]
    #[should_panic(expected = "the second: a message was altered")]
    fn every_receiver_is_asked() {
        let (reporter, report) = reporting(WORK, 2);
        let mut meters = [reporter.meter(), reporter.meter()];
        for sequence in 0..128 {
            meters[0].take(&Message::new(sequence));
            meters[1].take(&Message::new(sequence ^ 1));
        }
        let _ = report.wait().value("the second");
    }
}
