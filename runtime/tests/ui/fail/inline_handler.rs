//! A handler that is called at the publish has no activation of its own to wait in, publish from or answer later.
#![allow(dead_code, unused_variables, reason = "not what is tested")]
use locus::prelude::*;

#[topic]
#[derive(Clone)]
pub struct Line;

#[topic(reply = u32)]
#[derive(Clone)]
pub struct Question;

#[topic(to = Silent)]
#[derive(Clone)]
pub struct Lost;

#[locus]
pub struct Silent {}

#[locus]
impl Silent {
    #[on]
    fn on_lost(&mut self, lost: &Lost) {}
}

#[locus]
pub struct Sink {}

#[locus]
impl Sink {
    #[on(inline)]
    fn with_cx(&mut self, line: &Line, cx: &mut Cx<'_, Self>) {}

    #[on(inline)]
    async fn waiting(&mut self, line: &Line) {}

    #[on(inline)]
    fn answering(&mut self, question: &Question, reply: Reply<u32>) {}

    #[on(inline)]
    fn one(&mut self, line: &Line) {}

    #[on(inline)]
    fn two(&mut self, line: &Line) {}
}

fn main() {}
