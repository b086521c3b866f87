//! Code that is being typed costs the compiler's own error and nothing else.
#![allow(dead_code, unused_variables, reason = "not what is tested")]
use locus::prelude::*;

#[topic]
#[derive(Clone)]
pub struct Posted(pub String);

#[locus]
pub struct Room {
    n: usize,
}

#[locus]
impl Room {
    #[on]
    fn on_post(&mut self, post: &Posted, cx: &mut Cx<'_, Self>) {
        self.n.
    }

    #[every("1s")]
    fn tick(&mut self) {}
}

#[locus(main)]
pub struct Chat {
    room: Room,
}

fn main() {}
