//! Hooks and timers that do not look as the runtime calls them.
#![allow(dead_code, unused_variables, reason = "not what is tested")]
use locus::prelude::*;

macro_rules! locus_with {
    ($name:ident $($body:tt)*) => {
        #[locus]
        pub struct $name {}
        #[locus]
        impl $name { $($body)* }
    };
}

locus_with!(A fn birth(&self) {});
locus_with!(B fn birth(&mut self, path: &str) {});
locus_with!(C fn birth() -> Self { Self {} });
locus_with!(D fn run(run: Run<Self>) {});
locus_with!(E async fn run(&mut self) {});
locus_with!(F async fn run() {});
locus_with!(G async fn run(run: Run<Self>, more: usize) {});
locus_with!(H async fn drain(&mut self) {});
locus_with!(I fn drain(&mut self, cx: &Cx<'_, Self>) {});
locus_with!(J async fn dissolve(&mut self) {});
locus_with!(K fn dissolve(self) {});
locus_with!(L #[every("1s")] fn tick(&self) {});
locus_with!(M #[every("1s")] fn tick(&mut self, late: u64) {});
locus_with!(N unsafe fn drain(&mut self) {});

fn main() {}
