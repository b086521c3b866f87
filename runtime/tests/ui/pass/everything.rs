//! One of each thing the macros expand, under every lint that is on by default and a few that are not.
#![deny(warnings, missing_docs, unreachable_pub, elided_lifetimes_in_paths, unused_qualifications)]

use locus::prelude::*;

/// Which room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RoomId(pub u32);

/// Keyed by one field.
#[topic(key = room)]
#[derive(Clone, Debug)]
pub struct Posted {
    /// Where.
    pub room: RoomId,
    /// What.
    pub text: String,
}

/// Keyed by two.
#[derive(Clone, Debug)]
#[topic(key = (room, user), bounded = 1024, on_full = drop_old, subject = "chat.relayed")]
pub struct Relayed {
    /// Where.
    pub room: RoomId,
    /// Who.
    pub user: String,
}

/// Gives back what finds no room.
#[topic(key = 0, bounded = BOUND, on_full = fail, per_locus = BOUND, on_slow = drop_new)]
#[derive(Clone)]
pub struct Ticket(pub u64, pub String);

const BOUND: usize = 16;

/// Asked, not published.
#[topic(reply = usize)]
#[derive(Clone)]
pub enum Count {
    /// All of them.
    All,
}

/// Need not be `Clone`.
#[topic(single, on_full = drop_new)]
pub struct Job(pub Vec<u8>);

/// A child of two parents.
#[locus]
pub struct Conn {
    bytes: u64,
}

#[locus]
impl Conn {}

/// A generic child.
#[locus]
pub struct Job2<T> {
    work: T,
}

#[locus]
impl<T> Job2<T> {}

/// Names its children.
#[locus(children(Conn = flow, max = 4096), children(Job2<T> = resident, max = BOUND))]
pub struct Server<T> {
    bytes: u64,
    work: Option<T>,
}

#[locus]
impl<T: 'static> Server<T> {
    #[on]
    fn on_posted(&mut self, _posted: &Posted, cx: &mut Cx<'_, Self>) {
        let id = cx.spawn(Conn { bytes: 0 }).ok();
        if let Some(id) = id {
            cx.terminate_child(id);
        }
        if let Some(work) = self.work.take() {
            let refused = cx.spawn(Job2 { work });
            self.work = refused.err().map(|error| error.into_inner().work);
        }
        let _ = cx.spawn_with::<Conn, _>(|| Conn { bytes: 1 });
        cx.children::<Job2<T>>().for_each(|_, job| {
            let _ = &job.work;
        });
    }

    fn accept(&mut self, conn: &Conn) -> Result<(), Refused> {
        if conn.bytes > 0 { Err(Refused::because("used")) } else { Ok(()) }
    }

    #[release]
    fn conn_gone(&mut self, conn: &Conn, _cx: &mut Cx<'_, Self>) {
        self.bytes += conn.bytes;
    }

    #[release]
    fn job_gone(&mut self, _job: &Job2<T>) -> Result<(), String> {
        Ok(())
    }
}

/// Has flows of whatever type it releases.
#[locus(children(max = 16))]
pub struct Short {
    ended: u64,
}

#[locus]
impl Short {
    #[on]
    fn on_posted(&mut self, _posted: &Posted, cx: &mut Cx<'_, Self>) {
        let _ = cx.spawn(Conn { bytes: 0 });
    }

    fn release(&mut self, _conn: &Conn) {
        self.ended += 1;
    }
}

/// Relays posts.
#[locus(publishes(Relayed, Ticket), scratch_bytes_max = "1MiB", restarts = 5, within = "10s")]
pub struct Room {
    id: RoomId,
    posts: usize,
}

#[locus]
impl Room {
    /// A room.
    pub fn new(id: RoomId) -> Self {
        Self { id, posts: 0 }
    }

    fn birth(&mut self, cx: &mut Cx<'_, Self>) -> Result<(), std::io::Error> {
        let _ = cx.scratch();
        Ok(())
    }

    fn drain(&mut self) {
        self.posts = 0;
    }

    fn dissolve(&mut self, _cx: &mut Cx<'_, Self>) -> Result<(), String> {
        Err("on purpose".into())
    }

