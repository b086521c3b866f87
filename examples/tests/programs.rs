//! The small examples, run as a reader would run them.

#[path = "driver/program.rs"]
#[allow(dead_code, reason = "each test uses its part of the driver")]
mod program;

use std::time::Duration;

use program::{Ended, Program};

const SOON: Duration = Duration::from_secs(20);

#[test]
fn hello_greets_until_ctrl_c() {
    let mut hello = Program::start("hello", &[], &[]);
    hello.wait_for("hello number 2", SOON);
    hello.signal("INT");
    drained(&hello.wait(SOON));
}

#[test]
fn rooms_relays_what_each_replica_posts() {
    let mut rooms = Program::start("rooms", &[], &[]);
    rooms.wait_for("reader 0: this is my line 1", SOON);
    rooms.wait_for("this is my line 2", SOON);
    rooms.signal("INT");
    let ended = rooms.wait(SOON);
    drained(&ended);
    assert!(ended.stdout.iter().any(|line| line.contains("reader 1: this is my line 1")), "{ended:#?}");
}

#[test]
fn beside_counts_every_visit_and_drains() {
    let ended = Program::start("beside", &[], &[]).wait(SOON);
    drained(&ended);
    // 4 visitors, 100 visits each, in turn over 3 pages.
    for line in ["/: 134", "/about: 133", "/rooms: 133"] {
        assert!(ended.stdout.iter().any(|said| said == line), "`{line}` is missing: {ended:#?}");
    }
    let celebrated = ended.stdout.iter().filter(|line| line.ends_with("was visited 100 times")).count();
    assert_eq!(celebrated, 3, "{ended:#?}");
}

fn drained(ended: &Ended) {
    assert_eq!(ended.status.code(), Some(0), "{ended:#?}");
}
