//! Something that is born and ends at once, and tells the meter when it has.

use std::cell::RefCell;
use std::rc::Rc;

use super::{Meter, Payload, Tick};

/// One short life. Counted when it is dropped, and counted wrong if it was never born.
#[derive(Debug)]
pub struct Mayfly {
    sequence: u64,
    is_born: bool,
    meter: Rc<RefCell<Meter>>,
}

impl Mayfly {
    /// The life with this number.
    #[must_use]
    pub fn new(sequence: u64, meter: &Rc<RefCell<Meter>>) -> Self {
        Self { sequence, is_born: false, meter: Rc::clone(meter) }
    }

    /// Says that the contestant has started it.
    pub fn born(&mut self) {
        self.is_born = true;
    }

    /// Its number.
    #[must_use]
    pub fn sequence(&self) -> u64 {
        self.sequence
    }
}

impl Drop for Mayfly {
    fn drop(&mut self) {
        let sequence = if self.is_born { self.sequence } else { u64::MAX };
        self.meter.borrow_mut().take_in_any_order(&Tick::numbered(sequence));
    }
}
