//! The asker's half of a question: checks each answer, times round trips, and reports their median.
//!
//! The clock is read once a lap. A lap is one round trip where that takes microseconds; where reading the clock would
//! weigh, it is several, one after another, and the figure is a lap's mean.

use std::sync::mpsc::SyncSender;
use std::time::Instant;

use super::measured::Receipt;
use super::round::median;
use super::{Reporter, Work};

/// What is answered to a question.
#[must_use]
#[inline]
pub fn answer_to(question: u64) -> u64 {
    !question
}

/// Takes answers, one question under way at a time.
#[derive(Debug)]
pub struct Laps {
    answered: u64,
    residue: u64,
    lap_ends_at: u64,
    round_trips_per_lap: u64,
    lap_started: Option<Instant>,
    started: Option<(Instant, u64)>,
    /// Room for all of them is there from the start: a lap allocates nothing.
    laps_ns: Vec<f64>,
    work: Work,
    done: SyncSender<Receipt>,
}

impl Reporter {
    /// Laps of that many round trips.
    #[must_use]
    pub fn laps(&self, round_trips_per_lap: u64) -> Laps {
        Laps {
            answered: 0,
            residue: 0,
            lap_ends_at: self.work.warmup,
            round_trips_per_lap,
            lap_started: None,
            started: None,
            laps_ns: Vec::with_capacity((self.work.measured / round_trips_per_lap) as usize),
            work: self.work,
            done: self.done.clone(),
        }
    }
}

impl Laps {
    /// The next question; none when all have been answered.
    #[inline]
    pub fn question(&self) -> Option<u64> {
        (self.answered < self.work.total()).then_some(self.answered)
    }

    /// Takes the answer to the question that was under way.
    #[inline]
    pub fn take(&mut self, answer: u64) {
        self.residue |= answer ^ answer_to(self.answered);
        self.answered += 1;
        if self.answered == self.lap_ends_at {
            self.end_lap();
        }
    }

    #[inline(never)]
    fn end_lap(&mut self) {
        let now = Instant::now();
        match self.lap_started {
            None => self.started = Some((now, locus::alloc::allocations())),
            Some(begun) => {
                let lap_ns = (now - begun).as_secs_f64() * 1e9 / self.round_trips_per_lap as f64;
                // There is room for every lap of the work; a vector that grew would count as an allocation of the shape.
                if self.laps_ns.len() < self.laps_ns.capacity() {
                    self.laps_ns.push(lap_ns);
                }
            }
        }
        self.lap_started = Some(now);
        self.lap_ends_at = (self.answered + self.round_trips_per_lap).min(self.work.total());
        if self.answered == self.work.total() {
            self.report(now);
        }
    }

    fn report(&self, now: Instant) {
        let ended = (now, locus::alloc::allocations());
        let receipt = Receipt {
            started: self.started.expect("the warm-up has ended"),
            ended,
            taken: self.answered,
            imbalance: 0,
            residue: self.residue,
            round_trip_p50_ns: Some(median(&self.laps_ns)),
        };
        // A report that was given up on has already ended the run.
        let _ = self.done.send(receipt);
    }
}

#[cfg(test)]
mod tests {
    use super::answer_to;
    use crate::harness::{Work, reporting};

    const WORK: Work = Work { warmup: 64, measured: 640, turn: 64 };

    #[test]
    fn every_question_is_answered_once() {
        let (reporter, report) = reporting(WORK, 1);
        let mut laps = reporter.laps(64);
        while let Some(question) = laps.question() {
            laps.take(answer_to(question));
        }
        assert!(report.wait().value("test") > 0.0);
    }

    #[test]
    #[should_panic(expected = "altered")]
    fn a_wrong_answer_fails() {
        let (reporter, report) = reporting(WORK, 1);
        let mut laps = reporter.laps(1);
        while let Some(question) = laps.question() {
            laps.take(answer_to(question ^ u64::from(question == 70)));
        }
        let _ = report.wait().value("test");
    }
}