    #[on(key = self.id, bounded = 64, on_full = drop_old, missed = on_missed)]
    fn on_post(&mut self, post: &Posted, cx: &mut Cx<'_, Self>) {
        let line = scratch_format!(cx, "{}: {}", self.posts, post.text);
        self.posts += line.len();
        cx.publish(Relayed { room: self.id, user: line.to_owned() });
    }

    fn on_missed(&mut self, n: u64, cx: &mut Cx<'_, Self>) -> Result<(), std::fmt::Error> {
        let refused = cx.publish(Ticket(n, String::new())).is_err();
        self.posts += usize::from(refused);
        Ok(())
    }

    #[on(key = (RoomId(7), String::from("all")))]
    fn on_relayed(&mut self, Relayed { room, .. }: &Relayed) -> Result<(), std::io::Error> {
        self.id = *room;
        Ok(())
    }

    #[on(batch, bounded = 16, on_full = drop_old, missed = on_missed)]
    fn on_all(&mut self, items: Batch<'_, Relayed>, cx: &mut Cx<'_, Self>) -> Result<(), String> {
        let _ = cx.scratch();
        self.posts += items.len();
        Ok(())
    }

    #[on(keys, max = BOUND)]
    fn on_ticket(&mut self, _ticket: &Ticket, cx: &mut Cx<'_, Self>) {
        let _ = cx.follow::<Ticket>(3);
        cx.unfollow::<Ticket>(&3);
    }

    #[on(key = _)]
    fn on_unmatched(&mut self, _post: &Posted) {}

    #[on(shard)]
    fn on_shard(&mut self, _post: &Posted) {}

    #[on(any, batch)]
    fn on_any(&mut self, _items: Batch<'_, Posted>) {}

    #[on]
    fn on_count(&mut self, _question: &Count, _cx: &mut Cx<'_, Self>) -> usize {
        self.posts
    }

    #[every("30s")]
    fn tick(&mut self, cx: &mut Cx<'_, Self>) {
        self.helper(cx);
    }

    #[every("250ms", late = skip)]
    fn tock(&mut self) -> Result<(), std::io::Error> {
        Ok(())
    }

    fn helper<'a>(&'a mut self, cx: &mut Cx<'_, Self>) -> &'a RoomId {
        self.posts += cx.scratch() as *const _ as usize & 1;
        &self.id
    }
}

/// Answers later, and runs.
#[locus(receives(Posted, key = self.room, bounded = 64, on_full = drop_new), receives(Job))]
pub struct Web {
    room: RoomId,
}

#[locus]
impl Web {
    async fn birth(&mut self, _cx: &mut Cx<'_, Self>) -> Result<(), std::io::Error> {
        Ok(())
    }

    async fn run(run: Run<Self>) -> Result<(), std::io::Error> {
        let _: Option<Posted> = run.recv::<Posted>().await;
        run.with(|me, _cx| me.room = RoomId(1)).await;
        Ok(())
    }

    #[on]
    fn on_count(&mut self, _question: &Count, reply: Reply<usize>) {
        reply.send(1);
    }
}

/// Only composes.
#[locus(main)]
pub struct Chat {
    #[place(pool = "rooms")]
    lobby: Room,
    #[place(pinned, cores = 0..2, replicas = 2)]
    web: Web,
    #[place(pinned, core = 1)]
    other: Web,
    plain: Room,
}

impl Chat {
    fn new() -> Self {
        let web = || Web { room: RoomId(0) };
        Self { lobby: Room::new(RoomId(0)), web: web(), other: web(), plain: Room::new(RoomId(1)) }
    }
}

/// Nobody outside sees it.
#[locus(main)]
struct Hidden {
    lobby: Room,
}

#[locus]
impl Hidden {
    fn on_failure(_failure: &Failure) -> Decision {
        Decision::Resume
    }
}

fn main() {
    let _ = Chat::new();
    let _: fn() -> Exit = || locus::run(Chat::new);
    let _: fn() -> Exit = || locus::run(|| Hidden { lobby: Room::new(RoomId(0)) });
}
