//! Changes of subscriptions that wait for another pool are bounded: the activation that makes one too many fails whole.

#![allow(missing_docs, reason = "a test's own messages and loci")]
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
#![allow(unsafe_code, reason = "sets the environment of a test that runs alone in its process")]

use std::sync::mpsc;

use locus::prelude::*;

const CHANGES_MAX: u64 = 100;

#[topic(key = number)]
#[derive(Clone)]
pub struct Tick {
    number: u64,
}

#[topic]
#[derive(Clone)]
pub struct Turn {
    times: u64,
}

#[locus(publishes(Tick))]
pub struct Source {}

#[locus]
impl Source {
    /// Publishes what everybody has followed who follows anything.
    #[on]
    fn on_turn(&mut self, turn: &Turn, cx: &mut Cx<'_, Self>) {
        for number in 0..=turn.times {
            cx.publish(Tick { number });
        }
    }
}

#[locus]
pub struct Screen {
    heard: mpsc::Sender<u64>,
}

#[locus]
impl Screen {
    #[on(keys, max = 1000)]
    fn on_tick(&mut self, tick: &Tick) {
        self.heard.send(tick.number).unwrap();
    }

    /// Changes what it follows so many times.
    #[on]
    fn on_turn(&mut self, turn: &Turn, cx: &mut Cx<'_, Self>) {
        for number in 0..turn.times {
            cx.follow::<Tick>(number).unwrap();
        }
    }
}

#[locus(main)]
pub struct Screens {
    source: Source,
    #[place(pool = "screens")]
    screen: Screen,
}

/// What is heard once so many changes were asked for at once.
fn heard_after(changes: u64) -> (u64, Vec<u64>) {
    let (sender, heard) = mpsc::channel();
    let sender = std::sync::Mutex::new(sender);
    let app = locus::start(move || Screens {
        source: Source {},
        screen: Screen { heard: sender.lock().unwrap().clone() },
    })
    .unwrap();
    let turns = app.topic::<Turn>();
    turns.publish_blocking(Turn { times: changes }).unwrap();
    // The second goes the same way behind the first, so the source hears of what is followed before it publishes again.
    for _ in 0..50 {
        turns.publish_blocking(Turn { times: 0 }).unwrap();
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    turns.publish_blocking(Turn { times: 0 }).unwrap();
    let ended = pollster::block_on(app.drain());
    let screen = ended.loci.iter().find(|account| account.path == "screens/screen").unwrap();
    (screen.failed, heard.iter().collect())
}

// One test: the environment belongs to the process.
#[test]
fn one_change_too_many_fails_the_activation_and_takes_all_of_them_back() {
    let file = std::env::temp_dir().join(format!("locus-control-{}.toml", std::process::id()));
    std::fs::write(&file, format!("[limits]\ncontrol_messages_max = {CHANGES_MAX}\n")).unwrap();
    // SAFETY: this test is alone in its process, and no other thread runs now.
    unsafe { std::env::set_var("LOCUS_CONFIG", &file) };

    let (failed, heard) = heard_after(CHANGES_MAX);
    assert_eq!(failed, 0);
    assert!(heard.contains(&0), "what is followed is heard: {heard:?}");

    let (failed, heard) = heard_after(CHANGES_MAX + 1);
    assert_eq!(failed, 1, "the activation failed");
    assert!(heard.is_empty(), "and follows nothing: {heard:?}");
    std::fs::remove_file(&file).unwrap();
}
