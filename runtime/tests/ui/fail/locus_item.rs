//! What cannot be a locus.
#![allow(dead_code, unused_variables, reason = "not what is tested")]
use locus::prelude::*;

#[locus]
pub struct Borrowed<'a>(pub &'a str);

#[locus]
impl<'a> Borrowed<'a> {
    #[every("1s")]
    fn tick(&mut self, cx: &mut Cx<'_, Self>) {}
}

#[locus]
pub enum Choice {
    One,
}

#[locus]
pub struct Room {
    #[place(pinned)]
    part: u8,
}

#[locus(publishes(Posted))]
impl Room {}

pub struct Other;

#[locus]
impl Clone for Other {
    fn clone(&self) -> Self {
        Other
    }
}

fn main() {}
