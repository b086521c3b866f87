//! Loci and topics that a `macro_rules!` writes, with types, expressions and blocks passed through.
#![deny(warnings)]

use locus::prelude::*;

macro_rules! relay {
    ($name:ident, $message:ty, $borrowed:ty, $key:expr, $cx:ty, $body:block, $bound:literal, $error:ty) => {
        #[locus(publishes($message), receives($message), scratch_bytes_max = $bound)]
        pub struct $name {
            id: u32,
        }

        #[locus]
        impl $name {
            #[on(key = $key, bounded = 4, on_full = drop_old, missed = missed)]
            fn relay(&mut self, message: &$message, cx: $cx) {
                cx.publish(message.clone());
                self.count();
            }

            #[on]
            fn count_all(&mut self, _message: $borrowed) {
                self.count();
            }

            #[every("1s")]
            fn tick(&mut self) -> Result<(), $error> {
                Ok(())
            }

            fn missed(&mut self, _n: u64) -> Result<(), $error> {
                Ok(())
            }

            fn birth(&mut self, _cx: $cx) -> Result<(), $error> {
                Ok(())
            }

            async fn run(_run: Run<Self>) -> Result<(), $error> {
                Ok(())
            }

            fn count(&mut self) -> u32 $body
        }
    };
}

macro_rules! topic {
    ($name:ident { $key:ident: $ty:ty }) => {
        #[topic(key = $key)]
        #[derive(Clone)]
        pub struct $name {
            pub $key: $ty,
        }
    };
}

topic!(Posted { room: u32 });
relay!(Room, Posted, &Posted, 3, &mut Cx<'_, Self>, { 7 }, "1MiB", std::io::Error);

macro_rules! main {
    ($name:ident { $($part:ident: $ty:ty),* }) => {
        #[locus(main)]
        struct $name {
            $(#[place(pinned)] $part: $ty,)*
        }
    };
}

main!(Chat { room: Room });

fn main() {
    let _ = Chat { room: Room { id: 3 } }.room.id;
}
