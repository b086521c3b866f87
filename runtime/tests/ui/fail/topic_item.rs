//! What cannot be a topic.
#![allow(dead_code, unused_variables, reason = "not what is tested")]
use locus::prelude::*;

#[topic]
#[derive(Clone)]
pub struct Borrowed<'a>(pub &'a str);

#[topic]
#[derive(Clone)]
pub struct Generic<T>(pub T);

#[topic(key = room)]
#[derive(Clone)]
pub enum Choice {
    One,
}

#[topic(key = room)]
#[derive(Clone)]
pub struct Empty;

#[topic]
pub fn function() {}

#[topic]
pub struct NotClone;

#[topic]
#[derive(Clone)]
pub struct NotSend(pub std::rc::Rc<u8>);

#[topic(key = rate)]
#[derive(Clone)]
pub struct NotHash {
    pub rate: f64,
}

fn main() {}
