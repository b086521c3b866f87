//! Handlers that are ready, wait, fail, are cancelled or are dropped with their pool, under miri too.
//!
//! One pool as a plain value, turned by hand. Messages, loci and what futures hold are counted: none may be left, and
//! none be dropped twice.

mod bench;

use std::time::Duration;

use self::bench::{Bench, What, live, notes, open_gate, wake_all};
use crate::app::control::{Control, Report};
use crate::locus::cell::State;

/// Runs `case` on a pool with one locus, and looks for what it leaves behind.
fn check(case: impl FnOnce(&mut Bench)) {
    let before = live();
    let mut bench = Bench::start();
    case(&mut bench);
    drop(bench);
    assert_eq!(live() - before, 0, "messages, loci or futures are left");
}

#[test]
fn a_handler_that_is_ready_leaves_its_slot_at_once() {
    check(|bench| {
        bench.tell(What::Ready);
        bench.tell(What::Ready);
        assert_eq!(notes(), ["begin 1", "end 1", "begin 2", "end 2"]);
        assert_eq!((bench.state(), bench.waiting()), (State::Ready, 0));
        bench.tell(What::Look);
        assert_eq!(notes(), ["look"]);
    });
}

#[test]
fn what_it_borrows_stays_across_waits_and_its_messages_wait_in_order() {
    check(|bench| {
        bench.tell(What::Wait);
        bench.tell(What::Look);
        bench.tell(What::Ready);
        assert_eq!((notes(), bench.state()), (vec!["begin 1".to_owned()], State::Busy));
        // A wake-up for nothing polls it in vain.
        wake_all();
        bench.turn();
        assert!(notes().is_empty());
        open_gate(1);
        bench.turn();
        assert_eq!(notes(), ["end 1", "look", "begin 2", "end 2"]);
        // A late one finds an empty slot, or another's frame.
        wake_all();
        bench.turn();
        bench.tell(What::Wait);
        wake_all();
        bench.turn();
        assert_eq!(notes(), ["begin 3"]);
    });
}

#[test]
fn a_future_without_a_class_gets_a_block_of_its_own() {
    check(|bench| {
        for _ in 0..2 {
            bench.tell(What::Large);
            open_gate(1);
            bench.turn();
        }
        assert_eq!((notes(), bench.slots()), (vec!["large 7".to_owned(); 2], 0));
        bench.tell(What::Large);
        assert_eq!((bench.waiting(), bench.slots()), (1, 1));
    });
}

#[test]
fn an_error_is_resumed_and_a_panic_drops_the_frame_before_the_restart() {
    check(|bench| {
        for (what, after) in [
            (What::Fail, "begin 2"),
            (What::FailLater, "begin 4"),
            (What::Panic, "begin 1"),
            (What::PanicLater, "begin 1"),
        ] {
            bench.tell(what);
            open_gate(1);
            bench.turn();
            bench.advance(Duration::from_secs(60));
            notes();
            bench.tell(What::Ready);
            assert_eq!(notes()[0], after, "{what:?}");
        }
        assert_eq!(bench.failed(), 4);
    });
}

#[test]
fn a_destructor_that_panics_keeps_nothing_from_being_dropped() {
    check(|bench| {
        bench.tell(What::DropPanics);
        bench.control(Control::CancelHandlers);
        assert_eq!((bench.state(), bench.waiting()), (State::Ready, 0));
        bench.tell(What::DropPanics);
        assert_eq!((bench.state(), bench.waiting()), (State::Ready, 0), "cancelled where it would wait");
        bench.tell(What::Ready);
        assert_eq!(notes(), ["begin 1", "begin 2", "begin 3", "end 3"]);
    });
}

