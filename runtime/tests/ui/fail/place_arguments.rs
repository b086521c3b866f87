//! Every way to write the arguments of `#[place]` wrongly.
#![allow(dead_code, unused_variables, reason = "not what is tested")]
use locus::prelude::*;

#[locus]
pub struct Room {}

#[locus]
impl Room {}

#[locus(main)]
pub struct Chat {
    #[place]
    a: Room,
    #[place(pool = io)]
    b: Room,
    #[place(pool = "")]
    c: Room,
    #[place(pool = "io", pinned)]
    d: Room,
    #[place(core = 3)]
    e: Room,
    #[place(pool = "io", replicas = 2)]
    f: Room,
    #[place(pinned, core = 3, cores = 4..8)]
    g: Room,
    #[place(pinned, core = 3, replicas = 2)]
    h: Room,
    #[place(pinned, cores = 8..4)]
    i: Room,
    #[place(pinned, cores = 4)]
    j: Room,
    #[place(pinned, replicas = 0)]
    k: Room,
    #[place(pinned, replicas = COUNT)]
    l: Room,
}

fn main() {}
