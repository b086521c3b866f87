//! Every way to write the arguments of `#[locus]` wrongly.
#![allow(dead_code, unused_variables, reason = "not what is tested")]
use locus::prelude::*;

#[topic]
#[derive(Clone)]
pub struct Posted;

macro_rules! locus_with {
    ($name:ident $($args:tt)*) => {
        #[locus($($args)*)]
        pub struct $name {}
    };
}

locus_with!(A publishes);
locus_with!(B publishes("posted"));
locus_with!(C scratch_bytes_max = "16MB");
locus_with!(D scratch_bytes_max = 1.5);
locus_with!(E within = 5);
locus_with!(F restarts = LIMIT);
locus_with!(G strategy = one_for_nobody);
locus_with!(H panics = abort);
locus_with!(I children(Conn = flow));
locus_with!(J children(Conn, max = 3));
locus_with!(K children(Conn = flow, Room = resident, max = 3));
locus_with!(L main, publishes(Posted));
locus_with!(M main = true);
locus_with!(N publishes(Posted, Posted));
locus_with!(O receives(Posted), receives(Posted));
locus_with!(P main, restarts = 3);

fn main() {}
