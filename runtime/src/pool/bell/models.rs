//! The bell under loom: no pool sleeps beside work, whoever rings and whenever.

use super::*;
use crate::{
    bus::{lane::lane, outbox::Outbox},
    sync::{
        Arc, AtomicUsize,
        control::{explore, run_parked},
    },
};
use loom::thread;

/// Parks and wakes until `has_all` says that there is nothing more to wait for.
fn wait_for(bell: &Bell, mut has_all: impl FnMut() -> bool) {
    run_parked(|waker| {
        bell.awake(waker);
        if has_all() {
            return true;
        }
        bell.park_begin();
        let is_done = has_all();
        if is_done {
            bell.park_cancel();
        }
        is_done
    });
}

#[test]
fn loom_no_wake_is_lost() {
    explore(None, || {
        let bell = Arc::new(Bell::new());
        let work = Arc::new(AtomicUsize::new(0));
        let (ringing, made) = (Arc::clone(&bell), Arc::clone(&work));
        let ringer = thread::spawn(move || {
            made.store(1, Ordering::Relaxed);
            ringing.ring();
        });
        wait_for(&bell, || work.load(Ordering::Relaxed) == 1);
        ringer.join().unwrap();
    });
}

#[test]
fn loom_two_ringers_lose_no_wake() {
    explore(Some(3), || {
        let bell = Arc::new(Bell::new());
        let work = Arc::new(AtomicUsize::new(0));
        let ringers = [(); 2].map(|()| {
            let (bell, work) = (Arc::clone(&bell), Arc::clone(&work));
            thread::spawn(move || {
                work.fetch_add(1, Ordering::Relaxed);
                bell.ring();
            })
        });
        wait_for(&bell, || work.load(Ordering::Relaxed) == 2);
        for ringer in ringers {
            ringer.join().unwrap();
        }
    });
}

#[test]
fn loom_a_flush_reaches_a_parked_reader() {
    explore(Some(3), || {
        let (mut writer, mut reader) = lane(0);
        let bell = Arc::new(Bell::new());
        let ringing = Arc::clone(&bell);
        let publisher = thread::spawn(move || {
            let outbox = Outbox::default();
            for number in 0..2_u64 {
                outbox.push(0, 0, number);
                assert!(outbox.flush_into(&mut writer));
                ringing.ring();
            }
        });
        let mut read = 0;
        wait_for(&bell, || {
            reader.drain_with(|_, _| read += 1);
            read == 2
        });
        publisher.join().unwrap();
    });
}
