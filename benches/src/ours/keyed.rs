//! A million loci of one pool, each subscribed to a key of its own.

use std::cell::RefCell;
use std::rc::Rc;

use locus::prelude::*;

use super::measure;
use super::stream::{Feeder, Turn};
use crate::harness::{Addressed, KEYS, Measured, Meter, Reporter, SINK_CORE, Work, key_of, reporting};

/// Rooms that are built in one activation.
const ROOMS_PER_ACTIVATION: u64 = 1000;
const ROOMS_MAX: u32 = KEYS as u32;

/// Asks for the next rooms.
#[topic]
#[derive(Clone, Debug)]
struct Build;

#[locus]
struct Room {
    key: u64,
    taken: u64,
    meter: Rc<RefCell<Meter>>,
}

#[locus]
impl Room {
    #[on(key = self.key)]
    fn on_message(&mut self, message: &Addressed, _: &mut Cx<'_, Self>) {
        self.taken += 1;
        self.meter.borrow_mut().take(message);
    }
}

#[locus(children(Room = resident, max = ROOMS_MAX), publishes(Build, Turn))]
struct House {
    meter: Rc<RefCell<Meter>>,
    built: u64,
}

#[locus]
impl House {
    #[locus::allow(unbounded_growth, reason = "asks for no more than `KEYS` of them")]
    #[on]
    fn on_build(&mut self, _: &Build, cx: &mut Cx<'_, Self>) {
        for index in self.built..self.built + ROOMS_PER_ACTIVATION {
            let room = Room { key: key_of(index), taken: 0, meter: Rc::clone(&self.meter) };
            cx.spawn(room).expect("there are no more rooms than `children(..)` allows");
        }
        self.built += ROOMS_PER_ACTIVATION;
        if self.built < KEYS {
            cx.publish(Build);
        } else {
            cx.publish(Turn);
        }
    }
}

#[locus(main)]
struct Keyed {
    #[place(pool = "bench")]
    feeder: Feeder<Addressed>,
    #[place(pool = "bench")]
    house: House,
}

/// Runs the shape once.
pub(crate) fn run(work: Work) -> Measured {
    let (reporter, report) = reporting(work, 1);
    let make = move || Keyed { feeder: Feeder::new(work, SINK_CORE), house: house(&reporter) };
    measure(make, Build, || report.wait())
}

fn house(reporter: &Reporter) -> House {
    House { meter: Rc::new(RefCell::new(reporter.meter())), built: 0 }
}
