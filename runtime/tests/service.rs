//! A small service from end to end, through the public surface alone.

#![allow(missing_docs, reason = "a test's own messages and loci")]
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::sync::mpsc;
use std::time::Duration;

use locus::prelude::*;

#[topic(key = room)]
#[derive(Clone, Debug)]
pub struct Posted {
    pub room: u32,
    pub text: String,
}

#[topic(key = room, bounded = 1024, on_full = drop_old)]
#[derive(Clone, Debug)]
pub struct Relayed {
    pub room: u32,
    pub line: String,
}

#[topic(key = room, reply = u64)]
#[derive(Clone, Debug)]
pub struct Count {
    pub room: u32,
}

#[locus(publishes(Relayed))]
pub struct Room {
    id: u32,
    posts: u64,
}

#[locus]
impl Room {
    #[on(key = self.id)]
    fn on_post(&mut self, post: &Posted, cx: &mut Cx<'_, Self>) -> Result<(), String> {
        if post.text == "fail" {
            cx.publish(Relayed { room: self.id, line: "never".into() });
            return Err("asked to".into());
        }
        if post.text == "panic" {
            cx.publish(Relayed { room: self.id, line: "never".into() });
            panic!("asked to");
        }
        let line = scratch_format!(cx, "{}: {}", self.id, post.text);
        self.posts += 1;
        cx.publish(Relayed { room: self.id, line: line.to_owned() });
        Ok(())
    }

    #[on(key = self.id)]
    fn on_count(&mut self, _count: &Count) -> u64 {
        self.posts
    }
}

#[locus(receives(Relayed))]
pub struct Audit {
    heard: mpsc::Sender<String>,
}

#[locus]
impl Audit {
    async fn run(run: Run<Self>) {
        while let Some(relayed) = run.recv::<Relayed>().await {
            run.with(move |me, _cx| me.heard.send(relayed.line).ok()).await;
        }
        run.with(|me, _cx| me.heard.send("end".into()).ok()).await;
    }
}

#[locus(main)]
pub struct Service {
    #[place(pool = "rooms")]
    one: Room,
    #[place(pool = "rooms")]
    two: Room,
    #[place(pool = "io")]
    audit: Audit,
}

fn service(heard: mpsc::Sender<String>) -> impl Fn() -> Service + Send + Sync + 'static {
    let heard = std::sync::Mutex::new(heard);
    move || Service {
        one: Room { id: 1, posts: 0 },
        two: Room { id: 2, posts: 0 },
        audit: Audit { heard: heard.lock().unwrap().clone() },
    }
}

fn post(room: u32, text: &str) -> Posted {
    Posted { room, text: text.into() }
}

#[test]
fn accepted_posts_are_relayed_by_key_and_the_drain_delivers_what_is_left() {
    let (sender, heard) = mpsc::channel();
    let app = locus::start(service(sender)).unwrap();
    let posts = app.topic::<Posted>();
    for n in 0..1000 {
        posts.publish_blocking(post(1 + n % 2, &n.to_string())).unwrap();
    }
    drop(app);
    let lines: Vec<String> = heard.iter().collect();
    assert_eq!(lines.len(), 1001, "{:?}", &lines[..lines.len().min(5)]);
    assert_eq!(lines.last().map(String::as_str), Some("end"));
    for room in [1, 2] {
        let of_room: Vec<_> = lines.iter().filter(|line| line.starts_with(&format!("{room}: "))).collect();
        let expected: Vec<_> =
            (0..1000).filter(|n| 1 + n % 2 == room).map(|n| format!("{room}: {n}")).collect();
        assert!(of_room.iter().copied().eq(expected.iter()), "{of_room:?}");
    }
}

#[test]
fn what_a_failing_activation_published_is_not_sent_and_a_panic_restarts_the_locus() {
    let (sender, heard) = mpsc::channel();
    let app = locus::start(service(sender)).unwrap();
    let posts = app.topic::<Posted>();
    for text in ["a", "fail", "b", "panic", "c"] {
        posts.publish_blocking(post(1, text)).unwrap();
    }
    drop(app);
    let lines: Vec<String> = heard.iter().collect();
    assert_eq!(lines, ["1: a", "1: b", "1: c", "end"]);
}

#[tokio::test]
async fn an_outsider_asks_subscribes_and_hears_the_end() {
    let (sender, _heard) = mpsc::channel();
    let app = locus::start(service(sender)).unwrap();
    app.ready().await.unwrap();
    let mut lines = app.topic::<Relayed>().subscribe(Match::Key(2), 4, Overflow::DropOld);
    lines.ready().await;
    let posts = app.topic::<Posted>();
    for n in 0..3 {
        posts.publish(post(2, &n.to_string())).await.unwrap();
        posts.publish(post(1, &n.to_string())).await.unwrap();
    }
    for n in 0..3 {
        let Some(Delivery::Message(relayed)) = lines.next().await else { panic!("a message") };
        assert_eq!(relayed.line, format!("2: {n}"));
    }
    let counts = app.topic::<Count>();
    assert_eq!(counts.ask(Count { room: 2 }).within(Duration::from_secs(5)).await, Ok(3));
    assert_eq!(counts.ask(Count { room: 9 }).await, Err(AskError::NoResponder));
    let ended = app.drain().await;
    assert_eq!(ended.exit, Exit::Drained);
    assert!(lines.next().await.is_none());
    assert!(posts.publish(post(1, "late")).await.is_err());
}

#[tokio::test]
async fn a_responder_is_born_again_beside_a_subscription_from_outside() {
    let (sender, _heard) = mpsc::channel();
    let app = locus::start(service(sender)).unwrap();
    app.ready().await.unwrap();
    let mut questions = app.topic::<Count>().subscribe(Match::All, 4, Overflow::DropOld);
    questions.ready().await;
    let mut lines = app.topic::<Relayed>().subscribe(Match::Key(2), 4, Overflow::DropOld);
    lines.ready().await;
    let posts = app.topic::<Posted>();
    for text in ["one", "panic", "two"] {
        posts.publish(post(2, text)).await.unwrap();
    }
    for text in ["2: one", "2: two"] {
        let Some(Delivery::Message(relayed)) = lines.next().await else { panic!("a message") };
        assert_eq!(relayed.line, text, "a question from outside may overtake a post, but not this");
    }
    let patience = Duration::from_secs(5);
    assert_eq!(
        app.topic::<Count>().ask(Count { room: 2 }).within(patience).await,
        Ok(1),
        "since its restart"
    );
    assert!(matches!(questions.next().await, Some(Delivery::Message(Count { room: 2 }))));
    assert_eq!(app.drain().await.exit, Exit::Drained);
}
