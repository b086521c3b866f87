//! Runs the loom models, and the negative controls that show the models can fail.
//!
//! The models lie beside what they explore: `bus/lane/models.rs`, `bus/outbox/models.rs`,
//! `bus/credit/models.rs`, `pool/bell/models.rs`. All of them, and all controls:
//!
//! ```text
//! RUSTFLAGS="--cfg loom" cargo test -p locus-runtime --lib --release loom_
//! ```
//!
//! One control by hand, which must fail (the names are those of `sync::Edge`):
//!
//! ```text
//! LOCUS_LOOM_WEAKEN=LanePublish RUSTFLAGS="--cfg loom" cargo test -p locus-runtime --lib --release \
//!     loom_records_cross_in_order
//! ```
//!
//! The same modules under miri, with both aliasing models, and the control miri must reject ("no provenance"):
//!
//! ```text
//! cargo +nightly miri test -p locus-runtime --lib -- record:: words:: outbox:: lane:: credit:: bell::
//! MIRIFLAGS=-Zmiri-tree-borrows cargo +nightly miri test -p locus-runtime --lib -- \
//!     record:: words:: outbox:: lane:: credit:: bell::
//! RUSTFLAGS='--cfg locus_negative="u64_copy"' cargo +nightly miri test -p locus-runtime --lib -- \
//!     negative_u64_copy_is_rejected_by_miri
//! ```

use super::Edge;
use std::process::Command;

/// What loom says when plain memory is used by two sides without an order between them.
const RACE: &str = "Causality violation";

/// What loom says when a side sleeps and nobody will wake it.
const LOST_WAKE: &str = "deadlock";

/// Each edge, a model that needs it, and what that model says without it.
const CONTROLS: [(Edge, &str, &str); 12] = [
    (Edge::LanePublish, "bus::lane::models::loom_records_cross_in_order", RACE),
    (Edge::LaneObserve, "bus::lane::models::loom_records_cross_in_order", RACE),
    (Edge::LaneConsume, "bus::lane::models::loom_a_lap_is_reused_only_after_it_was_read", RACE),
    (Edge::LaneReuse, "bus::lane::models::loom_a_lap_is_reused_only_after_it_was_read", RACE),
    (Edge::LaneLink, "bus::lane::models::loom_growth_hands_over_everything", RACE),
    (Edge::LaneFollow, "bus::lane::models::loom_growth_hands_over_everything", RACE),
    (Edge::LaneRoom, "bus::lane::models::loom_a_parked_writer_hears_of_room", LOST_WAKE),
    (Edge::CreditReturn, "bus::credit::models::loom_a_credit_comes_back_after_the_work", RACE),
    (Edge::CreditTake, "bus::credit::models::loom_a_credit_comes_back_after_the_work", RACE),
    (Edge::CreditWait, "bus::credit::models::loom_a_parked_publisher_hears_of_a_credit", LOST_WAKE),
    (Edge::BellPark, "pool::bell::models::loom_no_wake_is_lost", LOST_WAKE),
    (Edge::BellRing, "pool::bell::models::loom_no_wake_is_lost", LOST_WAKE),
];

/// Explores every interleaving of `model` with at most `preemptions` involuntary switches, or all of them.
pub(crate) fn explore(preemptions: Option<usize>, model: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = preemptions;
    builder.max_branches = 10_000;
    builder.check(model);
}

/// Polls `turn` until it is done, parked in between.
pub(crate) fn run_parked(mut turn: impl FnMut(&std::task::Waker) -> bool) {
    loom::future::block_on(std::future::poll_fn(|cx| {
        if turn(cx.waker()) { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    }));
}

/// A control runs in a process of its own, because a failing model may abort while it unwinds.
fn output_without(edge: Edge, model: &str) -> (bool, String) {
    let run = Command::new(std::env::current_exe().expect("the test's own path"))
        .args([model, "--exact", "--nocapture"])
        .env(Edge::WEAKEN_VARIABLE, format!("{edge:?}"))
        .output()
        .expect("the test runs itself");
    let said = [run.stdout, run.stderr].concat();
    (run.status.success(), String::from_utf8_lossy(&said).into_owned())
}

#[test]
fn loom_every_control_is_caught() {
    for (edge, model, complaint) in CONTROLS {
        let (passed, said) = output_without(edge, model);
        assert!(!passed, "`{model}` passes without {edge:?}:\n{said}");
        assert!(said.contains(complaint), "`{model}` does not say {complaint:?} without {edge:?}:\n{said}");
    }
}
