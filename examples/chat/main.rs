//! A chat service with a web page: rooms relay what is posted to them, and a slow reader loses old lines, never the room.
//!
//! `cargo run --release --example chat` opens on <http://127.0.0.1:8080>; `--port N` chooses another port, 0 a free one.
//!
//! - `room`: the state of one room, and the only place where lines are numbered.
//! - `web`: the listener, as a locus; `routes` and `socket` are plain axum and reach the rooms through topic handles.
//! - `page`: the files of the page, compiled in.
//!
//! Nothing here is unbounded: history, message length, name length, connections, lines waiting for a reader, and the time
//! a reader may take. Ctrl-C drains: every connection gets the lines that are left, and a close frame.

mod page;
mod room;
mod routes;
mod settings;
mod socket;
mod web;

use axum::extract::ws::Utf8Bytes;
use locus::prelude::*;

use crate::room::{Room, RoomId};
use crate::settings::Settings;
use crate::web::Web;

/// Counts live bytes, so that the residency report can name ordinary heap too.
#[global_allocator]
static ALLOCATOR: locus::alloc::Counting = locus::alloc::Counting::new();

/// Somebody wrote `text` in `room`.
#[topic(key = room)]
#[derive(Clone, Debug)]
pub struct Posted {
    /// Where it was written.
    pub room: RoomId,
    /// Who wrote it.
    pub user: Text<24>,
    /// What was written, at most [`socket::TEXT_BYTES_MAX`] long.
    pub text: String,
}

/// A line of `room`, for all who are in it: already encoded, so that its thousand copies share one buffer.
#[topic(key = room, bounded = 1024, on_full = drop_old)]
#[derive(Clone, Debug)]
pub struct Relayed {
    /// Where it was written.
    pub room: RoomId,
    /// The frame that goes to every reader.
    pub line: Utf8Bytes,
}

/// Asks a room for its latest lines; the answer is the frame that greets a reader.
#[topic(key = room, reply = String)]
#[derive(Clone, Debug)]
pub struct Recent {
    /// The room asked.
    pub room: RoomId,
}

/// The service: what there is, and on which thread it runs.
#[locus(main)]
pub struct Chat {
    #[place(pool = "rooms")]
    lobby: Room,
    #[place(pool = "rooms")]
    rust: Room,
    #[place(pool = "rooms")]
    random: Room,
    #[place(pool = "rooms")]
    help: Room,
    #[place(pinned)]
    web: Web,
}

impl Chat {
    fn new(settings: Settings) -> Self {
        Self {
            lobby: Room::new(RoomId::Lobby),
            rust: Room::new(RoomId::Rust),
            random: Room::new(RoomId::Random),
            help: Room::new(RoomId::Help),
            web: Web::new(settings.port),
        }
    }
}

fn main() -> locus::Exit {
    let settings = Settings::from_args(std::env::args().skip(1)).unwrap_or_else(|problem| {
        eprintln!("chat: {problem}");
        std::process::exit(2);
    });
    // A reader is a file; the usual soft limit is 1,024.
    if let Err(error) = rlimit::increase_nofile_limit(u64::MAX) {
        eprintln!("chat: the limit of open files stays as it is: {error}");
    }
    locus::run(move || Chat::new(settings))
}
