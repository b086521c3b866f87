//! A locus that publishes the topic it takes: as long as fewer messages circulate than the bound allows, none of them
//! waits in vain, is refused or is dropped, whatever the policy and whoever else subscribes.

#![allow(missing_docs, reason = "a test's own messages and loci")]
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use locus::prelude::*;
use locus::watch::{TopicFigures, topics};

/// Tokens that circulate: one fewer than the bound.
const TOKENS: u64 = 7;
/// How often each is passed on.
const LAPS: u64 = 50;
const ALL: u64 = TOKENS * (LAPS + 1);

/// Far above what it takes, and below the time after which a circle of waits is looked for.
const PATIENCE: Duration = Duration::from_secs(4);

/// Has the runner publish as many tokens as its number says.
#[topic]
#[derive(Clone)]
pub struct Kick(u64);

fn figures(subject: &str) -> TopicFigures {
    topics().into_iter().find(|figures| figures.subject == subject).unwrap_or_default()
}

/// Whether a message came back from `publish`.
trait Refusal {
    fn is_refused(&self) -> bool;
}

impl Refusal for () {
    fn is_refused(&self) -> bool {
        false
    }
}

impl<T> Refusal for Result<(), T> {
    fn is_refused(&self) -> bool {
        self.is_err()
    }
}

/// What both see of the tokens.
#[derive(Default)]
pub struct Seen {
    run: AtomicU64,
    watched: AtomicU64,
    refused: AtomicU64,
}

fn wait_until_all_were_seen(seen: &Seen, watchers: u64) {
    let began = Instant::now();
    while seen.run.load(Relaxed) < ALL || seen.watched.load(Relaxed) < ALL * watchers {
        let (run, watched) = (seen.run.load(Relaxed), seen.watched.load(Relaxed));
        assert!(began.elapsed() < PATIENCE, "{run} run and {watched} watched of {ALL}");
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// A runner that passes tokens on to itself, and whoever watches, each on the pool that is named.
macro_rules! circulating {
    ($module:ident, $subject:literal, $policy:ident, runner in $pool:literal $(, $watcher:ident in $other:literal)*) => {
        mod $module {
            use super::*;

            #[topic(subject = $subject, bounded = 8, on_full = $policy)]
            #[derive(Clone)]
            pub(super) struct Token(u64);

            #[locus(publishes(Token))]
            pub(super) struct Runner {
                seen: Arc<Seen>,
            }

            #[locus]
            impl Runner {
                fn pass(&mut self, left: u64, cx: &mut Cx<'_, Self>) {
                    let is_refused = cx.publish(Token(left)).is_refused();
                    self.seen.refused.fetch_add(u64::from(is_refused), Relaxed);
                }

                #[on]
                fn on_kick(&mut self, kick: &Kick, cx: &mut Cx<'_, Self>) {
                    (0..kick.0).for_each(|_| self.pass(LAPS, cx));
                }

                #[on]
                fn on_token(&mut self, token: &Token, cx: &mut Cx<'_, Self>) {
                    self.seen.run.fetch_add(1, Relaxed);
                    if token.0 > 0 {
                        self.pass(token.0 - 1, cx);
                    }
                }
            }

            #[allow(dead_code, reason = "not everywhere somebody watches")]
            #[locus]
            pub(super) struct Watcher {
                seen: Arc<Seen>,
            }

            #[allow(dead_code, reason = "not everywhere somebody watches")]
            #[locus]
            impl Watcher {
                #[on]
                fn on_token(&mut self, _token: &Token) {
                    self.seen.watched.fetch_add(1, Relaxed);
                }
            }

            #[locus(main)]
            pub(super) struct Main {
                #[place(pool = $pool)]
                runner: Runner,
                $(#[place(pool = $other)]
                $watcher: Watcher,)*
            }

            #[test]
            fn none_is_lost() {
                let seen = Arc::new(Seen::default());
                let shared = Arc::clone(&seen);
                let app = locus::start(move || Main {
                    runner: Runner { seen: Arc::clone(&shared) },
                    $($watcher: Watcher { seen: Arc::clone(&shared) },)*
                })
                .unwrap();
                app.topic::<Kick>().publish_blocking(Kick(TOKENS)).unwrap();
                let watchers = [$(stringify!($watcher)),*] as [&str; _];
                wait_until_all_were_seen(&seen, watchers.len() as u64);
                let account = pollster::block_on(app.drain());
                assert_eq!(account.loci.iter().map(|one| one.failed).sum::<u64>(), 0);
                assert_eq!(seen.refused.load(Relaxed), 0, "there was room for each");
                let figures = figures($subject);
                assert_eq!((figures.published, figures.dropped.iter().sum::<u64>()), (ALL, 0));
            }
        }
    };
}

circulating!(block_alone, "block.alone", block, runner in "a");
circulating!(block_watched_after, "block.watched_after", block, runner in "a", watcher in "a");
circulating!(block_across, "block.across", block, runner in "a", watcher in "b");
circulating!(block_everywhere, "block.everywhere", block, runner in "a", here in "a", there in "b");
circulating!(fail_alone, "fail.alone", fail, runner in "a");
circulating!(fail_watched, "fail.watched", fail, runner in "a", watcher in "a");
circulating!(drop_new_alone, "drop_new.alone", drop_new, runner in "a");
circulating!(drop_new_watched, "drop_new.watched", drop_new, runner in "a", watcher in "a");
