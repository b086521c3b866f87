//! A handler whose types do not fit: the compiler points at the user's own tokens.
#![allow(dead_code, unused_variables, reason = "not what is tested")]
use locus::prelude::*;

#[topic(key = room)]
#[derive(Clone)]
pub struct Posted {
    pub room: u32,
}

#[topic(reply = usize)]
#[derive(Clone)]
pub struct Count;

pub struct NotATopic;

#[locus]
pub struct Room {
    name: String,
}

#[locus]
impl Room {
    #[on]
    fn returns_something(&mut self, post: &Posted) -> u32 {
        post.room
    }

    #[on]
    fn answers_wrongly(&mut self, question: &Count) -> String {
        String::new()
    }

    #[on]
    fn replies_wrongly(&mut self, question: &Count, reply: Reply<String>) {}

    #[on]
    fn another_cx(&mut self, post: &Posted, cx: &mut Cx<'_, Other>) {}

    #[on(key = self.name)]
    fn wrong_key(&mut self, post: &Posted) {}

    #[on(key = self.missing)]
    fn no_such_field(&mut self, post: &Posted) {}

    #[every("1s")]
    fn tick(&mut self) -> bool {
        true
    }
}

pub struct Other;

fn main() {}
