//! Activations that publish too much: all of it is taken back, and nobody else fails for that.

#![allow(missing_docs, reason = "a test's own messages and loci")]
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use locus::prelude::*;
use locus::watch::topics;

/// Far above what anything here takes.
const PATIENCE: Duration = Duration::from_secs(10);

/// What the test sees of its loci.
#[derive(Clone, Default)]
pub struct Seen {
    /// Letters that were read.
    read: Arc<AtomicU64>,
    /// Children there were at the latest post.
    children: Arc<AtomicU64>,
    /// Activations that have published too much.
    loud: Arc<AtomicU64>,
}

impl Seen {
    fn wait_for(&self, read: u64, loud: u64) {
        let began = Instant::now();
        while (self.read.load(Relaxed), self.loud.load(Relaxed)) != (read, loud) {
            assert!(began.elapsed() < PATIENCE, "{read} read, {loud} loud: {:?}, {:?}", self.read, self.loud);
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

#[topic(bounded = 1)]
#[derive(Clone)]
pub struct Letter {}

/// More than one activation may leave waiting.
const TOO_MANY: usize = 5000;

#[topic]
#[derive(Clone)]
pub struct Post {}

#[topic]
#[derive(Clone)]
pub struct Spawn {}

#[topic]
#[derive(Clone)]
pub struct TakeLong {}

/// Publishes too much in a birth that waits.
#[locus(publishes(Letter))]
pub struct LoudChild {
    seen: Seen,
}

#[locus]
impl LoudChild {
    async fn birth(&mut self, cx: &mut Cx<'_, Self>) {
        (0..TOO_MANY).for_each(|_| cx.publish(Letter {}));
        self.seen.loud.fetch_add(1, Relaxed);
        std::future::pending::<()>().await;
    }
}

/// Publishes too much in a birth that does not wait.
#[locus(publishes(Letter))]
pub struct LoudBaby {}

#[locus]
impl LoudBaby {
    fn birth(&mut self, cx: &mut Cx<'_, Self>) {
        (0..TOO_MANY).for_each(|_| cx.publish(Letter {}));
    }
}

/// Publishes too much when it is dropped.
struct LoudEnd<'g, 's> {
    seen: Seen,
    cx: &'g mut Cx<'s, Loud>,
}

impl Drop for LoudEnd<'_, '_> {
    fn drop(&mut self) {
        (0..TOO_MANY).for_each(|_| self.cx.publish(Letter {}));
        self.seen.loud.fetch_add(1, Relaxed);
    }
}

#[locus(publishes(Letter), children(LoudChild = resident, max = 1), children(LoudBaby = resident, max = 1))]
pub struct Loud {
    seen: Seen,
}

#[locus]
impl Loud {
    #[on]
    fn on_spawn(&mut self, _spawn: &Spawn, cx: &mut Cx<'_, Self>) {
        cx.spawn(LoudBaby {}).unwrap();
        cx.spawn(LoudChild { seen: self.seen.clone() }).unwrap();
    }

    #[on]
    fn on_post(&mut self, _post: &Post, cx: &mut Cx<'_, Self>) {
        let children = cx.children::<LoudChild>().count() + cx.children::<LoudBaby>().count();
        self.seen.children.store(children as u64, Relaxed);
    }

    #[on(timeout = "10ms")]
    async fn on_take_long(&mut self, _take_long: &TakeLong, cx: &mut Cx<'_, Self>) {
        let _end = LoudEnd { seen: self.seen.clone(), cx };
        std::future::pending::<()>().await;
    }
}

#[locus(publishes(Letter))]
pub struct Poster {}

#[locus]
impl Poster {
    #[on]
    fn on_post(&mut self, _post: &Post, cx: &mut Cx<'_, Self>) {
        (0..5).for_each(|_| cx.publish(Letter {}));
    }
}

#[locus]
pub struct Reader {
    seen: Seen,
}

#[locus]
impl Reader {
    #[on]
    fn on_letter(&mut self, _letter: &Letter) {
        self.seen.read.fetch_add(1, Relaxed);
    }
}

#[locus(main)]
pub struct Main {
    #[place(pool = "a")]
    loud: Loud,
    #[place(pool = "a")]
    poster: Poster,
    #[place(pool = "b")]
    reader: Reader,
}

/// A birth that publishes too much fails; and why something fails that is dropped where it waits is not what the next
/// activation fails for.
#[test]
fn what_one_activation_fails_for_is_not_left_to_the_next() {
    let seen = Seen::default();
    let inner = seen.clone();
    let app = locus::start(move || Main {
        loud: Loud { seen: inner.clone() },
        poster: Poster {},
        reader: Reader { seen: inner.clone() },
    })
    .unwrap();
    app.topic::<Spawn>().publish_blocking(Spawn {}).unwrap();
    seen.wait_for(0, 1);
    app.topic::<Post>().publish_blocking(Post {}).unwrap();
    seen.wait_for(5, 1);
    app.topic::<TakeLong>().publish_blocking(TakeLong {}).unwrap();
    seen.wait_for(5, 2);
    app.topic::<Post>().publish_blocking(Post {}).unwrap();
    seen.wait_for(10, 2);
    let account = pollster::block_on(app.drain());
    let failed = account.loci.iter().filter(|one| one.failed > 0).map(|one| (&*one.path, one.failed));
    assert_eq!(failed.collect::<Vec<_>>(), [("main/loud", 1)], "its time was over");
    assert_eq!(seen.children.load(Relaxed), 0, "neither was born");
    let letters = topics().into_iter().find(|figures| figures.subject == "letter").unwrap();
    assert_eq!(letters.published, 10, "what failed published nothing");
}
