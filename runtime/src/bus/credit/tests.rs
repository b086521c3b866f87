//! The bound holds, and a publisher that found none is heard.

use super::*;

#[test]
fn no_more_than_the_bound_is_under_way() {
    let (mut out, mut back) = credit(3);
    assert!(out.try_take() && out.try_take() && out.try_take());
    assert!(!out.try_take());
    back.count(2);
    assert!(!out.try_take(), "counted, but not returned yet");
    assert!(back.publish(), "the publisher waits");
    assert!(out.try_take());
    assert!(out.has_credit());
    back.count(1);
    assert!(!back.publish(), "the publisher found a credit since");
    assert!(out.has_credit());
}

#[test]
fn a_failed_activation_gives_its_credits_back() {
    let (mut out, _back) = credit(2);
    assert!(out.try_take() && out.try_take());
    out.undo(2);
    assert!(out.try_take() && out.try_take() && !out.try_take());
}

#[test]
fn nothing_counted_is_nothing_published() {
    let (mut out, mut back) = credit(1);
    assert!(out.try_take() && !out.try_take());
    assert!(!back.publish());
}
