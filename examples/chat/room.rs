//! A room: numbers the lines that are posted to it, remembers the latest, and relays each to its readers.

use std::fmt::{self, Write};
use std::time::{SystemTime, UNIX_EPOCH};

use locus::prelude::*;

use crate::{Posted, Recent, Relayed};

/// How many lines greet a reader: a screenful or two.
const RECENT_LINES: usize = 64;

/// The rooms there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RoomId {
    /// Where everyone starts.
    Lobby,
    /// About the language.
    Rust,
    /// About anything else.
    Random,
    /// For questions.
    Help,
}

impl RoomId {
    /// All rooms, in the order of the page.
    pub const ALL: [Self; 4] = [Self::Lobby, Self::Rust, Self::Random, Self::Help];

    /// The name in addresses and on the page.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Lobby => "lobby",
            Self::Rust => "rust",
            Self::Random => "random",
            Self::Help => "help",
        }
    }

    /// What the page says under the name.
    pub const fn about(self) -> &'static str {
        match self {
            Self::Lobby => "Say hello; everyone starts here",
            Self::Rust => "Ownership, lifetimes, and how to live with them",
            Self::Random => "Whatever has no room of its own",
            Self::Help => "Ask; somebody knows",
        }
    }

    /// The room of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|room| room.name() == name)
    }
}

/// One room.
#[locus(publishes(Relayed))]
pub struct Room {
    id: RoomId,
    /// How many lines there have been; the number of the newest.
    lines: u64,
    recent: Ring<String, RECENT_LINES>,
    posts: Counter,
}

#[locus]
impl Room {
    /// Relays one post. Only this room's posts arrive: the bus routes by key.
    #[on(key = self.id)]
    fn on_post(&mut self, post: &Posted, cx: &mut Cx<'_, Self>) {
        self.lines += 1;
        self.posts.inc();
        let (user, text) = (Quoted(post.user.as_str()), Quoted(&post.text));
        let line = scratch_format!(
            cx,
            r#"{{"n":{},"at":{},"user":{user},"text":{text}}}"#,
            self.lines,
            unix_time_ms()
        );
        self.recent.push_evict_with(|slot| line.keep_into(slot));
        cx.publish(Relayed { room: self.id, line: line.into() });
    }

    /// Greets a reader with the latest lines.
    #[on(key = self.id)]
    fn on_recent(&mut self, _: &Recent) -> String {
        let mut greeting = format!(r#"{{"joined":"{}","recent":["#, self.id.name());
        for (i, line) in self.recent.iter().enumerate() {
            greeting.push_str(if i == 0 { "" } else { "," });
            greeting.push_str(line);
        }
        greeting.push_str("]}");
        greeting
    }

    /// The room's account: readers can check theirs against it.
    fn dissolve(&mut self, _cx: &mut Cx<'_, Self>) {
        println!(r#"{{"room":"{}","relayed":{}}}"#, self.id.name(), self.lines);
    }
}

impl Room {
    /// An empty room.
    pub fn new(id: RoomId) -> Self {
        Self { id, lines: 0, recent: Ring::new(), posts: Counter::new("posts") }
    }
}

fn unix_time_ms() -> u128 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis())
}

/// Text as a JSON string, written without an allocation.
struct Quoted<'a>(&'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('"')?;
        for c in self.0.chars() {
            match c {
                '"' => f.write_str("\\\"")?,
                '\\' => f.write_str("\\\\")?,
                c if c < ' ' => write!(f, "\\u{:04x}", u32::from(c))?,
                c => f.write_char(c)?,
            }
        }
        f.write_char('"')
    }
}
