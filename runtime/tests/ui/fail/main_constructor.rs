//! `run` takes a constructor.
#![allow(dead_code, unused_variables, reason = "not what is tested")]
use locus::prelude::*;

#[locus]
pub struct Room {}

#[locus]
impl Room {}

#[locus(main)]
pub struct Chat {
    room: Room,
}

impl Chat {
    fn new() -> Self {
        Self { room: Room {} }
    }
}

fn main() {
    locus::run(Chat::new());
    locus::run(|| String::new());
    locus::run(|| Some(Chat::new()));
    locus::run(|| Ok::<Room, String>(Room {}));
    locus::run(|_: u8| Chat::new());
}
