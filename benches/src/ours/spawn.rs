//! Children that live for one turn: 64 are spawned in an activation and ended in the next.

use std::cell::RefCell;
use std::rc::Rc;

use locus::ChildId;
use locus::prelude::*;

use super::measure;
use super::stream::Turn;
use crate::harness::{Mayfly, Measured, Meter, SINK_CORE, Source, Work, pin, reporting};

#[locus]
struct Child {
    life: Mayfly,
}

#[locus]
impl Child {
    fn birth(&mut self, _: &mut Cx<'_, Self>) {
        self.life.born();
    }
}

// Room for those of two turns: the ones that end and the ones that come.
#[locus(children(Child = flow, max = 128), publishes(Turn))]
struct Parent {
    source: Source,
    meter: Rc<RefCell<Meter>>,
    alive: Vec<ChildId>,
}

#[locus]
impl Parent {
    fn birth(&mut self, _: &mut Cx<'_, Self>) {
        pin(SINK_CORE);
    }

    #[on]
    fn on_turn(&mut self, _: &Turn, cx: &mut Cx<'_, Self>) {
        for child in self.alive.drain(..) {
            assert!(cx.terminate_child(child), "a child lives until it is ended");
        }
        for sequence in self.source.turn() {
            let child = Child { life: Mayfly::new(sequence, &self.meter) };
            self.alive.push(cx.spawn(child).expect("there is room for two turns"));
        }
        if !self.alive.is_empty() {
            cx.publish(Turn);
        }
    }
}

#[locus(main)]
struct Nursery {
    #[place(pool = "bench")]
    parent: Parent,
}

/// Runs the shape once.
pub(crate) fn run(work: Work) -> Measured {
    let (reporter, report) = reporting(work, 1);
    let make = move || Nursery {
        parent: Parent {
            source: Source::new(work),
            meter: Rc::new(RefCell::new(reporter.meter())),
            alive: Vec::new(),
        },
    };
    measure(make, Turn, || report.wait())
}
