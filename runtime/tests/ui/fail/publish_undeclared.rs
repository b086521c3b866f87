//! A locus publishes what its struct declares, from methods and from free functions.
#![allow(dead_code, unused_variables, reason = "not what is tested")]
use locus::prelude::*;

#[topic]
#[derive(Clone)]
pub struct Relayed;

#[topic]
#[derive(Clone)]
pub struct Closed;

pub struct Note<'a>(pub &'a str);

#[locus(publishes(Relayed))]
pub struct Room {}

#[locus]
impl Room {
    fn one(&mut self, cx: &mut Cx<'_, Self>) {
        cx.publish(Relayed);
        cx.publish(Closed);
    }

    fn through_a_function(&mut self, cx: &mut Cx<'_, Self>) {
        announce(cx);
    }

    fn borrowed(&mut self, cx: &mut Cx<'_, Self>) {
        let text = String::new();
        cx.publish(Note(&text));
    }
}

#[locus]
pub struct Silent {}

#[locus]
impl Silent {
    fn nothing_declared(&mut self, cx: &mut Cx<'_, Self>) {
        cx.publish(Closed);
    }
}

fn announce(cx: &mut impl Publish<Closed>) {
    cx.publish(Closed);
}

fn main() {}
