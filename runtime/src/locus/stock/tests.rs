//! Memory of cells that is used again, by itself.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use super::Stock;
use crate::locus::any_cell::AnyCell;
use crate::locus::cell::{CellId, LocusCell, Seat, State};
use crate::locus::children::ChildKind;
use crate::locus::describe::{Birth, Declared, Describe, Hooks, Locus, LocusOptions};
use crate::locus::family::{ChildType, Family, Stand, Tally};
use crate::locus::stock::AnyStock;

/// Tells when it is dropped.
struct Fly {
    number: u64,
    dropped: Rc<Cell<u64>>,
}

impl Drop for Fly {
    fn drop(&mut self) {
        self.dropped.set(self.dropped.get() + self.number);
    }
}

impl Declared for Fly {
    const NAME: &'static str = "Fly";
    const OPTIONS: LocusOptions =
        LocusOptions { restarts: 0, within: Duration::from_secs(1), ..LocusOptions::DEFAULT };
    fn declare(_: &mut Describe<Self>) {}
}

impl Locus for Fly {
    const HOOKS: Hooks<Self> =
        Hooks { birth: Birth::None, run: None, drain: None, dissolve: None, on_failure: None };
    fn describe(_: &mut Describe<Self>) {}
}

/// A parent, and what its children share.
struct Swarm {
    parent: Rc<LocusCell<Fly>>,
    stock: Rc<Stock<Fly>>,
    family: Rc<Family>,
    dropped: Rc<Cell<u64>>,
}

impl Swarm {
    fn new() -> Self {
        let stand = Stand { part: 0, replica: 0, replicas: 1 };
        let seat = Seat { id: CellId { index: 0, generation: 0 }, stand, path: Arc::from("swarm") };
        let parent = LocusCell::part(seat, Rc::new(|| Err("never built".into())), Describe::of());
        let child = ChildType {
            type_id: std::any::TypeId::of::<Fly>(),
            name: Fly::NAME,
            kind: ChildKind::Flow,
            cell_bytes: size_of::<LocusCell<Fly>>(),
            options: Fly::OPTIONS,
            accept: None,
            release: None,
        };
        let stock = Rc::new(Stock::<Fly>::new(Describe::of()));
        let tally = Rc::new(Tally::new(Arc::from("swarm/Fly"), child.cell_bytes));
        let has = (stock.describe.traits(), Rc::clone(&stock) as Rc<dyn std::any::Any>);
        let family = Rc::new(Family::of_children(Arc::from("swarm"), stand, child, has, tally));
        Self { parent, stock, family, dropped: Rc::default() }
    }

    fn child(&self, number: u64) -> Rc<LocusCell<Fly>> {
        let id = CellId { index: 1, generation: 0 };
        let fly = Fly { number, dropped: Rc::clone(&self.dropped) };
        LocusCell::child(id, &self.parent.head, Rc::clone(&self.family), Some(fly))
    }

    fn spares(&self) -> usize {
        self.stock.spares.borrow().len()
    }
}

/// Ends a child, as its pool does.
fn end(child: Rc<LocusCell<Fly>>) {
    child.head.state.set(State::Closed);
    AnyCell::bury(&*child);
    AnyCell::give_back(child);
}

#[test]
fn a_child_lies_where_one_has_ended() {
    let swarm = Swarm::new();
    let first = swarm.child(1);
    let place = Rc::as_ptr(&first);
    assert!(first.me().is_some_and(|me| Rc::ptr_eq(&me, &first)));
    end(first);
    assert_eq!((swarm.dropped.get(), swarm.spares()), (1, 1));
    let second = swarm.child(10);
    assert_eq!((Rc::as_ptr(&second), swarm.spares()), (place, 0));
    assert!(second.me().is_some_and(|me| Rc::ptr_eq(&me, &second)), "a new cell in an old place knows it");
    assert_eq!(second.peek(|fly| fly.number), 10);
    drop(second);
    assert_eq!((swarm.dropped.get(), swarm.spares()), (11, 0), "dropped once, and not kept unasked");
}

#[test]
fn a_cell_that_somebody_holds_or_that_has_more_to_it_is_not_used_again() {
    let swarm = Swarm::new();
    let (held, rare) = (swarm.child(1), swarm.child(10));
    let holder = Rc::clone(&held);
    end(held);
    rare.head.rare();
    end(rare);
    assert_eq!((swarm.dropped.get(), swarm.spares()), (11, 0));
    assert_eq!(&*holder.head.path(), "swarm/Fly#1", "who holds the cell of an ended child may look at it");
    assert!(!Rc::ptr_eq(&holder, &swarm.child(100)));
}

#[test]
fn what_is_kept_has_a_limit_and_goes_when_nobody_needs_it() {
    let swarm = Swarm::new();
    let fit = Stock::<Fly>::SPARES_MAX;
    let all: Vec<_> = (0..fit + 10).map(|_| swarm.child(1)).collect();
    all.into_iter().for_each(end);
    assert_eq!(swarm.spares(), fit);
    let look = || swarm.stock.look("pool");
    look();
    assert_eq!(swarm.spares(), fit, "they were live since the last look");
    let needed: Vec<_> = (0..fit / 2).map(|_| swarm.child(1)).collect();
    needed.into_iter().for_each(end);
    look();
    let kept = fit - (fit - fit / 2).div_ceil(2);
    assert_eq!(swarm.spares(), kept, "half of what lay there all the time goes");
    (0..usize::BITS).for_each(|_| look());
    assert_eq!(swarm.spares(), 0);
}
