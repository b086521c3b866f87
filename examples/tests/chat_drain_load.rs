//! Ctrl-C under load: the chat ends in time with 0, and every post it accepted has reached every reader, or is counted.
//!
//! `LOCUS_DRAIN_CLIENTS` sets the number of clients; 400 is what a test on a busy machine can afford, and enough that
//! what they need is most of what the process holds.

#[path = "driver/program.rs"]
#[allow(dead_code, reason = "each test uses its part of the driver")]
mod program;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use program::{Ended, Program};
use serde_json::Value;

const STARTED: Duration = Duration::from_secs(60);
/// The default of the runtime; the end of the process comes on top.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(10);
/// Long enough for slow readers to fall behind what the kernel and the bus hold for them.
const UNDER_LOAD: Duration = Duration::from_secs(8);
/// Posts a second in all, over four rooms.
const POSTS_PER_S: f64 = 400.0;
/// How much of the resident memory gained since the start may be in no account.
const UNACCOUNTED_PERCENT_MAX: f64 = 10.0;

#[test]
fn ctrl_c_under_load_loses_nothing_that_was_accepted() {
    let clients: usize = std::env::var("LOCUS_DRAIN_CLIENTS").map_or(400, |n| n.parse().expect("a number"));
    let mut chat = Program::start("chat", &["--port", "0"], &[("LOCUS_ARENA_RESIDENCY", "1")]);
    let line = chat.wait_for("open http://127.0.0.1:", STARTED);
    let port = program::port_in(&line).to_string();
    let rate = (POSTS_PER_S / clients as f64).to_string();
    let flags = [
        ["--clients", &clients.to_string()],
        ["--port", &port],
        ["--rate", &rate],
        ["--slow", &(clients / 25).to_string()],
        ["--seconds", "60"],
    ];
    let mut load = Program::start("chat_load", flags.as_flattened(), &[]);
    load.wait_for(&format!("{clients} of {clients} clients have joined"), STARTED);
    std::thread::sleep(UNDER_LOAD);
    chat.signal("USR1");
    // What the allocator holds free is in this one, as nothing is given back under load: it is printed, not judged.
    println!("{}", chat.wait_for("unaccounted: ", STARTED));

    let interrupted = Instant::now();
    chat.signal("INT");
    let chat = chat.wait(DRAIN_TIMEOUT + Duration::from_secs(5));
    let drained_for = interrupted.elapsed();
    let load = load.wait(STARTED);

    assert_eq!(chat.status.code(), Some(0), "{chat:#?}\n{load:#?}");
    assert!(drained_for < DRAIN_TIMEOUT, "drained for {drained_for:?}");
    let reports: Vec<&String> = chat.stderr.iter().filter(|line| line.contains("unaccounted: ")).collect();
    assert_eq!(reports.len(), 2, "the report is printed at the end too: {chat:#?}");
    check_residency(reports[1]);
    let report: Value = serde_json::from_str(&load.stdout.join("\n")).expect("a report");
    println!("drained in {drained_for:?}\n{report:#}");
    check_balance(&relayed(&chat), &report, clients as u64);
}

/// Accounts and measured memory agree: arenas, queues, lanes and heap are all that was gained, but for a little.
fn check_residency(line: &str) {
    let percent = line.split("unaccounted: ").nth(1).and_then(|share| share.split('%').next());
    let percent: f64 =
        percent.and_then(|percent| percent.parse().ok()).unwrap_or_else(|| panic!("no share: {line}"));
    println!("{line}");
    assert!(percent.abs() <= UNACCOUNTED_PERCENT_MAX, "{line}");
}

/// What each room says it relayed.
fn relayed(chat: &Ended) -> BTreeMap<String, u64> {
    let accounts = chat.stdout.iter().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let relayed: BTreeMap<_, _> = accounts
        .filter_map(|account| Some((account["room"].as_str()?.to_owned(), account["relayed"].as_u64()?)))
        .collect();
    assert_eq!(relayed.len(), 4, "each room gives one account: {chat:#?}");
    relayed
}

fn check_balance(relayed: &BTreeMap<String, u64>, report: &Value, clients: u64) {
    assert_eq!(report["problems"], serde_json::json!({}), "{report:#}");
    assert_eq!(report["closed_cleanly"], clients, "every socket ends with a close frame: {report:#}");
    for (room, &relayed) in relayed {
        let seen = &report["rooms"][room];
        let figure = |name: &str| seen[name].as_u64().unwrap_or_else(|| panic!("no `{name}` in {seen:#}"));
        assert_eq!(figure("accepted"), relayed, "`{room}`: what was accepted is what was relayed");
        let known = figure("received") + figure("missed");
        assert_eq!(
            known,
            relayed * figure("clients"),
            "`{room}`: receipts and missed are all that was relayed"
        );
        assert_eq!((figure("lost"), figure("disordered")), (0, 0), "`{room}`");
    }
    let total = &report["total"];
    assert!(total["accepted"].as_u64() > Some(1_000), "there was a load: {total:#}");
    assert!(total["missed"].as_u64() > Some(0), "slow readers lost lines, and were told: {total:#}");
}
