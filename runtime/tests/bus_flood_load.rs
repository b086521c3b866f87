//! A flood: two million messages at a consumer that takes its time, under each policy, on one pool and across two.
//! Memory stays flat, and every message is accounted for, by its number.
//!
//! One test, as it measures the whole process.

#![allow(missing_docs, reason = "a test's own messages and loci")]
#![allow(unreachable_pub, reason = "each policy's messages and loci stand in a module of their own")]
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use locus::alloc::live_bytes;
use locus::prelude::*;
use locus::watch::{DropReason, TopicFigures, topics};

#[global_allocator]
static COUNTING: locus::alloc::Counting = locus::alloc::Counting::new();

const MESSAGES: u64 = 2_000_000;

/// What the flood may hold above what the idle program held.
const HELD_BYTES_MAX: u64 = 10_000_000;

/// Messages that one activation publishes: about twice the topics' bound.
const BURST: u64 = 2_000;

/// Pauses that the consumer makes over one message: longer than publishing one takes.
const PAUSES: u32 = 20;

/// Starts the flood, and keeps it going.
#[topic]
#[derive(Clone)]
pub struct Go {
    pub from: u64,
}

/// Ends it.
#[topic]
#[derive(Clone)]
pub struct Last {}

/// Which messages arrived, one bit each, and what became of the others.
pub struct Account {
    taken: Vec<AtomicU64>,
    back: Vec<AtomicU64>,
    missed: AtomicU64,
    done: mpsc::Sender<()>,
}

impl Account {
    fn new(done: mpsc::Sender<()>) -> Self {
        let bits = || (0..MESSAGES.div_ceil(64)).map(|_| AtomicU64::new(0)).collect();
        Self { taken: bits(), back: bits(), missed: AtomicU64::new(0), done }
    }

    /// Notes a number; each comes once.
    fn note(bits: &[AtomicU64], n: u64) {
        let before = bits[(n / 64) as usize].fetch_or(1 << (n % 64), Relaxed);
        assert_eq!(before >> (n % 64) & 1, 0, "{n} comes a second time");
    }

    fn count(bits: &[AtomicU64]) -> u64 {
        bits.iter().map(|word| u64::from(word.load(Relaxed).count_ones())).sum()
    }

    /// Whether each number was either taken or came back.
    fn is_split(&self) -> bool {
        let words =
            self.taken.iter().zip(&self.back).map(|(taken, back)| (taken.load(Relaxed), back.load(Relaxed)));
        words.clone().all(|(taken, back)| taken & back == 0)
            && words.map(|(taken, back)| u64::from((taken | back).count_ones())).sum::<u64>() == MESSAGES
    }
}

/// The policies differ in their topics alone.
macro_rules! flood {
    ($module:ident, $subject:literal, $on_full:ident, |$cx:ident, $account:ident, $message:ident| $publish:expr) => {
        mod $module {
            use super::*;

            #[topic(subject = $subject, bounded = 1_024, on_full = $on_full)]
            #[derive(Clone)]
            pub struct Message {
                pub n: u64,
                pub words: [u64; 7],
            }

            #[locus(publishes(Message, Go, Last))]
            pub struct Source {
                account: Arc<Account>,
            }

            #[locus]
            impl Source {
                #[on]
                fn on_go(&mut self, go: &Go, $cx: &mut Cx<'_, Self>) {
                    let $account = &*self.account;
                    for n in go.from..go.from + BURST {
                        let $message = Message { n, words: [n; 7] };
                        $publish
                    }
                    let from = go.from + BURST;
                    if from < MESSAGES {
                        $cx.publish(Go { from });
                    } else {
                        $cx.publish(Last {});
                    }
                }
            }

            #[locus]
            pub struct Sink {
                account: Arc<Account>,
            }

            #[locus]
            impl Sink {
                #[on(missed = on_missed)]
                fn on_message(&mut self, message: &Message) {
                    (0..PAUSES).for_each(|_| std::hint::spin_loop());
                    assert_eq!(message.words, [message.n; 7]);
                    Account::note(&self.account.taken, message.n);
                }

                fn on_missed(&mut self, n: u64) {
                    self.account.missed.fetch_add(n, Relaxed);
                }

                #[on]
                fn on_last(&mut self, _last: &Last) {
                    let _ = self.account.done.send(());
                }
            }

            #[locus(main)]
            pub struct OnePool {
                #[place(pool = "a")]
                source: Source,
                #[place(pool = "a")]
                sink: Sink,
            }

            #[locus(main)]
            pub struct TwoPools {
                #[place(pool = "a")]
                source: Source,
                #[place(pool = "b")]
                sink: Sink,
            }

            pub(super) fn one(account: &Arc<Account>) -> locus::App {
                let account = Arc::clone(account);
                locus::start(move || OnePool {
                    source: Source { account: Arc::clone(&account) },
                    sink: Sink { account: Arc::clone(&account) },
                })
                .unwrap()
            }

            pub(super) fn two(account: &Arc<Account>) -> locus::App {
                let account = Arc::clone(account);
                locus::start(move || TwoPools {
                    source: Source { account: Arc::clone(&account) },
                    sink: Sink { account: Arc::clone(&account) },
                })
                .unwrap()
            }
        }
    };
}

