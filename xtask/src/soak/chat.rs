//! `cargo xtask soak chat`: ten minutes of posts from a thousand WebSocket clients, and a flat line.
//!
//! The run passes when resident memory after the first minute and at the end differ by less than
//! [`DIFFERENCE_PERCENT_MAX`], every line is accounted for by every client, and Ctrl-C then ends the server with 0.

use std::time::{Duration, Instant};

use crate::chat::{self, Load, REPORT_TIMEOUT, Server};
use crate::workspace::Workspace;

const CLIENTS: u32 = 1_000;
/// Buffers of the kernel and of every connection have reached their size by then.
const SETTLED: Duration = Duration::from_secs(60);
const END: Duration = Duration::from_secs(600);
/// The load goes on a little beyond the last look, so that the end is seen under load.
const POSTING_SECONDS: u64 = 605;
const LOOK_EVERY: Duration = Duration::from_secs(30);
const DIFFERENCE_PERCENT_MAX: f64 = 2.0;
/// The drain timeout of the runtime, and some for the end of the process.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(15);

/// Runs the soak; returns whether memory stayed flat.
pub(super) fn run(workspace: &Workspace) -> Result<bool, String> {
    chat::build(workspace)?;
    let server = Server::start(workspace)?;
    let load = Load::start(workspace, server.port, CLIENTS, POSTING_SECONDS)?;
    let looks = watch(&server)?;
    let report = load.report(REPORT_TIMEOUT)?;
    let status = server.interrupt(DRAIN_TIMEOUT)?;
    println!("{}", report.summary());
    report.is_balanced(CLIENTS)?;
    if !status.success() {
        return Err(format!("`chat` ended with {status} after Ctrl-C"));
    }
    Ok(verdict(&looks))
}

/// Looks at resident memory until the end; prints each look.
fn watch(server: &Server) -> Result<Vec<(u64, u64)>, String> {
    let started = Instant::now();
    let mut looks = Vec::new();
    println!("{:>8} {:>12}", "seconds", "RSS KiB");
    let mut at = Duration::ZERO;
    while at <= END {
        std::thread::sleep(at.saturating_sub(started.elapsed()));
        let look = (at.as_secs(), server.resident_kib()?);
        println!("{:>8} {:>12}", look.0, look.1);
        looks.push(look);
        at += LOOK_EVERY;
    }
    Ok(looks)
}

fn verdict(looks: &[(u64, u64)]) -> bool {
    let resident =
        |at: Duration| looks.iter().find(|(seconds, _)| *seconds == at.as_secs()).map(|(_, kib)| *kib as f64);
    let (Some(settled), Some(end)) = (resident(SETTLED), resident(END)) else { return false };
    let percent = 100.0 * (end - settled) / settled;
    let flat = percent.abs() < DIFFERENCE_PERCENT_MAX;
    let word = if flat { "flat" } else { "NOT FLAT" };
    println!("after minute 1: {settled:.0} KiB, at the end: {end:.0} KiB, difference {percent:+.2}%: {word}");
    flat
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flat_is_less_than_two_percent_either_way() {
        for (end, flat) in
            [(100_000, true), (101_900, true), (102_000, false), (98_000, false), (98_100, true)]
        {
            assert_eq!(verdict(&[(0, 5), (60, 100_000), (600, end)]), flat, "{end}");
        }
        assert!(!verdict(&[(60, 100_000)]));
    }
}
