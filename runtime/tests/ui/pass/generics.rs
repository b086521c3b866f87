//! Loci with generics, bounds, defaults and where clauses; a foreign module; `cfg` on everything.
#![deny(warnings)]

use locus::prelude::*;

pub trait Store: 'static {
    const SHARDS: u32;
    fn put(&mut self, text: &str);
}

pub struct Memory(Vec<String>);

impl Store for Memory {
    const SHARDS: u32 = 2;
    fn put(&mut self, text: &str) {
        self.0.push(text.to_owned());
    }
}

pub mod messages {
    use locus::prelude::*;

    #[topic(key = name)]
    #[derive(Clone)]
    pub struct Written {
        pub name: String,
    }

    #[cfg(not(unix))]
    #[topic]
    #[derive(Clone)]
    pub struct OnlyElsewhere(Missing);
}

#[locus(publishes(messages::Written))]
pub struct Log<S = Memory, const N: usize = 4>
where
    S: Store,
{
    store: S,
    names: [String; N],
}

mod behaviour {
    use super::{Log, Store, messages::Written};
    use locus::prelude::*;

    #[locus]
    impl<S, const N: usize> Log<S, N>
    where
        S: Store,
    {
        #[on(key = self.names[0], bounded = S::SHARDS)]
        fn on_written(&mut self, written: &Written, cx: &mut Cx<'_, Self>) {
            self.store.put(&written.name);
            announce(cx, &written.name);
        }

        #[cfg(not(unix))]
        #[on]
        fn elsewhere(&mut self, missing: &super::messages::OnlyElsewhere) {}

        #[cfg(unix)]
        fn drain(&mut self) {}

        #[cfg(not(unix))]
        fn drain(&mut self) {
            missing();
        }

        #[cfg(not(unix))]
        fn dissolve(&mut self) {
            missing();
        }

        #[cfg(not(unix))]
        #[every("1s")]
        fn tick(&mut self) {
            missing();
        }
    }

    fn announce(cx: &mut impl Publish<Written>, name: &str) {
        cx.publish(Written { name: name.to_owned() });
    }
}

#[locus(main)]
pub struct App {
    log: Log,
    #[cfg(not(unix))]
    missing: Missing,
}

fn main() {
    let _ = App { log: Log { store: Memory(Vec::new()), names: Default::default() } };
}
