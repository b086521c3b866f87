//! Only what `children(..)` names can be spawned.
#![allow(dead_code, unused_variables, reason = "not what is tested")]
use locus::prelude::*;

#[topic]
#[derive(Clone)]
pub struct Go;

#[locus]
pub struct Conn {}

#[locus]
impl Conn {}

#[locus]
pub struct Room {}

#[locus]
impl Room {}

#[locus(children(Conn = flow, max = 4))]
pub struct Server {}

#[locus]
impl Server {
    #[on]
    fn on_go(&mut self, go: &Go, cx: &mut Cx<'_, Self>) {
        let _ = cx.spawn(Room {});
    }
}

#[locus]
pub struct Childless {}

#[locus]
impl Childless {
    #[on]
    fn on_go(&mut self, go: &Go, cx: &mut Cx<'_, Self>) {
        let _ = cx.spawn(Conn {});
    }
}

#[locus(children(NoLocus = flow, max = 4))]
pub struct Wrong {}

#[locus]
impl Wrong {}

pub struct NoLocus;

#[locus(children(Conn = flow, max = 4))]
pub struct Strict {}

#[locus]
impl Strict {
    fn accept(&mut self, conn: &Conn) -> bool {
        true
    }
}

fn main() {}
