//! What the shapes say: the message, the fix, and what is said of the removals that there are.

use crate::rule::Shape;

pub(super) fn words(shape: &Shape, name: &str) -> (String, &'static str, &'static str) {
    match shape.name {
        "inserted-then-way-out" => (
            format!("what is put into `{name}` stays there when a `?` behind it leaves"),
            "remove it in a guard that is dropped on every way out, or put it in when nothing can fail any more",
            "taken out here, behind a way out",
        ),
        "expired-only-on-access" => (
            format!("what has expired in `{name}` goes only when somebody asks for it"),
            "sweep on a timer: `retain(|_, entry| !entry.is_expired())`, or bound it with `locus::Lru<K, V, N>`",
            "removes the one that was asked for",
        ),
        "one-outcome-only" => (
            format!("what is put into `{name}` is taken out only when the call succeeds"),
            "remove it before looking at the outcome",
            "only on success",
        ),
        "expired-and-kept" => (
            format!("what has expired in `{name}` is refused and stays there"),
            "sweep on a timer: `retain(|_, entry| !entry.is_expired())`, or bound it with `locus::Lru<K, V, N>`",
            "takes out for other reasons",
        ),
        "cancelled-only" => (
            format!("work that ends by itself leaves its handle in `{name}`"),
            "remove it where the work ends, or sweep what has ended: `retain(|_, task| !task.is_finished())`",
            "taken out here",
        ),
        "owner-gone" => (
            format!("what is pending in `{name}` for somebody who goes stays there"),
            "drop it with its owner: `retain(|_, of| *of != gone)`",
            "only its own answer takes it out",
        ),
        "pending-not-sent" => (
            format!("what waits in `{name}` for an answer stays there when the question cannot be sent"),
            "put it in when the question is out, or remove it before leaving",
            "taken out here, when the answer comes",
        ),
        "pending-given-up" => (
            format!("what waits in `{name}` for an answer stays there when whoever asked gives up"),
            "remove it when the wait ends, or sweep on a timer: `retain(|_, waits| !waits.is_closed())`",
            "taken out here, when the answer comes",
        ),
        "way-out-without-closing" => (
            format!("what is put into `{name}` stays there when a way out leads past its removal"),
            "remove it in a guard that is dropped on every way out",
            "taken out here",
        ),
        "left-out-of-the-sweep" => (
            format!("what is beside `{name}` is swept, and it is not"),
            "sweep all of them in one place",
            "taken out here, when somebody asks for it",
        ),
        "mark-of-what-has-ended" => (
            format!("a mark in `{name}` of something that has ended stays there"),
            "set it only for what is still under way",
            "taken out here",
        ),
        "reaps-one-outcome" => (
            format!("what ends in the other way stays in `{name}`"),
            "take every outcome in the pattern, as in `Some(outcome) = set.join_next()`, and look at it in the arm",
            "reaped here",
        ),
        "ended-by-request-only" => (
            format!("what a request puts into `{name}` stays there when nobody comes back to end it"),
            "sweep on a timer what is too old: `retain(|_, entry| entry.since.elapsed() < LIFE)`, or bound it",
            "taken out here, when a request asks for it",
        ),
        _ => words_of_keepers(shape, name),
    }
}

/// Of those who keep what they should have let go of.
fn words_of_keepers(shape: &Shape, name: &str) -> (String, &'static str, &'static str) {
    match shape.name {
        "kept-while-sending-fails" => (
            format!("what waits in `{name}` to be sent on piles up as long as sending fails"),
            "say how much may wait: drop the oldest or refuse what is new where `len()` has come to a limit",
            "taken out here",
        ),
        "retried-without-end" => (
            format!("what fails is put into `{name}` again, however often it has failed before"),
            "compare the attempts with a limit, or the age with one, and let go of what is past it",
            "taken out here, to be tried again",
        ),
        "left-in-the-index" => (
            format!("what has ended leaves its key in `{name}`"),
            "take it out of both where it ends, or sweep: `retain(|key, _| alive.contains_key(key))`",
            "taken out here, when somebody asks for it",
        ),
        "emptied-and-left" => (
            format!("what is empty stays in `{name}` when its last part goes by another way"),
            "take the entry out wherever its last part goes: let all ways call one function that does",
            "taken out here, when it is empty",
        ),
        "guard-disarmed" => (
            format!("what is put into `{name}` stays there when its guard is told not to take it out"),
            "hand the guard to whoever goes on, so that it is dropped when that ends",
            "taken out here, when the guard is dropped",
        ),
        "dropped-before-closing" => (
            format!(
                "what is put into `{name}` stays there when the future that takes it out is dropped before its end"
            ),
            "remove it in a guard that is dropped with the future",
            "taken out here, at the end of the future",
        ),
        "lazy-deletion" => (
            format!("what is cancelled stays in `{name}` until its time comes"),
            "rebuild the queue when most of it is cancelled, or use one that can remove, as `DelayQueue`",
            "only when it is due",
        ),
        _ => (
            format!("a function removes from what is filled beside `{name}`, and leaves it out"),
            "remove from all of them in one place",
            "removed here, but not with its siblings",
        ),
    }
}
