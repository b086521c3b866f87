//! Only topics are handled.
#![allow(dead_code, unused_variables, reason = "not what is tested")]
use locus::prelude::*;

pub struct NotATopic;

#[locus]
pub struct Room {}

#[locus]
impl Room {
    #[on]
    fn handles(&mut self, message: &NotATopic) {}
}

fn main() {}
