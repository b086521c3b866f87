//! `#[on(batch)]`: one activation for all messages that wait.
//!
//! The messages wait in a ring of the subscription's own, like those of [`super::ring`]; its token lends them to the
//! handler together, moved into a second buffer that is kept: a batch costs no allocation once both have grown.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use super::super::cursor::Taken;
use super::super::topic::{OnFull, Packet};
use super::ring::{Ring, TokenRing, tell_missed};
use super::{Origin, Subscriber, after};
use crate::locus::cell::{LocusCell, State};
use crate::locus::describe::{BatchHandler, Locus};
use crate::pool::core::Core;

/// The messages of one activation of an `#[on(batch)]` handler, oldest first.
///
/// It yields them by value; what is not taken is dropped with it. A message's room is given back when it is taken.
// Without a bound on `T`, so that what is no topic is one error, not one at each mention.
pub struct Batch<'b, T> {
    waiting: &'b mut VecDeque<(T, u32)>,
    core: &'b Core,
}

impl<T> Batch<'_, T> {
    /// Whether all of them have been taken.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Looks at those not yet taken, oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &T> + ExactSizeIterator {
        self.waiting.iter().map(|(message, _)| message)
    }
}

impl<T> Iterator for Batch<'_, T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        let (message, ticket) = self.waiting.pop_front()?;
        self.core.release_ticket(ticket);
        Some(message)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.waiting.len(), Some(self.waiting.len()))
    }
}

impl<T> ExactSizeIterator for Batch<'_, T> {}

impl<T> fmt::Debug for Batch<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batch").field("len", &self.len()).finish()
    }
}

impl<T> Drop for Batch<'_, T> {
    fn drop(&mut self) {
        // Credits first: a destructor of the user's may panic.
        self.waiting.iter().for_each(|(_, ticket)| self.core.release_ticket(*ticket));
        self.waiting.clear();
    }
}

/// What a question's promise is not: a batch cannot be answered.
#[diagnostic::on_unimplemented(
    message = "a topic with `reply = ..` cannot be taken in batches",
    label = "its messages are questions",
    note = "each question has an answer of its own: take them one by one, with `#[on]`"
)]
pub trait Unasked {}

impl Unasked for () {}

/// The `N`-th batch handler of a locus.
pub(crate) struct Batched<L: Locus + BatchHandler<N>, const N: usize> {
    cell: Rc<LocusCell<L>>,
    ring: Ring<L::Topic>,
    token: Cell<u32>,
    /// The longest batch.
    most: usize,
    /// The buffer in which batches are lent.
    lent: RefCell<VecDeque<(L::Topic, u32)>>,
}

impl<L: Locus + BatchHandler<N>, const N: usize> Batched<L, N> {
    /// The ring of a cell's handler, made at its first birth, as [`super::ring::Ringed::of`].
    pub(crate) fn of(cell: &Rc<LocusCell<L>>, core: &Core, bound: usize, on_full: OnFull) -> Rc<Self> {
        let known =
            cell.head.rare().rings.borrow().iter().find_map(|ring| Rc::clone(ring).downcast::<Self>().ok());
        known.unwrap_or_else(|| {
            let ring = Ring::new(&cell.head.path(), bound, on_full);
            let cell_of_ring = Rc::clone(cell);
            let lent = RefCell::default();
            let me = Rc::new(Self { cell: cell_of_ring, ring, token: Cell::new(0), most: bound, lent });
            me.token.set(core.add_token(&cell.head, Rc::clone(&me) as Rc<dyn TokenRing>));
            cell.head.rare().rings.borrow_mut().push(Rc::clone(&me) as Rc<dyn Any>);
            me
        })
    }

    /// Calls the handler for what waits now.
    fn lend(&self, core: &Core) {
        let mut batch = self.lent.take();
        self.ring.take_batch(&mut batch, self.most);
        let head = &self.cell.head;
        head.handled.set(head.handled.get() + batch.len() as u64);
        let result = catch_unwind(AssertUnwindSafe(|| {
            let lent = Batch { waiting: &mut batch, core };
            self.cell.activate(core, |me, cx| L::handle(me, lent, cx))
        }));
        after::<L>(core, &self.cell, <L as BatchHandler<N>>::OPTIONS.method, result);
        self.ring.note_lent(batch.capacity());
        self.lent.replace(batch);
    }
}

impl<L: Locus + BatchHandler<N>, const N: usize> TokenRing for Batched<L, N> {
    fn is_idle(&self) -> bool {
        self.ring.is_empty()
    }

    fn holds(&self, show: &mut dyn FnMut(u16, u32)) {
        self.ring.holds(show);
    }

    fn drain(&self, core: &Core) {
        let head = &self.cell.head;
        if head.state.get() == State::Ready {
            let options = <L as BatchHandler<N>>::OPTIONS;
            tell_missed(core, &self.cell, &self.ring, options, |me, n, cx| L::missed(me, n, cx));
        }
        if head.state.get() == State::Ready {
            self.lend(core);
        }
        self.ring.wait_on(core, head, self.token.get());
    }
}

impl<L: Locus + BatchHandler<N>, const N: usize> Subscriber<L::Topic> for Batched<L, N> {
    fn holder(&self) -> Option<u32> {
        self.ring.is_blocking().then_some(self.cell.head.id.index)
    }

    fn deliver(&self, core: &Core, packet: &mut Taken<Packet<L::Topic>>, origin: &mut Origin, last: bool) {
        if self.cell.head.state.get() == State::Closed {
            return core.closed::<L::Topic>(packet);
        }
        if self.ring.push(core, packet, origin, last) {
            core.queue.push_token(self.token.get());
        }
    }
}
