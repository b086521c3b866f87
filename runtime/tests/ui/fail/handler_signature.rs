//! A handler that does not look as the runtime calls it: one error each, at the token to change.
#![allow(dead_code, unused_variables, reason = "not what is tested")]
use locus::prelude::*;

#[topic]
#[derive(Clone)]
pub struct Posted;

#[locus]
pub struct Room {}

#[locus]
impl Room {
    #[on]
    fn no_receiver(post: &Posted) {}

    #[on]
    fn shared_receiver(&self, post: &Posted) {}

    #[on]
    fn owned_receiver(self, post: &Posted) {}

    #[on]
    fn no_message(&mut self) {}

    #[on]
    fn owned_message(&mut self, post: Posted) {}

    #[on]
    fn mutable_message(&mut self, post: &mut Posted) {}

    #[on]
    fn borrowed_topic(&mut self, post: &std::borrow::Cow<'_, str>) {}

    #[on]
    fn cx_first(&mut self, cx: &mut Cx<'_, Self>, post: &Posted) {}

    #[on]
    fn shared_cx(&mut self, post: &Posted, cx: &Cx<'_, Self>) {}

    #[on]
    fn owned_cx(&mut self, post: &Posted, cx: Cx<'_, Self>) {}

    #[on]
    fn too_much(&mut self, post: &Posted, cx: &mut Cx<'_, Self>, more: usize) {}

    #[on]
    fn generic<T>(&mut self, post: &Posted) {}

    #[on]
    unsafe fn risky(&mut self, post: &Posted) {}

    #[on]
    #[every("1s")]
    fn two_reasons(&mut self, post: &Posted) {}
}

fn main() {}
