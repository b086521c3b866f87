//! What the grammar knows and this version does not run: one error each, at the word.
#![allow(dead_code, unused_variables, reason = "not what is tested")]
use locus::prelude::*;

#[topic(key = room)]
#[derive(Clone)]
pub struct Posted {
    pub room: u32,
}

#[topic(encode)]
#[derive(Clone)]
pub struct Encoded;

#[locus(strategy = rest_for_one)]
pub struct B {}

#[locus(memory_max = "64MiB")]
pub struct C {}

#[locus(idle = "10m")]
pub struct D {}

#[locus]
pub struct Room {}

#[locus]
impl Room {

    #[on(subjects = "log.**")]
    fn wild(&mut self, post: &Posted) {}

    #[every("1s", late = catch_up)]
    fn late(&mut self) {}

    #[every("1s")]
    async fn slow(&mut self) {}

    #[scoped]
    fn nested(&mut self, cx: &mut Cx<'_, Self>) {}

    #[get("/rooms/{name}")]
    fn room(&mut self) {}

}

#[locus(main, strategy = one_for_all)]
#[bind(Posted = nats(subject = "chat.posted"))]
pub struct Chat {
    room: Room,
}

#[locus(main, panics = abort)]
pub struct Other {}

fn main() {}