flood!(block, "flood.block", block, |cx, _account, message| cx.publish(message));
flood!(drop_old, "flood.drop_old", drop_old, |cx, _account, message| cx.publish(message));
flood!(drop_new, "flood.drop_new", drop_new, |cx, _account, message| cx.publish(message));
flood!(fail, "flood.fail", fail, |cx, account, message| {
    if let Err(locus::Full(back)) = cx.publish(message) {
        Account::note(&account.back, back.n);
    }
});

fn figures(subject: &str) -> TopicFigures {
    topics().into_iter().find(|figures| figures.subject == subject).unwrap_or_default()
}

/// Published, delivered, and dropped for `reason`, since `before`.
fn grown(before: &TopicFigures, after: &TopicFigures, reason: DropReason) -> (u64, u64, u64) {
    let dropped = after.dropped(reason) - before.dropped(reason);
    let all: u64 = after.dropped.iter().sum::<u64>() - before.dropped.iter().sum::<u64>();
    assert_eq!(dropped, all, "{}: nothing is dropped for another reason than {reason}", after.subject);
    (after.published - before.published, after.delivered - before.delivered, dropped)
}

/// Runs one flood and returns what became of its messages, and by how much memory grew meanwhile.
fn flood(start: fn(&Arc<Account>) -> locus::App) -> (Arc<Account>, u64) {
    let (done, end) = mpsc::channel();
    let account = Arc::new(Account::new(done));
    let app = start(&account);
    pollster::block_on(app.ready()).unwrap();
    let idle = live_bytes().unwrap();
    let is_over = AtomicBool::new(false);
    let highest = std::thread::scope(|scope| {
        let sampler = scope.spawn(|| {
            let mut highest = idle;
            while !is_over.load(Relaxed) {
                highest = highest.max(live_bytes().unwrap());
                std::thread::sleep(Duration::from_micros(500));
            }
            highest
        });
        app.topic::<Go>().publish_blocking(Go { from: 0 }).unwrap();
        end.recv_timeout(Duration::from_secs(100)).expect("the flood ends");
        is_over.store(true, Relaxed);
        sampler.join().unwrap()
    });
    pollster::block_on(app.drain());
    (account, highest - idle)
}

#[test]
fn a_flood_keeps_memory_flat_and_every_message_is_accounted_for() {
    for (layout, [block, drop_old, drop_new, fail]) in [
        (
            "one pool",
            [block::one, drop_old::one, drop_new::one, fail::one] as [fn(&Arc<Account>) -> locus::App; 4],
        ),
        ("two pools", [block::two, drop_old::two, drop_new::two, fail::two]),
    ] {
        let run = |subject: &str, start, reason| {
            let before = figures(subject);
            let (account, held) = flood(start);
            let grown = grown(&before, &figures(subject), reason);
            let taken = Account::count(&account.taken);
            println!("{subject}, {layout}: {taken} taken, {} dropped, {held} bytes above idle", grown.2);
            assert!(held < HELD_BYTES_MAX, "{subject}, {layout}: {held} bytes above idle");
            assert_eq!(grown.1, taken, "{subject}, {layout}: what is counted as delivered was taken");
            assert_eq!(grown.0, grown.1 + grown.2, "{subject}, {layout}: published is delivered and dropped");
            (account, grown)
        };
        let (account, (published, ..)) = run("flood.block", block, DropReason::Full);
        assert_eq!((published, Account::count(&account.taken)), (MESSAGES, MESSAGES), "`block` delivers all");

        let (account, (published, _, overrun)) = run("flood.drop_old", drop_old, DropReason::Overrun);
        assert_eq!(published, MESSAGES);
        assert!(overrun > 0, "the consumer is too fast for this test");
        assert_eq!(account.missed.load(Relaxed), overrun, "what was dropped is told");

        let (_, (published, _, full)) = run("flood.drop_new", drop_new, DropReason::Full);
        assert_eq!(published, MESSAGES);
        assert!(full > 0, "the consumer is too fast for this test");

        let (account, (published, _, dropped)) = run("flood.fail", fail, DropReason::Full);
        assert!(account.is_split(), "`fail` delivers a message or gives it back");
        assert_eq!((published, dropped), (Account::count(&account.taken), 0));
        assert!(published < MESSAGES, "the consumer is too fast for this test");
    }
}
