//! Stands for the world outside: a new device every tick, and one that leaves.

use locus::prelude::*;

use crate::topics::{Departed, Kind, Reading};

#[locus(publishes(Reading, Departed))]
pub(crate) struct Source {
    next: u64,
}

impl Source {
    pub(crate) fn new() -> Self {
        Self { next: 0 }
    }
}

#[locus]
impl Source {
    #[every("50ms")]
    fn tick(&mut self, cx: &mut Cx<'_, Self>) {
        let device = self.next;
        self.next += 1;
        let kind = if device.is_multiple_of(2) { Kind::Temperature } else { Kind::Humidity };
        cx.publish(Reading { device, kind, text: format!("{device}") });
        if let Some(gone) = device.checked_sub(100) {
            cx.publish(Departed { device: gone });
        }
    }
}
