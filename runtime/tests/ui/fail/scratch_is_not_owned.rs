//! Where an owned value is wanted, the compiler says how to make one of a scratch value.
#![allow(dead_code, unused_variables, reason = "not what is tested")]
use locus::prelude::*;

#[topic]
#[derive(Clone)]
pub struct Relayed {
    pub line: String,
}

#[locus(publishes(Relayed))]
pub struct Room {
    names: Vec<String>,
}

#[locus]
impl Room {
    fn kept(&mut self, cx: &mut Cx<'_, Self>) {
        let line = scratch_format!(cx, "line");
        self.keep(line);
    }

    fn keep(&mut self, name: String) {
        self.names.push(name);
    }

    fn published(&mut self, cx: &mut Cx<'_, Self>) {
        let line = scratch_format!(cx, "line");
        cx.publish(Relayed { line });
    }
}

fn main() {}
