//! Memory for what has to wait comes back to the pool also where the activation fails that published it.

#![allow(missing_docs, reason = "a test's own messages and loci")]
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::io::{Error, ErrorKind};
use std::sync::{Mutex, mpsc};

use locus::prelude::*;

#[global_allocator]
static COUNTING: locus::alloc::Counting = locus::alloc::Counting::new();

const BOUND: u32 = 4;
const FAILURES: u64 = 64;

#[topic(bounded = 4)]
#[derive(Clone)]
pub struct Letter {}

#[topic]
#[derive(Clone)]
pub struct Go {
    left: u64,
}

/// Publishes more than there is room for, and fails.
#[locus(publishes(Letter))]
pub struct Failing {
    /// Failures, those among them whose messages allocated, and where that goes.
    failed: u64,
    allocating: u64,
    done: mpsc::Sender<u64>,
}

#[locus]
impl Failing {
    #[on]
    fn on_go(&mut self, go: &Go, cx: &mut Cx<'_, Self>) -> Result<(), Error> {
        let before = locus::alloc::allocations();
        (0..2 * BOUND).for_each(|_| cx.publish(Letter {}));
        let allocations = locus::alloc::allocations() - before;
        self.failed += 1;
        // What is made at its first use is not counted.
        self.allocating += u64::from(self.failed > 1 && allocations > 0);
        if go.left == 0 {
            self.done.send(self.allocating).unwrap();
        }
        Err(ErrorKind::Other.into())
    }
}

#[locus]
pub struct Reader {}

#[locus]
impl Reader {
    #[on]
    fn on_letter(&mut self, _letter: &Letter) {}
}

#[locus(main)]
pub struct OnePool {
    #[place(pool = "a")]
    failing: Failing,
    #[place(pool = "a")]
    reader: Reader,
}

// One test, so that no other thread of the process allocates meanwhile.
#[test]
fn messages_that_wait_and_fail_leave_their_memory_to_the_next() {
    let (sender, done) = mpsc::channel();
    let sender = Mutex::new(sender);
    let failing = move || Failing { failed: 0, allocating: 0, done: sender.lock().unwrap().clone() };
    let app = locus::start(move || OnePool { failing: failing(), reader: Reader {} }).unwrap();
    let go = app.topic::<Go>();
    (0..FAILURES).rev().for_each(|left| go.publish_blocking(Go { left }).unwrap());
    let allocating = done.recv().unwrap();
    // This thread allocates for its part now and then.
    assert!(allocating < FAILURES / 2, "{allocating} of {FAILURES} activations that failed had allocated");
    let account = pollster::block_on(app.drain());
    assert_eq!(account.loci.iter().map(|one| one.failed).sum::<u64>(), FAILURES);
}
