//! The parts are moved out of main, so it cannot have a destructor.
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

impl Drop for Chat {
    fn drop(&mut self) {}
}

fn main() {}
