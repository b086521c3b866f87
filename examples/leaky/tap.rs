//! A loop of its own: what grows is a local of `run`.

use locus::prelude::*;

use crate::topics::Reading;

/// Readings in one page.
const PAGE_READINGS: usize = 32;

#[locus(receives(Reading, bounded = 64, on_full = drop_old))]
pub(crate) struct Tap;

#[locus]
impl Tap {
    async fn run(run: Run<Self>) {
        // Leaks: lives as long as the loop.
        let mut seen: Vec<u64> = Vec::new();
        // Twin: starts anew at every page.
        let mut page: Vec<u64> = Vec::new();
        while let Some(reading) = run.recv::<Reading>().await {
            seen.push(reading.device); //~ unbounded-growth
            page.push(reading.device);
            if page.len() == PAGE_READINGS {
                page.clear();
            }
        }
    }
}
