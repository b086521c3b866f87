//! The bound holds, and a publisher that found none is heard.

use super::*;

/// Returns what is counted and looks who waits, as at the end of a turn.
fn settle(back: &mut CreditIn) -> bool {
    back.publish();
    back.settle()
}

#[test]
fn no_more_than_the_bound_is_under_way() {
    let (out, mut back) = credit(3);
    assert!(out.try_take() && out.try_take() && out.try_take());
    assert!(!out.try_take());
    out.tell_wait();
    back.count(2);
    assert!(settle(&mut back), "the publisher waits");
    assert!(out.try_take());
    assert!(out.has_credit());
    back.count(1);
    assert!(!settle(&mut back), "the publisher found a credit since");
    assert!(out.has_credit());
}

#[test]
fn a_share_of_the_bound_is_returned_before_the_end() {
    let (out, mut back) = credit(8);
    assert!((0..8).all(|_| out.try_take()));
    back.count(1);
    assert!(!out.try_take(), "counted, but not returned yet");
    back.count(1);
    assert!(out.try_take() && out.try_take() && !out.try_take());
}

#[test]
fn only_a_publisher_that_says_so_waits() {
    let (out, mut back) = credit(1);
    assert!(out.try_take() && !out.try_take());
    back.count(1);
    assert!(!settle(&mut back), "it looks for itself until it parks");
    out.tell_wait();
    assert!(out.try_take());
    back.count(1);
    assert!(!settle(&mut back), "there was a credit when it wanted to park");
}

#[test]
fn a_failed_activation_gives_its_credits_back() {
    let (out, _back) = credit(2);
    assert!(out.try_take() && out.try_take());
    out.undo(2);
    assert!(out.try_take() && out.try_take() && !out.try_take());
}

#[test]
fn nothing_returned_is_nothing_to_tell() {
    let (out, mut back) = credit(1);
    assert!(out.try_take() && !out.try_take());
    out.tell_wait();
    assert!(!settle(&mut back));
}
