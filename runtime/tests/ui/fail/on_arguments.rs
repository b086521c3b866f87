//! Every way to write the arguments of `#[on]`, `#[every]` and `receives(..)` wrongly.
#![allow(dead_code, unused_variables, reason = "not what is tested")]
use locus::prelude::*;

#[topic(key = room)]
#[derive(Clone)]
pub struct Posted {
    pub room: u32,
}

#[locus(
    receives(),
    receives(key = 1),
    receives(Posted, on_ful = drop_old),
    receives(Posted Posted),
)]
pub struct Room {}

#[locus]
impl Room {
    #[on(on_full = drop_old)]
    fn a(&mut self, post: &Posted) {}

    #[on(bounded = 64, on_full = fail)]
    fn b(&mut self, post: &Posted) {}

    #[on(bounded = 64, missed = b)]
    fn c(&mut self, post: &Posted) {}

    #[on(key = 1, any)]
    fn d(&mut self, post: &Posted) {}

    #[on(max = 3)]
    fn e(&mut self, post: &Posted) {}

    #[on(keys)]
    fn f(&mut self, post: &Posted) {}

    #[on(open)]
    fn g(&mut self, post: &Posted) {}

    #[on(inline, batch)]
    fn h(&mut self, items: Batch<'_, Posted>) {}

    #[on(inline, bounded = 3)]
    fn i(&mut self, post: &Posted) {}

    #[on(inline, concurrent = 3)]
    fn j(&mut self, post: &Posted) {}

    #[on(key = )]
    fn k(&mut self, post: &Posted) {}

    #[on = 3]
    fn l(&mut self, post: &Posted) {}

    #[on(key = let)]
    fn n(&mut self, post: &Posted) {}

    #[every]
    fn m(&mut self) {}

    #[every(30)]
    fn o(&mut self) {}

    #[every("30")]
    fn p(&mut self) {}

    #[every("0s")]
    fn q(&mut self) {}

    #[every("1s", late = never)]
    fn r(&mut self) {}
}

fn main() {}
