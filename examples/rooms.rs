//! A chat service: a room relays what is posted to it; a slow reader loses old lines, never the room.
#![expect(missing_docs, reason = "this program is read whole")]

use locus::prelude::*;

#[topic(key = room)]
#[derive(Clone, Debug)]
pub struct Posted {
    pub room: RoomId,
    pub user: Text<24>,
    pub text: String,
}

#[topic(key = room, bounded = 1024, on_full = drop_old)]
#[derive(Clone, Debug)]
pub struct Relayed {
    pub room: RoomId,
    pub line: String,
}

#[locus(publishes(Relayed))]
pub struct Room {
    id: RoomId,
    recent: Ring<String, 64>,
    posts: Counter,
}

#[locus]
impl Room {
    /// Relays one post. Only this room's posts arrive: the bus routes by key.
    #[on(key = self.id)]
    fn on_post(&mut self, post: &Posted, cx: &mut Cx<'_, Self>) {
        let line = scratch_format!(cx, "{}: {}", post.user, post.text); // freed when this method returns
        self.posts.inc(); // a handle, resolved at its first use
        self.recent.push_evict_with(|slot| line.keep_into(slot)); // reuses the evicted String: no allocation
        cx.publish(Relayed { room: self.id, line: line.to_owned() }); // the one allocation: the message's own text
    }

    #[every("30s")]
    fn tick(&mut self, _cx: &mut Cx<'_, Self>) { /* ... */
    }
}

#[locus(main)]
pub struct Chat {
    #[place(pool = "rooms")]
    lobby: Room,
    #[place(pinned, replicas = 2)]
    web: Web,
    #[place(pool = "io")]
    audit: Audit,
}

fn main() -> locus::Exit {
    locus::run(Chat::new)
}

// The types that the program above leaves open.

/// The number of a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RoomId(u32);

const LOBBY: RoomId = RoomId(1);

impl Chat {
    /// Builds the parts and nothing else: each thread calls this for its own.
    fn new() -> Self {
        Self {
            lobby: Room { id: LOBBY, recent: Ring::new(), posts: Counter::new("posts") },
            web: Web { posts: 0 },
            audit: Audit { lines: 0 },
        }
    }
}

/// Stands where a web server would: each of its two replicas posts a line a second, from a thread of its own.
#[locus(publishes(Posted))]
pub struct Web {
    posts: u64,
}

#[locus]
impl Web {
    #[every("1s")]
    fn post(&mut self, cx: &mut Cx<'_, Self>) {
        self.posts += 1;
        let user = Text::new(scratch_format!(cx, "reader {}", cx.replica()));
        cx.publish(Posted { room: LOBBY, user, text: format!("this is my line {}", self.posts) });
    }
}

/// Sees every line of every room.
#[locus]
pub struct Audit {
    lines: u64,
}

#[locus]
impl Audit {
    #[on]
    fn on_line(&mut self, relayed: &Relayed, _cx: &mut Cx<'_, Self>) {
        self.lines += 1;
        println!("room {}, line {}: {}", relayed.room.0, self.lines, relayed.line);
    }
}
