//! What cannot compose a program.
#![allow(dead_code, unused_variables, reason = "not what is tested")]
use locus::prelude::*;

#[locus]
pub struct Room {}

#[locus]
impl Room {}

#[locus]
pub struct NoImpl {}

#[locus(main)]
pub struct Generic<T> {
    part: T,
}

#[locus(main)]
pub struct Nameless(Room);

#[locus(main)]
#[topic]
pub struct Message {
    #[place(pinned)]
    #[place(pool = "io")]
    twice: Room,
}

#[locus(main)]
pub struct Parts {
    plain: u32,
    declared: NoImpl,
    room: Room,
}

fn main() {}
