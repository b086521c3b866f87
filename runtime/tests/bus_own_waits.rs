//! A locus that waits for room which only it can make is told so soon, and one for which others make room is not.

#![allow(missing_docs, reason = "a test's own messages and loci")]
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::marker::PhantomData;
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

/// Takes each message of a topic after all others have.
#[locus]
pub struct Last<M> {
    shared: Shared,
    takes: PhantomData<fn() -> M>,
}

#[locus]
impl<M: Topic<Promise = ()>> Last<M> {
    #[on]
    fn on_message(&mut self, _message: &M) {
        self.shared.count(2);
    }
}

impl<M> Last<M> {
    fn new(shared: &Shared) -> Self {
        Self { shared: shared.clone(), takes: PhantomData }
    }
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

    #[locus(main)]
    pub(super) struct Main {
        #[place(pool = "a")]
        twice: Twice,
        #[place(pool = "a")]
        slow: Slow,
        #[place(pool = "a")]
        last: Last<Token>,
    }

    fn start(shared: &Shared) -> locus::App {
        let shared = shared.clone();
        locus::start(move || Main {
            twice: Twice { shared: shared.clone() },
            slow: Slow { shared: shared.clone() },
            last: Last::new(&shared),
        })
        .unwrap()
    }

    /// Two tokens are out: one that only the slow one keeps, and one that both keep, the locus for two handlers.
    #[test]
    fn what_two_handlers_of_a_locus_keep_hides_nobody_who_makes_room() {
        let shared = Shared::new();
        let app = start(&shared);
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

    /// The slow one makes room for one more, and no further.
    #[test]
    fn who_makes_room_for_one_hides_no_wait_for_more() {
        let shared = Shared::new();
        let app = start(&shared);
        let (tokens, holds) = (app.topic::<Token>(), app.topic::<Hold>());
        tokens.publish_blocking(Token {}).unwrap();
        tokens.publish_blocking(Token {}).unwrap();
        shared.wait_for([2, 2, 2], 1);
        holds.publish_blocking(Hold(10)).unwrap();
        shared.wait_for([2, 2, 2], 2);
        shared.mine.add_permits(1);
        // The locus has failed, and goes on.
        holds.publish_blocking(Hold(0)).unwrap();
        shared.wait_for([2, 2, 2], 3);
        shared.mine.add_permits(1);
        shared.other.add_permits(2);
        assert_eq!(failed(app), 1);
    }
}

/// A locus that waits for itself, which does not show when its activation ends.
macro_rules! shows_later {
    ($module:ident, $subject:literal, [$($option:tt)*], $kick:expr, $handled:expr, { $($further:tt)* }) => {
        mod $module {
            use super::*;

            #[topic(subject = $subject, bounded = 2, $($option)*)]
            #[derive(Clone)]
            pub(super) struct Token {
                again: u64,
            }

            #[topic]
            #[derive(Clone)]
            pub(super) struct Kick(Vec<u64>);

            #[locus(publishes(Token))]
            pub(super) struct Runner {
                shared: Shared,
            }

            #[locus]
            impl Runner {
                #[on]
                fn on_kick(&mut self, kick: &Kick, cx: &mut Cx<'_, Self>) {
                    kick.0.iter().for_each(|again| cx.publish(Token { again: *again }));
                }

                #[on]
                fn on_token(&mut self, token: &Token, cx: &mut Cx<'_, Self>) {
                    self.shared.count(0);
                    (0..token.again).for_each(|_| cx.publish(Token { again: 0 }));
                }

                $($further)*
            }

            #[locus(main)]
            pub(super) struct Main {
                runner: Runner,
            }

            #[test]
            fn is_noticed_soon() {
                let shared = Shared::new();
                let inner = shared.clone();
                let app = locus::start(move || Main { runner: Runner { shared: inner.clone() } }).unwrap();
                app.topic::<Kick>().publish_blocking(Kick(Vec::from($kick))).unwrap();
                shared.wait_for($handled, 0);
                assert_eq!(failed(app), 1);
                let figures = figures($subject);
                assert_eq!((figures.published, figures.dropped(DropReason::WaitCycle)), (3, 1));
            }
        }
    };
}

// One handler has taken the token, and the other has not.
shows_later!(two_handlers, "two_handlers.token", [], [1, 0], [2, 2, 0], {
    #[on]
    fn on_token_again(&mut self, _token: &Token) {
        self.shared.count(1);
    }
});

// A subscription that may hold less than there are makes room by what it drops; this one may hold more.
shows_later!(may_drop, "may_drop.token", [per_locus = 4, on_slow = drop_new], [0, 0, 0], [2, 0, 0], {});

mod waiting {
    use super::*;

    #[topic(subject = "waiting.token", bounded = 8)]
    #[derive(Clone)]
    pub(super) struct Token {
        /// Whether its handler waits for the gate first.
        holds: bool,
        /// How many tokens its handler publishes then.
        again: u64,
    }

    /// Has the runner publish tokens that do not hold it.
    #[topic]
    #[derive(Clone)]
    pub(super) struct Kick(Vec<u64>);

    #[locus(publishes(Token))]
    pub(super) struct Runner {
        shared: Shared,
    }

    #[locus]
    impl Runner {
        #[on]
        fn on_kick(&mut self, kick: &Kick, cx: &mut Cx<'_, Self>) {
            kick.0.iter().for_each(|again| cx.publish(Token { holds: false, again: *again }));
        }

        #[on]
        async fn on_token(&mut self, token: &Token, cx: &mut Cx<'_, Self>) {
            self.shared.count(0);
            if token.holds {
                self.shared.pass(&self.shared.mine).await;
            }
            (0..token.again).for_each(|_| cx.publish(Token { holds: false, again: 0 }));
        }
    }

    #[locus(main)]
    pub(super) struct Main {
        #[place(pool = "a")]
        runner: Runner,
        #[place(pool = "a")]
        last: Last<Token>,
    }

    fn start(shared: &Shared) -> locus::App {
        let shared = shared.clone();
        locus::start(move || Main { runner: Runner { shared: shared.clone() }, last: Last::new(&shared) })
            .unwrap()
    }

    /// What a handler that can wait has taken of a run makes room when the run is over, all of it; and what it takes later,
    /// having waited, does not count twice.
    #[test]
    fn a_handler_that_can_wait_counts_what_it_has_taken() {
        let shared = Shared::new();
        let app = start(&shared);
        // The first three are taken together. The first fills the topic, the second waits for what both make room for.
        app.topic::<Kick>().publish_blocking(Kick(vec![3, 2, 0, 0, 0])).unwrap();
        shared.wait_for([10, 0, 10], 0);
        app.topic::<Token>().publish_blocking(Token { holds: true, again: 0 }).unwrap();
        shared.wait_for([11, 0, 11], 1);
        for again in [8, 0] {
            app.topic::<Token>().publish_blocking(Token { holds: false, again }).unwrap();
        }
        shared.wait_for([11, 0, 13], 1);
        // Six find room, and one more would once this one is taken: not two, before the one behind it is.
        shared.mine.add_permits(1);
        shared.wait_for([13, 0, 13], 1);
        assert_eq!(failed(app), 1);
        let figures = figures("waiting.token");
        assert_eq!((figures.published, figures.dropped(DropReason::WaitCycle)), (13, 0), "it failed at once");
    }
}
