//! The web server as a locus: bound at birth, so that a taken port refuses the start, and open while the service runs.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use locus::prelude::*;
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::routes::{self, READERS_MAX, Rooms};
use crate::{Posted, Recent};

/// Connections that may wait to be accepted.
const BACKLOG: u32 = 1_024;
/// What the kernel may hold for a reader that does not read; beyond it, the reader's lines wait here, and the oldest go.
const SEND_BUFFER_BYTES: u32 = 4 << 10;
/// How long requests that have begun may take once the service drains.
const REQUESTS_TIMEOUT: Duration = Duration::from_secs(2);

/// The listener on loopback.
#[locus(publishes(Posted, Recent))]
pub struct Web {
    port: u16,
    listener: Option<TcpListener>,
}

#[locus]
impl Web {
    fn birth(&mut self, _cx: &mut Cx<'_, Self>) -> Result<(), String> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, self.port));
        let listener = listen(address).map_err(|error| format!("cannot listen on {address}: {error}"))?;
        self.listener = Some(listener);
        Ok(())
    }

    async fn run(run: Run<Self>) -> io::Result<()> {
        let listener = run.with(|me, _| me.listener.take()).await.expect("birth has bound it");
        println!("chat: open http://{} (Ctrl-C drains and stops)", listener.local_addr()?);
        let rooms = Rooms {
            posted: run.topic(),
            recent: run.topic(),
            relayed: run.listener(),
            seats: Arc::new(Semaphore::new(READERS_MAX as usize)),
        };
        let seats = Arc::clone(&rooms.seats);
        let serve = axum::serve(listener, routes::router(rooms)).with_graceful_shutdown(run.draining());
        let mut serve = std::pin::pin!(serve.into_future());
        tokio::select! {
            // At a drain this may be the first to be ready: upgraded connections do not count for it.
            ended = &mut serve => ended?,
            // A request that was begun and never finished must not hold up the drain.
            () = run.draining() => {
                if let Ok(ended) = timeout(REQUESTS_TIMEOUT, &mut serve).await {
                    ended?;
                }
            }
        }
        // The readers live on in tasks of their own, until each has its last line.
        drop(seats.acquire_many(READERS_MAX).await);
        Ok(())
    }
}

impl Web {
    /// A server that will listen on 127.0.0.1, on `port` or on a free one if that is 0.
    pub fn new(port: u16) -> Self {
        Self { port, listener: None }
    }
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    // A restarted server must not wait for the sockets of its predecessor to time out.
    socket.set_reuseaddr(true)?;
    socket.set_send_buffer_size(SEND_BUFFER_BYTES)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}
