//! One reader's connection: lines go out, posts come in, and every wait has an end.
//!
//! A reader that takes lines more slowly than its room relays them loses the oldest of [`LINES_WAITING_MAX`] and is told
//! how many; one that takes nothing for [`SEND_TIMEOUT`] is let go. A post is confirmed only after the bus has accepted
//! it. When the service drains, the subscription ends after the last line, and the connection with a close frame.

use std::time::Duration;

use axum::Error;
use axum::extract::ws::{CloseFrame, Message, WebSocket, close_code};
use futures_util::SinkExt;
use locus::prelude::*;
use locus::{Match, Overflow, Subscription};
use serde::Deserialize;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at, timeout};

use crate::room::RoomId;
use crate::routes::Rooms;
use crate::{Posted, Recent, Relayed};

/// The longest text of a post.
pub(crate) const TEXT_BYTES_MAX: usize = 4_000;
/// Lines that may wait for a reader: as many as greet one who comes new.
const LINES_WAITING_MAX: usize = 64;
/// Lines written with one flush.
const LINES_PER_FLUSH: usize = 32;
/// A reader that takes nothing for so long is gone, or as good as gone.
const SEND_TIMEOUT: Duration = Duration::from_secs(20);
/// How often a silent reader is asked whether it still lives; the second silence in a row ends the connection.
const PING_PERIOD: Duration = Duration::from_secs(30);
/// How long a room may take to greet.
const GREETING_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a reader may take to answer a close frame.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

/// Who reads what.
pub(crate) struct Reader {
    pub(crate) room: RoomId,
    pub(crate) user: Text<24>,
}

/// A frame from the reader.
#[derive(Deserialize)]
struct Post {
    id: u64,
    text: String,
}

/// Why a connection ends.
enum End {
    /// The reader said goodbye.
    Left,
    /// The reader does not answer any more.
    Silent,
    /// The service drains; all lines have been sent.
    Drained,
    /// The reader sent what is not a post.
    Nonsense,
}

/// Serves one reader until it leaves or the service drains.
pub(crate) async fn serve(mut socket: WebSocket, reader: Reader, rooms: &Rooms) {
    // Subscribed before the greeting is asked for: a line may come twice, but none is lost between; the page drops those
    // whose number it has.
    let mut lines = rooms.relayed.subscribe(Match::Key(reader.room), LINES_WAITING_MAX, Overflow::DropOld);
    let ended = match greet(&mut socket, reader.room, rooms, &mut lines).await {
        Ok(()) => talk(&mut socket, &reader, rooms, &mut lines).await,
        Err(error) => Err(error),
    };
    let (code, reason) = match ended {
        Ok(End::Drained) => (close_code::AWAY, "the server is stopping"),
        Ok(End::Nonsense) => (close_code::POLICY, "that was not a post"),
        Ok(End::Left) => return finish(socket).await,
        Ok(End::Silent) | Err(_) => return,
    };
    let close = Message::Close(Some(CloseFrame { code, reason: reason.into() }));
    if send(&mut socket, close).await.is_ok() {
        finish(socket).await;
    }
}

/// Reads until both sides have closed; what the reader still says on the way is of no interest.
async fn finish(mut socket: WebSocket) {
    let _ = timeout(CLOSE_TIMEOUT, async { while let Some(Ok(_)) = socket.recv().await {} }).await;
}

async fn greet(
    socket: &mut WebSocket,
    room: RoomId,
    rooms: &Rooms,
    lines: &mut Subscription<Relayed>,
) -> Result<(), Error> {
    timeout(GREETING_TIMEOUT, lines.ready()).await.map_err(Error::new)?;
    let greeting = rooms.recent.ask(Recent { room }).within(GREETING_TIMEOUT).await.map_err(Error::new)?;
    send(socket, Message::text(greeting)).await
}

async fn talk(
    socket: &mut WebSocket,
    reader: &Reader,
    rooms: &Rooms,
    lines: &mut Subscription<Relayed>,
) -> Result<End, Error> {
    let mut pings = pings();
    let mut silent = false;
    loop {
        tokio::select! {
            line = lines.next() => match line {
                Some(line) => relay(socket, line, lines).await?,
                None => return Ok(End::Drained),
            },
            message = socket.recv() => {
                silent = false;
                match message.transpose()? {
                    Some(Message::Text(text)) => match serde_json::from_str(&text) {
                        Ok(post) => answer(socket, reader, rooms, post).await?,
                        Err(_) => return Ok(End::Nonsense),
                    },
                    Some(Message::Ping(_) | Message::Pong(_)) => {}
                    Some(Message::Binary(_)) => return Ok(End::Nonsense),
                    Some(Message::Close(_)) | None => return Ok(End::Left),
                }
            }
            _ = pings.tick() => {
                if silent {
                    return Ok(End::Silent);
                }
                silent = true;
                send(socket, Message::Ping(Default::default())).await?;
            }
        }
    }
}

/// Writes a line and those that are ready behind it, with one flush.
async fn relay(
    socket: &mut WebSocket,
    first: Delivery<Relayed>,
    lines: &mut Subscription<Relayed>,
) -> Result<(), Error> {
    let write = async {
        socket.feed(frame(first)).await?;
        for _ in 1..LINES_PER_FLUSH {
            let Some(line) = lines.try_next() else { break };
            socket.feed(frame(line)).await?;
        }
        socket.flush().await
    };
    timeout(SEND_TIMEOUT, write).await.map_err(Error::new)?
}

fn frame(line: Delivery<Relayed>) -> Message {
    match line {
        Delivery::Message(relayed) => Message::Text(relayed.line),
        Delivery::Missed(n) => Message::text(format!(r#"{{"missed":{n}}}"#)),
    }
}

/// Publishes a post, waiting for room on the bus, and says what became of it.
async fn answer(socket: &mut WebSocket, reader: &Reader, rooms: &Rooms, post: Post) -> Result<(), Error> {
    let Post { id, text } = post;
    let refusal = if text.trim().is_empty() {
        Some("there is no text")
    } else if text.len() > TEXT_BYTES_MAX {
        Some("the text is too long")
    } else {
        let posted = Posted { room: reader.room, user: reader.user, text };
        rooms.posted.publish(posted).await.is_err().then_some("the server is stopping")
    };
    let fate = match refusal {
        None => format!(r#"{{"ok":{id}}}"#),
        Some(why) => format!(r#"{{"refused":{id},"why":"{why}"}}"#),
    };
    send(socket, Message::text(fate)).await
}

async fn send(socket: &mut WebSocket, message: Message) -> Result<(), Error> {
    timeout(SEND_TIMEOUT, socket.send(message)).await.map_err(Error::new)?
}

fn pings() -> Interval {
    let mut pings = interval_at(Instant::now() + PING_PERIOD, PING_PERIOD);
    pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
    pings
}
