//! Ctrl-C under load, again and again: the chat has to drain with nothing lost each time.

use std::time::{Duration, Instant};

use crate::chat::{self, Load, REPORT_TIMEOUT, Server};
use crate::ledger::{Ledger, Outcome};
use crate::workspace::Workspace;

const CLIENTS: u32 = 1_000;
/// Longer than any round: the server ends the load, not the clock.
const POSTING_SECONDS: u64 = 60;
/// The drain timeout of the runtime, and some for the end of the process.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(15);
/// Ctrl-C comes after so many milliseconds of posts; the rounds go through them in turn.
const DELAYS_MS: [u64; 5] = [0, 300, 1_000, 3_000, 7_000];

/// Builds the chat, which is not counted, and enters the outcome of the rounds.
pub(super) fn part(workspace: &Workspace, share: Duration, ledger: &mut Ledger) {
    let built = ledger.part("build of the chat", || chat::build(workspace).into());
    ledger.planned("stress: Ctrl-C under load", share, || match built {
        true => run(workspace, share).into(),
        false => Outcome::Skipped("build of the chat"),
    });
}

/// Runs rounds until `share` is used up, at least one.
fn run(workspace: &Workspace, share: Duration) -> Result<(), String> {
    let started = Instant::now();
    let mut longest = Duration::ZERO;
    for (round, delay_ms) in DELAYS_MS.iter().cycle().enumerate() {
        let began = Instant::now();
        self::round(workspace, Duration::from_millis(*delay_ms))
            .map_err(|message| format!("round {}, Ctrl-C after {delay_ms} ms: {message}", round + 1))?;
        longest = longest.max(began.elapsed());
        if started.elapsed() + longest > share {
            println!("{} rounds of {CLIENTS} clients, each drained with nothing lost", round + 1);
            break;
        }
    }
    Ok(())
}

fn round(workspace: &Workspace, delay: Duration) -> Result<(), String> {
    let server = Server::start(workspace)?;
    let load = Load::start(workspace, server.port, CLIENTS, POSTING_SECONDS)?;
    std::thread::sleep(delay);
    let pressed = Instant::now();
    let status = server.interrupt(DRAIN_TIMEOUT)?;
    let drained = pressed.elapsed();
    let report = load.report(REPORT_TIMEOUT)?;
    println!("drained in {} ms; {}", drained.as_millis(), report.summary());
    if !status.success() {
        return Err(format!("`chat` ended with {status}"));
    }
    report.is_balanced(CLIENTS)
}
