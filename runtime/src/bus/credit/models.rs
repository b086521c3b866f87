//! Credits under loom: the bound, what a credit orders, and that a waiting publisher is heard.

use super::*;
use crate::{
    pool::bell::Bell,
    sync::{
        AccessLog,
        control::{explore, run_parked},
    },
};
use loom::thread;

#[test]
fn loom_a_credit_comes_back_after_the_work() {
    explore(None, || {
        let (out, mut back) = credit(1);
        let place = Arc::new(AccessLog::new(1));
        assert!(out.try_take());
        let used = Arc::clone(&place);
        let consuming = thread::spawn(move || {
            used.exclusive(0..1);
            back.count(1);
        });
        while !out.try_take() {
            thread::yield_now();
        }
        place.exclusive(0..1);
        consuming.join().unwrap();
    });
}

#[test]
fn loom_a_parked_publisher_hears_of_a_credit() {
    explore(None, || {
        let (out, mut back) = credit(1);
        assert!(out.try_take());
        let bell = Arc::new(Bell::new());
        let heard = Arc::clone(&bell);
        let publishing = thread::spawn(move || {
            run_parked(|waker| {
                heard.awake(waker);
                if out.try_take() {
                    return true;
                }
                out.tell_wait();
                heard.park_begin();
                let has_credit = out.try_take();
                if has_credit {
                    heard.park_cancel();
                }
                has_credit
            });
        });
        back.count(1);
        Edge::CreditWait.fence();
        if back.settle() {
            bell.ring();
        }
        publishing.join().unwrap();
    });
}
