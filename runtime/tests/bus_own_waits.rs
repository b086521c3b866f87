//! A locus that waits for room which only it can make is told so soon, and one for which others make room is not.

#![allow(missing_docs, reason = "a test's own messages and loci")]
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use locus::prelude::*;
use locus::watch::{DropReason, TopicFigures, topics};
use tokio::sync::Semaphore;

/// Far below `block_timeout`, after which any circle would be noticed.
const SOON: Duration = Duration::from_secs(2);

/// What the test and its loci share.
#[derive(Clone)]
pub struct Shared {
    /// Messages of the topic under test that were handled, by handler.
    handled: Arc<[AtomicU64; 3]>,
    /// Opens the handler that waits of the locus under test, and of another one.
    mine: Arc<Semaphore>,
    other: Arc<Semaphore>,
    /// Handlers that have begun to wait.
    waiting: Arc<AtomicU64>,
}

impl Shared {
    fn new() -> Self {
        let gate = || Arc::new(Semaphore::new(0));
        Self { handled: Arc::default(), mine: gate(), other: gate(), waiting: Arc::default() }
    }

    fn count(&self, handler: usize) {
        self.handled[handler].fetch_add(1, Relaxed);
    }

    fn handled(&self) -> [u64; 3] {
        [0, 1, 2].map(|handler| self.handled[handler].load(Relaxed))
    }

    /// Waits until `gate` opens.
    async fn pass(&self, gate: &Semaphore) {
        self.waiting.fetch_add(1, Relaxed);
        gate.acquire().await.unwrap().forget();
    }

    fn wait_for(&self, handled: [u64; 3], waiting: u64) {
        let began = Instant::now();
        while self.handled() != handled || self.waiting.load(Relaxed) != waiting {
            let seen = (self.handled(), &self.waiting);
            assert!(began.elapsed() < SOON, "{seen:?} of {handled:?}, {waiting}");
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

fn figures(subject: &str) -> TopicFigures {
    topics().into_iter().find(|figures| figures.subject == subject).unwrap_or_default()
}

/// Drains, and returns how many activations failed.
fn failed(app: locus::App) -> u64 {
    let account = pollster::block_on(app.drain());
    assert_eq!(account.exit, locus::Exit::Drained);
    account.loci.iter().map(|one| one.failed).sum()
}

mod twice {
    use super::*;

    #[topic(subject = "twice.token", bounded = 4)]
    #[derive(Clone)]
    pub(super) struct Token {}

    /// Has the locus wait for its gate, and publish so many tokens then.
    #[topic]
    #[derive(Clone)]
    pub(super) struct Hold(u64);

    /// Takes each token with two handlers.
    #[locus(publishes(Token))]
    pub(super) struct Twice {
        shared: Shared,
    }

    #[locus]
    impl Twice {
        #[on]
        fn on_token(&mut self, _token: &Token) {
            self.shared.count(0);
        }

        #[on]
        fn on_token_again(&mut self, _token: &Token) {
            self.shared.count(1);
        }

        #[on]
        async fn on_hold(&mut self, hold: &Hold, cx: &mut Cx<'_, Self>) {
            self.shared.pass(&self.shared.mine).await;
            (0..hold.0).for_each(|_| cx.publish(Token {}));
        }
    }

    /// Takes tokens as its gate lets it.
    #[locus]
    pub(super) struct Slow {
        shared: Shared,
    }

    #[locus]
    impl Slow {
        #[on]
        async fn on_token(&mut self, _token: &Token) {
            self.shared.pass(&self.shared.other).await;
        }
    }

    /// Takes each token after those two have.
    #[locus]
    pub(super) struct Last {
        shared: Shared,
    }

    #[locus]
    impl Last {
        #[on]
        fn on_token(&mut self, _token: &Token) {
            self.shared.count(2);
        }
    }

    #[locus(main)]
    pub(super) struct Main {
        #[place(pool = "a")]
        twice: Twice,
        #[place(pool = "a")]
        slow: Slow,
        #[place(pool = "a")]
        last: Last,
    }

    /// Two tokens are out: one that only the slow one keeps, and one that both keep, the locus for two handlers.
    #[test]
    fn what_two_handlers_of_a_locus_keep_hides_nobody_who_makes_room() {
        let shared = Shared::new();
        let inner = shared.clone();
        let app = locus::start(move || {
            let shared = || inner.clone();
            Main { twice: Twice { shared: shared() }, slow: Slow { shared: shared() }, last: Last { shared: shared() } }
        })
        .unwrap();
        let (tokens, holds) = (app.topic::<Token>(), app.topic::<Hold>());
        tokens.publish_blocking(Token {}).unwrap();
        tokens.publish_blocking(Token {}).unwrap();
        shared.wait_for([2, 2, 2], 1);
        holds.publish_blocking(Hold(3)).unwrap();
        shared.wait_for([2, 2, 2], 2);
        tokens.publish_blocking(Token {}).unwrap();
        shared.wait_for([2, 2, 3], 2);
        // Two of the three find room; the third does once the slow one takes what it alone keeps.
        shared.mine.add_permits(1);
        shared.wait_for([2, 2, 5], 2);
        shared.other.add_permits(6);
        shared.wait_for([6, 6, 6], 7);
        assert_eq!(failed(app), 0);
        assert_eq!(figures("twice.token").dropped(DropReason::WaitCycle), 0);
    }
}
