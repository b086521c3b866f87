//! Every way to write the arguments of `#[topic]` wrongly.
#![allow(dead_code, unused_variables, reason = "not what is tested")]
use locus::prelude::*;

macro_rules! topic_with {
    ($name:ident $($args:tt)*) => {
        #[topic($($args)*)]
        #[derive(Clone)]
        pub struct $name {
            pub room: u32,
        }
    };
}

topic_with!(A key);
topic_with!(B key = );
topic_with!(C key = "room");
topic_with!(D key = ());
topic_with!(E key = rom);
topic_with!(F key = elsewhere);
topic_with!(G bounded = 0);
topic_with!(H bounded = -1);
topic_with!(I bounded = "64");
topic_with!(J bounded = 5_000_000_000);
topic_with!(K on_full = drop_odl);
topic_with!(L on_full = 3);
topic_with!(M single = true);
topic_with!(N subject = chat);
topic_with!(O subject = "chat posted");
topic_with!(P bounded = 1, bounded = 2);
topic_with!(Q bounded = 1 single);
topic_with!(R on_slow = drop_new);
topic_with!(S per_locus = 4);
topic_with!(T reply = usize, on_full = drop_old);
topic_with!(U 64);

fn main() {}
