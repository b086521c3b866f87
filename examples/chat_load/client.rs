//! One client: joins a room, posts at its rate, and accounts for every line of the room by its number.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde::Deserialize;
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::time::{Instant, Interval, MissedTickBehavior};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, Message};

use crate::tally::{Phase, Seen, Stage};

type Socket = WebSocketStream<TcpStream>;

/// A slow reader's receive buffer: small, so that the server feels at once that nobody reads.
const SLOW_BUFFER_BYTES: u32 = 4 << 10;
/// A slow reader is like a laptop that sleeps: it reads for a moment, then not at all for a while.
const SLOW_AWAKE: Duration = Duration::from_millis(500);
const SLOW_ASLEEP: Duration = Duration::from_secs(3);
/// After its own close frame a client waits this long for the server's.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);

/// What the server says; each frame has some of these fields.
#[derive(Deserialize)]
struct Frame {
    n: Option<u64>,
    missed: Option<u64>,
    ok: Option<u64>,
    refused: Option<u64>,
    recent: Option<Vec<Numbered>>,
}

#[derive(Deserialize)]
struct Numbered {
    n: u64,
}

/// Who a client is and how it behaves.
pub(crate) struct Client {
    pub(crate) number: usize,
    pub(crate) room: &'static str,
    pub(crate) address: SocketAddr,
    pub(crate) slow: bool,
    pub(crate) rate_per_s: f64,
    pub(crate) burst: u32,
}

impl Client {
    /// Runs to the end of the load or of the connection, whichever comes first.
    pub(crate) async fn run(self, gate: Arc<Semaphore>, stage: Stage) -> Seen {
        let mut seen = Seen { room: self.room, ..Seen::default() };
        let joined = {
            let _turn = gate.acquire().await.expect("the gate is never closed");
            self.join(&mut seen).await
        };
        match joined {
            Ok(mut socket) => {
                seen.joined = true;
                stage.note_joined();
                if let Err(error) = self.talk(&mut socket, &mut seen, &stage).await {
                    seen.problem = Some(format!("while talking: {error}"));
                }
                stage.note_closed();
            }
            Err(error) => {
                seen.problem = Some(format!("while joining: {error}"));
                stage.note_failed();
            }
        }
        seen
    }

    /// Connects and waits for the room's greeting, which says at which line this client starts.
    async fn join(&self, seen: &mut Seen) -> Result<Socket, Error> {
        let tcp = TcpSocket::new_v4()?;
        if self.slow {
            tcp.set_recv_buffer_size(SLOW_BUFFER_BYTES)?;
        }
        let stream = tcp.connect(self.address).await?;
        stream.set_nodelay(true)?;
        let url = format!("ws://{}/ws/{}?user=client-{}", self.address, self.room, self.number);
        let config = WebSocketConfig::default()
            .read_buffer_size(4 << 10)
            .write_buffer_size(0)
            .max_write_buffer_size(64 << 10);
        let (mut socket, _) = tokio_tungstenite::client_async_with_config(url, stream, Some(config)).await?;
        while let Some(message) = socket.next().await {
            let Message::Text(text) = message? else { continue };
            let Ok(Frame { recent: Some(recent), .. }) = serde_json::from_str(&text) else { continue };
            seen.through = recent.last().map_or(0, |line| line.n);
            return Ok(socket);
        }
        Err(Error::ConnectionClosed)
    }

    async fn talk(&self, socket: &mut Socket, seen: &mut Seen, stage: &Stage) -> Result<(), Error> {
        let mut phase = stage.watch();
        let mut ticks = self.ticks();
        let mut burst = self.burst;
        let mut asleep_at = Instant::now() + SLOW_AWAKE;
        let mut open = true;
        loop {
            let now = *phase.borrow_and_update();
            if now == Phase::Leaving {
                return leave(socket, seen, stage).await;
            }
            let posts = open && now == Phase::Posting && !self.slow;
            tokio::select! {
                message = socket.next() => match message {
                    Some(Ok(message)) => take(&message, seen, stage),
                    Some(Err(error)) => return Err(error),
                    None => return Ok(()),
                },
                () = next_post(&mut burst, &mut ticks), if posts => {
                    let post = self.post(seen.posted + 1);
                    // A server that drains has closed its side; what it sent before that is still to be read.
                    open = socket.send(post).await.is_ok();
                    seen.posted += u64::from(open);
                }
                () = changed(&mut phase) => {}
            }
            if self.slow && Instant::now() > asleep_at {
                tokio::time::sleep(SLOW_ASLEEP).await;
                asleep_at = Instant::now() + SLOW_AWAKE;
            }
        }
    }

    /// Clients are out of step, so that posts come as a stream and not as a beat.
    fn ticks(&self) -> Option<Interval> {
        let period = Duration::try_from_secs_f64(1.0 / self.rate_per_s).ok()?;
        let offset = period.mul_f64((self.number as f64 * 0.618_034).fract());
        let mut ticks = tokio::time::interval_at(Instant::now() + offset, period);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Some(ticks)
    }

    fn post(&self, id: u64) -> Message {
        Message::text(format!(
            r#"{{"id":{id},"text":"line {id} of client {}, to be read by {}"}}"#,
            self.number, self.room
        ))
    }
}

/// At once during the burst, then at the client's rate.
async fn next_post(burst: &mut u32, ticks: &mut Option<Interval>) {
    if *burst > 0 {
        *burst -= 1;
        return;
    }
    match ticks {
        Some(ticks) => drop(ticks.tick().await),
        None => std::future::pending().await,
    }
}

async fn changed(phase: &mut watch::Receiver<Phase>) {
    if phase.changed().await.is_err() {
        std::future::pending().await
    }
}

/// Says goodbye, and goes on counting until the server has answered.
async fn leave(socket: &mut Socket, seen: &mut Seen, stage: &Stage) -> Result<(), Error> {
    socket.close(None).await?;
    let rest = async {
        while let Some(message) = socket.next().await {
            take(&message?, seen, stage);
        }
        Ok(())
    };
    match tokio::time::timeout(CLOSE_TIMEOUT, rest).await {
        Ok(ended) => ended,
        Err(_) => Err(Error::Io(std::io::Error::other("the server did not answer the close frame"))),
    }
}

fn take(message: &Message, seen: &mut Seen, stage: &Stage) {
    match message {
        Message::Text(text) => {
            stage.note_received();
            match serde_json::from_str::<Frame>(text) {
                Ok(frame) => count(&frame, seen),
                Err(error) => seen.problem = Some(format!("not a frame: {error}")),
            }
        }
        Message::Close(_) => seen.closed_cleanly = true,
        _ => {}
    }
}

/// Lines are numbered without holes: each is received, or announced as missed before the next one comes.
fn count(frame: &Frame, seen: &mut Seen) {
    if let Some(n) = frame.missed {
        seen.missed += n;
        seen.through += n;
    }
    if let Some(n) = frame.n {
        let expected = seen.through + 1;
        seen.received += 1;
        seen.lost += n.saturating_sub(expected);
        seen.disordered += u64::from(n < expected);
        seen.through = seen.through.max(n);
    }
    seen.accepted += u64::from(frame.ok.is_some());
    seen.refused += u64::from(frame.refused.is_some());
}
