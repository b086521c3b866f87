//! The floor for a question between two threads that sleep: a word in shared memory, `unpark`, `park`, and the same
//! back. Two wake-ups decide what it costs.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::channel;
use std::thread;

use super::on_two_cores;
use crate::harness::{Measured, Work, answer_to, reporting};
use crate::shapes::ask::ROUND_TRIPS_PER_LAP_ACROSS;

/// A word that is there or not; each side takes what the other has put.
#[derive(Default)]
#[repr(align(128))]
struct Mailbox {
    word: AtomicU64,
    /// How many words have been put.
    put: AtomicU64,
}

impl Mailbox {
    fn put(&self, number: u64, word: u64, to: &thread::Thread) {
        self.word.store(word, Ordering::Relaxed);
        self.put.store(number + 1, Ordering::Release);
        to.unpark();
    }

    /// Parks until word `number` is there: without spinning, which is what makes it a bare hop.
    fn take(&self, number: u64) -> u64 {
        while self.put.load(Ordering::Acquire) == number {
            thread::park();
        }
        self.word.load(Ordering::Relaxed)
    }
}

/// Two pinned threads, one question under way at a time.
pub(crate) fn ask_across_pools(work: Work) -> Measured {
    let (reporter, report) = reporting(work, 1);
    let mut laps = reporter.laps(ROUND_TRIPS_PER_LAP_ACROSS);
    let (questions, answers) = (&Mailbox::default(), &Mailbox::default());
    let ((introduce_asker, asker), (introduce_responder, responder)) = (channel(), channel());
    let ask = move || {
        introduce_asker.send(thread::current()).expect("the responder waits for its asker");
        let responder = responder.recv().expect("the responder introduces itself");
        while let Some(question) = laps.question() {
            questions.put(question, question, &responder);
            laps.take(answers.take(question));
        }
    };
    let respond = move || {
        introduce_responder.send(thread::current()).expect("the asker waits for its responder");
        let asker = asker.recv().expect("the asker introduces itself");
        for number in 0..work.total() {
            answers.put(number, answer_to(questions.take(number)), &asker);
        }
    };
    on_two_cores(ask, respond, &report)
}
