//! A locus whose fields are types of another crate.

use locus::prelude::*;
use locus_example_parts::{Index, Window};

use crate::topics::Reading;

#[locus]
pub(crate) struct Archive {
    /// Leaks: see `Index::record`.
    index: Index,
    /// Twin: `Window::record` makes room first.
    window: Window,
}

impl Archive {
    pub(crate) fn new() -> Self {
        Self { index: Index::default(), window: Window::default() }
    }
}

#[locus]
impl Archive {
    #[on]
    fn on_reading(&mut self, reading: &Reading, _cx: &mut Cx<'_, Self>) {
        self.index.record(reading.device, &reading.text);
        self.window.record(reading.device, &reading.text);
    }
}
