//! What the server answers: the page, the list of rooms, and the WebSocket of a room.

use std::sync::Arc;

use axum::Router;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{Path, Query, State};
use axum::http::header::{CONTENT_TYPE, HOST, ORIGIN};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use locus::Listener;
use locus::prelude::*;
use serde::Deserialize;
use tokio::sync::Semaphore;

use crate::page;
use crate::room::RoomId;
use crate::socket::{self, Reader};
use crate::{Posted, Recent, Relayed};

/// Readers at once; the next one is told to come back later.
pub(crate) const READERS_MAX: u32 = 4_096;
/// Buffers of a socket: a line fits, and an idle reader costs little. The default is 128 KiB each way.
const SOCKET_BUFFER_BYTES: usize = 2 << 10;
/// The longest frame a reader may send: [`socket::TEXT_BYTES_MAX`], escaped, with its envelope.
const FRAME_BYTES_MAX: usize = 16 << 10;

/// How the handlers reach the rooms, from any thread.
#[derive(Clone)]
pub(crate) struct Rooms {
    pub(crate) posted: TopicHandle<Posted>,
    pub(crate) recent: TopicHandle<Recent>,
    pub(crate) relayed: Listener<Relayed>,
    /// One seat for each reader; whoever holds all of them knows that every reader has gone.
    pub(crate) seats: Arc<Semaphore>,
}

/// The whole service as axum sees it.
pub(crate) fn router(rooms: Rooms) -> Router {
    page::files().route("/rooms", get(list)).route("/ws/{room}", get(join)).with_state(rooms)
}

#[derive(Deserialize)]
struct Join {
    user: String,
}

async fn list() -> impl IntoResponse {
    let rooms = RoomId::ALL
        .map(|room| serde_json::json!({ "id": room.name(), "title": room.name(), "about": room.about() }));
    ([(CONTENT_TYPE, "application/json")], serde_json::Value::from_iter(rooms).to_string())
}

async fn join(
    State(rooms): State<Rooms>,
    Path(room): Path<String>,
    Query(Join { user }): Query<Join>,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Response {
    if !same_origin(&headers) {
        return (StatusCode::FORBIDDEN, "only this server's own page may connect").into_response();
    }
    let Some(room) = RoomId::named(&room) else {
        return (StatusCode::NOT_FOUND, "no such room").into_response();
    };
    let Some(user) = name(&user) else {
        return (StatusCode::BAD_REQUEST, "a name has 1 to 24 bytes, none of them a control character")
            .into_response();
    };
    let Ok(seat) = Arc::clone(&rooms.seats).try_acquire_owned() else {
        return (StatusCode::SERVICE_UNAVAILABLE, "every seat is taken").into_response();
    };
    upgrade
        .read_buffer_size(SOCKET_BUFFER_BYTES)
        .write_buffer_size(SOCKET_BUFFER_BYTES)
        .max_write_buffer_size(16 * SOCKET_BUFFER_BYTES)
        .max_message_size(FRAME_BYTES_MAX)
        .max_frame_size(FRAME_BYTES_MAX)
        .on_upgrade(move |socket| async move {
            socket::serve(socket, Reader { room, user }, &rooms).await;
            drop(seat);
        })
}

/// Browsers let any page open a socket to any server; only ours may talk in the reader's name.
fn same_origin(headers: &HeaderMap) -> bool {
    let Some(origin) = headers.get(ORIGIN) else {
        return true; // not a browser
    };
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    origin.to_str().ok().and_then(|origin| origin.split_once("://")).map(|(_, host)| host) == host
}

fn name(user: &str) -> Option<Text<24>> {
    let user = user.trim();
    if user.is_empty() || user.chars().any(char::is_control) { None } else { Text::try_from(user).ok() }
}