#[test]
fn a_timeout_cancels_the_one_it_was_set_for() {
    check(|bench| {
        bench.tell(What::Wait);
        bench.advance(Duration::from_secs(3));
        open_gate(1);
        bench.turn();
        bench.tell(What::Wait);
        bench.advance(Duration::from_secs(3));
        assert_eq!((notes(), bench.failed()), (vec!["begin 1".into(), "end 1".into(), "begin 2".into()], 0));
        bench.advance(Duration::from_secs(3));
        assert_eq!((bench.state(), bench.waiting(), bench.failed()), (State::Ready, 0, 1));
        bench.tell(What::Ready);
        assert_eq!(notes(), ["begin 3", "end 3"]);
    });
}

#[test]
fn a_run_that_fails_cancels_the_handler_and_restarts_the_locus() {
    check(|bench| {
        bench.tell(What::Wait);
        bench.fail_run();
        bench.turn();
        assert_eq!((bench.state(), bench.waiting()), (State::Failed, 0));
        bench.advance(Duration::from_secs(60));
        bench.tell(What::Ready);
        assert_eq!(notes(), ["begin 1", "begin 1", "end 1"]);
    });
}

#[test]
fn dissolving_and_dropping_the_pool_cancel_what_waits() {
    check(|bench| {
        bench.tell(What::Wait);
        bench.tell(What::Look);
        bench.control(Control::Dissolve { cell: 0 });
        assert_eq!((bench.state(), bench.waiting()), (State::Closed, 0));
        assert!(matches!(bench.report(), Some(Report::Done)));
    });
    check(|bench| bench.tell(What::Wait));
    check(|bench| {
        bench.tell(What::DropPanics);
        bench.tell(What::Look);
    });
}

#[test]
fn slots_are_used_again() {
    check(|bench| {
        for _ in 0..20 {
            bench.tell(What::Wait);
            open_gate(1);
            bench.turn();
            bench.tell(What::Ready);
        }
        assert_eq!(bench.slots(), 1);
    });
}

#[test]
fn calls_run_beside_each_other_and_beside_a_handler_that_waits() {
    check(|bench| {
        for _ in 0..3 {
            bench.tell(What::Beside);
        }
        assert_eq!((notes(), bench.waiting()), (vec!["begin 1".to_owned(), "begin 2".to_owned()], 2));
        bench.tell(What::Wait);
        assert_eq!((notes(), bench.state()), (vec!["begin 3".to_owned()], State::Busy));
        // All go on; what needs the locus waits for the handler.
        open_gate(4);
        bench.turn();
        let mut noted = notes();
        noted.sort();
        assert_eq!(noted, ["begin 4", "end 1", "end 2", "end 3", "end 4"]);
        assert_eq!((bench.state(), bench.waiting()), (State::Ready, 0));
    });
}

#[test]
fn calls_end_with_their_locus() {
    check(|bench| {
        for what in [What::Beside, What::BesidePanics, What::Beside, What::Beside] {
            bench.tell(what);
        }
        assert_eq!(bench.waiting(), 2);
        bench.fail_run();
        bench.turn();
        assert_eq!((bench.state(), bench.waiting()), (State::Failed, 0));
        notes();
        bench.advance(Duration::from_secs(60));
        assert_eq!((notes().len(), bench.waiting()), (2, 2), "those that had waited");
        bench.advance(Duration::from_secs(6));
        assert_eq!((bench.failed(), bench.waiting()), (3, 0), "the timeout of each");
        bench.tell(What::BesidePanics);
        bench.tell(What::Beside);
        bench.tell(What::Beside);
        wake_all();
        bench.turn();
        assert_eq!((bench.state(), bench.waiting()), (State::Failed, 0));
        bench.advance(Duration::from_secs(60));
        assert_eq!(bench.waiting(), 1);
        bench.control(Control::CancelHandlers);
        bench.tell(What::Beside);
        assert_eq!((bench.state(), bench.waiting()), (State::Ready, 0));
    });
    check(|bench| (0..3).for_each(|_| bench.tell(What::Beside)));
    check(|bench| {
        (0..3).for_each(|_| bench.tell(What::Beside));
        bench.control(Control::Dissolve { cell: 0 });
        assert_eq!((bench.state(), bench.waiting()), (State::Closed, 0));
    });
}
