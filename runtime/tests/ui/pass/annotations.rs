//! What the checker reads stands everywhere it may, and means nothing to the compiler.
#![deny(warnings)]

use locus::prelude::*;

#[locus::allow(unbounded_growth, reason = "a test")]
#[locus]
#[locus::hot]
pub struct Feed {
    #[locus::bounded(by = 16)]
    seen: Vec<u64>,
    #[locus::allow(unbounded-growth, resource_leak, reason = "a test")]
    other: Vec<u64>,
}

#[locus]
#[locus::deny(leaked_memory)]
impl Feed {
    #[every("1s")]
    #[locus::max_alloc(0)]
    #[locus::no_block]
    fn tick(&mut self) {
        #[cfg_attr(any(), locus::allow(unbounded_growth, reason = "a test"))]
        self.seen.push(1);
        self.other.push(2);
    }

    #[locus::hot]
    const LIMIT: usize = 16;
}

#[locus::hot]
fn free() -> usize {
    Feed::LIMIT
}

struct Plain;

impl Plain {
    #[locus::no_block]
    fn method(&self) {}
}

#[locus(main)]
struct App {
    feed: Feed,
}

fn main() {
    let _ = App { feed: Feed { seen: vec![free() as u64], other: Vec::new() } };
    Plain.method();
}
