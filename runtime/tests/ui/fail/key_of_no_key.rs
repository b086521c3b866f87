//! A key in a subscription to a topic that has none.
#![allow(dead_code, unused_variables, reason = "not what is tested")]
use locus::prelude::*;

#[topic]
#[derive(Clone)]
pub struct Posted {
    pub room: u32,
}

#[locus]
pub struct Room {
    id: u32,
}

#[locus]
impl Room {
    #[on(key = self.id)]
    fn on_post(&mut self, post: &Posted) {}
}

fn main() {}
