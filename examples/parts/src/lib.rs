//! Parts that `leaky` is built from: one of them grows for ever, which shows only where it is used.

use std::collections::VecDeque;

/// Lines a [`Window`] holds.
const WINDOW_LINES_MAX: usize = 256;

/// Every line ever recorded.
#[derive(Debug, Default)]
pub struct Index {
    lines: Vec<(u64, String)>,
}

impl Index {
    /// Adds a line; nothing takes one out.
    pub fn record(&mut self, device: u64, text: &str) {
        self.lines.push((device, text.to_owned())); //~ unbounded-growth
    }
}

/// The newest lines.
#[derive(Debug, Default)]
pub struct Window {
    lines: VecDeque<(u64, String)>,
}

impl Window {
    /// Adds a line and lets the oldest go when there are too many.
    pub fn record(&mut self, device: u64, text: &str) {
        if self.lines.len() == WINDOW_LINES_MAX {
            self.lines.pop_front();
        }
        self.lines.push_back((device, text.to_owned()));
    }
}
