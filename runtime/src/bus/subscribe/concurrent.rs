//! Handlers that run beside each other: what `#[on(concurrent = N)]` makes.
//!
//! The ring holds the messages for which there is no call left, under their credits; when a call is over, the oldest of
//! them gets it. The locus itself is not busy meanwhile: a call reaches its state through `run.with`.

use std::any::Any;
use std::cell::Cell;
use std::rc::{Rc, Weak};

use super::super::cursor::Taken;
use super::super::topic::{OnFull, Packet};
use super::ring::{Ring, tell_missed};
use super::{Origin, Subscriber};
use crate::locus::cell::{LocusCell, State};
use crate::locus::describe::{Handler, Locus};
use crate::pool::core::Core;
use crate::pool::slot::Running;

/// A handler as the pool sees it, whatever its topic.
pub(crate) trait GoesOn {
    /// Starts calls for what waits, as far as there may be more of them; drops what waits once the locus has ended.
    fn go_on(&self, core: &Core);
    /// Shows topic and ticket of each message that waits for a call.
    fn holds(&self, show: &mut dyn FnMut(u16, u32));
}

/// The `N`-th handler of a locus, called beside others.
pub(crate) struct Concurrent<L: Locus + Handler<N>, const N: usize> {
    cell: Rc<LocusCell<L>>,
    ring: Ring<L::Topic>,
    running: Rc<Cell<u32>>,
    me: Weak<Self>,
}

impl<L: Locus + Handler<N>, const N: usize> Concurrent<L, N> {
    /// The ring of a cell's handler, made at its first birth. A restart keeps what waits in it, and goes on with that.
    pub(crate) fn of(cell: &Rc<LocusCell<L>>, bound: usize, on_full: OnFull) -> Rc<Self> {
        let rare = cell.head.rare();
        let known = rare.rings.borrow().iter().find_map(|ring| Rc::clone(ring).downcast::<Self>().ok());
        known.unwrap_or_else(|| {
            let ring = Ring::new(&cell.head.path(), bound, on_full);
            let cell = Rc::clone(cell);
            let me = Rc::new_cyclic(|me| Self { cell, ring, running: Rc::default(), me: Weak::clone(me) });
            rare.concurrent.borrow_mut().push(Rc::clone(&me) as Rc<dyn GoesOn>);
            rare.rings.borrow_mut().push(Rc::clone(&me) as Rc<dyn Any>);
            me
        })
    }
}

impl<L: Locus + Handler<N>, const N: usize> GoesOn for Concurrent<L, N> {
    fn go_on(&self, core: &Core) {
        let Some(calls) = L::CALLS else { return };
        let head = &self.cell.head;
        while self.running.get() < calls.max {
            match head.state.get() {
                State::Ready => {
                    let options = <L as Handler<N>>::OPTIONS;
                    tell_missed(core, &self.cell, &self.ring, options, |me, n, cx| L::missed(me, n, cx));
                }
                State::Running | State::Busy | State::Blocked | State::Replaying => {}
                _ => break,
            }
            let Some(me) = self.me.upgrade() else { break };
            let Some((packet, ticket)) = self.ring.pop() else { break };
            head.handled.set(head.handled.get() + 1);
            (calls.start)(core, &self.cell, packet, Running::new(&self.running), me);
            core.release_ticket(ticket);
        }
        if head.state.get() == State::Closed {
            self.ring.close(core);
        }
    }

    fn holds(&self, show: &mut dyn FnMut(u16, u32)) {
        self.ring.holds(show);
    }
}

impl<L: Locus + Handler<N>, const N: usize> Subscriber<L::Topic> for Concurrent<L, N> {
    fn deliver(&self, core: &Core, packet: &mut Taken<Packet<L::Topic>>, origin: &mut Origin, last: bool) {
        if self.cell.head.state.get() == State::Closed {
            return core.closed::<L::Topic>(packet);
        }
        self.ring.push(core, packet, origin, last);
        self.go_on(core);
    }
}
