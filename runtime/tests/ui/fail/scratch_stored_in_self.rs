//! What lives in scratch cannot be kept in the locus, in a static, or in a field by way of a method.
#![allow(dead_code, unused_variables, reason = "not what is tested")]
use locus::prelude::*;
use std::cell::RefCell;
use std::sync::Mutex;

#[topic]
#[derive(Clone)]
pub struct Posted(pub String);

static LAST: Mutex<&str> = Mutex::new("");

thread_local! {
    static HERE: RefCell<Vec<&'static str>> = const { RefCell::new(Vec::new()) };
}

#[locus]
pub struct Room {
    last: &'static str,
    refs: Vec<&'static str>,
}

#[locus]
impl Room {
    #[on]
    fn assigned(&mut self, post: &Posted, cx: &mut Cx<'_, Self>) {
        let line = scratch_format!(cx, "{}", post.0);
        self.last = line;
    }

    #[on]
    fn pushed(&mut self, post: &Posted, cx: &mut Cx<'_, Self>) {
        let line = scratch_format!(cx, "{}", post.0);
        self.refs.push(line);
    }

    #[on]
    fn into_static(&mut self, post: &Posted, cx: &mut Cx<'_, Self>) {
        *LAST.lock().unwrap() = scratch_format!(cx, "{}", post.0);
    }

    #[on]
    fn into_thread_local(&mut self, post: &Posted, cx: &mut Cx<'_, Self>) {
        let line = scratch_format!(cx, "{}", post.0);
        HERE.with(|here| here.borrow_mut().push(line));
    }

    #[every("1s")]
    fn from_a_timer(&mut self, cx: &mut Cx<Self>) {
        self.last = scratch_format!(cx, "tick");
    }

    fn from_a_method(&mut self, cx: &mut Cx<'_, Self>) {
        self.last = scratch_format!(cx, "method");
    }
}

fn main() {}
