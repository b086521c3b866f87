//! A misspelt key: which one was meant, or which there are.
#![allow(dead_code, unused_variables, reason = "not what is tested")]
use locus::prelude::*;

#[topic(bouded = 64)]
#[derive(Clone)]
pub struct Posted;

#[locus(scratch_byte_max = "1MiB")]
pub struct Room {}

#[locus]
impl Room {
    #[on(on_ful = drop_old)]
    fn on_post(&mut self, post: &Posted) {}

    #[every("1s", lat = skip)]
    fn tick(&mut self) {}
}

#[locus(main)]
pub struct Chat {
    #[place(thread = "rooms")]
    lobby: Room,
}

fn main() {}
