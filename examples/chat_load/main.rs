//! Load for `chat`: many WebSocket clients that post at a rate each, and count what comes back.
//!
//! Every client joins one room before the first post is sent, so that each of them has to account for every line its
//! room relays from then on: received, or named by the server as missed. The totals go to stdout as one JSON object.
//! Only 127.0.0.1 is spoken to, and the run ends by itself: after `--seconds` of posting the clients wait until all is
//! quiet; a server that drains ends it earlier, by closing every socket.
//!
//! Run it beside the server: `cargo run --release --example chat_load -- --clients 1000 --seconds 10`.

mod client;
mod settings;
mod tally;

use std::net::Ipv4Addr;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::client::Client;
use crate::settings::Settings;
use crate::tally::{Phase, Report, Stage};

/// The rooms of `chat`; client `i` joins room `i % 4`.
const ROOMS: [&str; 4] = ["lobby", "rust", "random", "help"];
/// Handshakes in flight, so that a thousand of them do not overflow the listener's backlog.
const JOINING_MAX: usize = 64;
/// How long all clients may take to join.
const JOIN_TIMEOUT: Duration = Duration::from_secs(60);
/// A run is over when no client has received anything for this long ..
const QUIET: Duration = Duration::from_secs(2);
/// .. or when this has passed since the last post, quiet or not.
const SETTLE_TIMEOUT: Duration = Duration::from_secs(30);

fn main() -> ExitCode {
    let settings = match Settings::from_args(std::env::args().skip(1)) {
        Ok(settings) => settings,
        Err(problem) => {
            eprintln!("chat_load: {problem}");
            return ExitCode::from(2);
        }
    };
    // A client is a file; the usual soft limit is 1,024.
    if let Err(error) = rlimit::increase_nofile_limit(u64::MAX) {
        eprintln!("chat_load: the limit of open files stays as it is: {error}");
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    match runtime.map(|runtime| runtime.block_on(run(settings))) {
        Ok(report) => {
            println!("{}", report.to_json());
            ExitCode::from(u8::from(report.joined != settings.clients))
        }
        Err(error) => {
            eprintln!("chat_load: {error}");
            ExitCode::from(2)
        }
    }
}

/// Joins everyone, lets them post, waits for quiet, and adds up what each client saw.
async fn run(settings: Settings) -> Report {
    let stage = Stage::new();
    let gate = Arc::new(Semaphore::new(JOINING_MAX));
    let mut clients = JoinSet::new();
    for number in 0..settings.clients {
        let client = Client {
            number,
            room: ROOMS[number % ROOMS.len()],
            address: (Ipv4Addr::LOCALHOST, settings.port).into(),
            // Slow readers come first, spread over the rooms, and only listen.
            slow: number < settings.slow,
            rate_per_s: settings.rate_per_s,
            burst: settings.burst,
        };
        clients.spawn(client.run(Arc::clone(&gate), stage.clone()));
    }
    wait_until(JOIN_TIMEOUT, || stage.joined() + stage.failed() >= settings.clients).await;
    eprintln!("chat_load: {} of {} clients have joined", stage.joined(), settings.clients);

    let posting_since = Instant::now();
    stage.enter(Phase::Posting);
    wait_until(settings.posting, || stage.open() == 0).await;
    let posted_for = posting_since.elapsed();
    stage.enter(Phase::Settling);
    settle(&stage).await;
    stage.enter(Phase::Leaving);

    let mut report = Report::new(posted_for);
    while let Some(ended) = clients.join_next().await {
        report.add(ended.expect("a client does not panic"));
    }
    report
}

/// Waits until nothing has arrived anywhere for [`QUIET`], or every server side has closed.
async fn settle(stage: &Stage) {
    let deadline = Instant::now() + SETTLE_TIMEOUT;
    let (mut seen, mut since) = (stage.received(), Instant::now());
    while Instant::now() < deadline && stage.open() > 0 && since.elapsed() < QUIET {
        tokio::time::sleep(Duration::from_millis(50)).await;
        if stage.received() != seen {
            (seen, since) = (stage.received(), Instant::now());
        }
    }
}

async fn wait_until(limit: Duration, done: impl Fn() -> bool) {
    let deadline = Instant::now() + limit;
    while Instant::now() < deadline && !done() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
