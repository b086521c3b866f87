//! The method that hears of lost messages.
#![allow(dead_code, unused_variables, reason = "not what is tested")]
use locus::prelude::*;

#[topic]
#[derive(Clone)]
pub struct Posted;

#[locus]
pub struct Room {}

#[locus]
impl Room {
    #[on(bounded = 64, on_full = drop_old, missed = nowhere)]
    fn a(&mut self, post: &Posted) {}

    #[on(bounded = 64, on_full = drop_old, missed = no_count)]
    fn b(&mut self, post: &Posted) {}
    fn no_count(&mut self) {}

    #[on(bounded = 64, on_full = drop_old, missed = wrong_count)]
    fn c(&mut self, post: &Posted) {}
    fn wrong_count(&mut self, n: usize) {}

    #[on(bounded = 64, on_full = drop_old, missed = too_much)]
    fn d(&mut self, post: &Posted) {}
    fn too_much(&mut self, n: u64, cx: &mut Cx<'_, Self>, more: u8) {}

    #[on(bounded = 64, on_full = drop_old, missed = waits)]
    fn e(&mut self, post: &Posted) {}
    async fn waits(&mut self, n: u64) {}

    #[on(bounded = 64, on_full = drop_old, missed = shared)]
    fn f(&mut self, post: &Posted) {}
    fn shared(&self, n: u64) {}
}

fn main() {}
