//! Keys that cannot be followed, and handlers that cannot follow: one error each, at the word.
#![allow(dead_code, unused_variables, reason = "not what is tested")]
use locus::prelude::*;

#[topic(key = symbol)]
#[derive(Clone)]
pub struct Tick {
    symbol: String,
}

#[topic(key = room)]
#[derive(Clone)]
pub struct Posted {
    room: u32,
}

#[topic]
#[derive(Clone)]
pub struct Begin;

#[locus]
pub struct Follower {}

#[locus]
impl Follower {
    #[on(keys, max = 16)]
    fn on_tick(&mut self, tick: &Tick) {}

    #[on]
    fn on_begin(&mut self, begin: &Begin, cx: &mut Cx<'_, Self>) {
        let _ = cx.follow::<Posted>(1);
        cx.unfollow::<Posted>(&1);
        let _ = cx.follow::<Tick>(1);
    }
}

#[locus]
pub struct Unkeyed {}

#[locus]
impl Unkeyed {
    #[on(keys, max = 16)]
    fn follows(&mut self, begin: &Begin) {}

    #[on(key = _)]
    fn unmatched(&mut self, begin: &Begin) {}
}

#[locus]
pub struct Twice {}

#[locus]
impl Twice {
    #[on(keys, max = 16)]
    fn first(&mut self, tick: &Tick) {}

    #[on(keys, max = 16, batch)]
    fn second(&mut self, items: Batch<'_, Tick>) {}
}

fn main() {}
