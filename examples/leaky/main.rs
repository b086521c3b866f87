//! A small telemetry service with planted leaks, each beside a twin that does the same work and keeps flat.
//!
//! `checker` reports every line marked with `//~` and no other. Fields and functions that leak say how in
//! their first words; the twin stands right below. It runs, and grows: a few kilobytes and descriptors a
//! second. One idea per file: `registry` keys that stay, `journal` text and lists, `fanout` tasks and
//! subscribers, `tap` a loop of its own, `gate` descriptors and processes, `archive` a helper crate.

use locus::prelude::*;

mod archive;
mod fanout;
mod gate;
mod journal;
mod registry;
mod source;
mod tap;
mod topics;

#[locus(main)]
struct Leaky {
    source: source::Source,
    #[place(pool = "state")]
    registry: registry::Registry,
    #[place(pool = "state")]
    journal: journal::Journal,
    #[place(pool = "state")]
    archive: archive::Archive,
    #[place(pool = "io")]
    fanout: fanout::Fanout,
    #[place(pool = "io")]
    tap: tap::Tap,
    #[place(pinned)]
    gate: gate::Gate,
}

impl Leaky {
    fn new() -> Self {
        Self {
            source: source::Source::new(),
            registry: registry::Registry::new(),
            journal: journal::Journal::new(),
            archive: archive::Archive::new(),
            fanout: fanout::Fanout::new(),
            tap: tap::Tap,
            gate: gate::Gate::new(),
        }
    }
}

fn main() -> locus::Exit {
    locus::run(Leaky::new)
}
