//! The context of an activation stays on its thread.
#![allow(dead_code, unused_variables, reason = "not what is tested")]
use locus::prelude::*;

#[topic]
#[derive(Clone)]
pub struct Posted;

#[locus(publishes(Posted))]
pub struct Room {}

#[locus]
impl Room {
    fn to_thread(&mut self, cx: &mut Cx<'_, Self>) {
        std::thread::spawn(move || cx.publish(Posted));
    }
}

fn main() {}
