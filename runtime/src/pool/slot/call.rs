//! Starts the calls that run beside others of their locus.

use std::cell::Cell;
use std::rc::Rc;

use crate::bus::subscribe::concurrent::GoesOn;
use crate::bus::topic::Packet;
use crate::locus::cell::LocusCell;
use crate::locus::describe::{CallHandler, Handler, Locus};
use crate::locus::run::Run;
use crate::pool::core::Core;

/// Counts a call while it lives.
pub(crate) struct Running(Rc<Cell<u32>>);

impl Running {
    pub(crate) fn new(count: &Rc<Cell<u32>>) -> Self {
        count.set(count.get() + 1);
        Self(Rc::clone(count))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

/// What lives as long as the future of a call.
struct Kept<L: 'static> {
    _running: Running,
    _cell: Rc<LocusCell<L>>,
}

/// Calls the `N`-th handler of a locus beside whatever else it does. When the call is over, `handler` goes on.
pub(crate) fn start_call<L, const N: usize>(
    core: &Core,
    cell: &Rc<LocusCell<L>>,
    packet: Packet<<L as Handler<N>>::Topic>,
    running: Running,
    handler: Rc<dyn GoesOn>,
) where
    L: Locus + CallHandler<N>,
{
    let Packet { message, promise } = packet;
    let Some(shared) = core.shared() else { return };
    let run = Run::new(shared, Rc::clone(cell));
    let keep = |_| Kept { _running: running, _cell: Rc::clone(cell) };
    // SAFETY: `call` is generic over the lifetime of the scratch, and only builds a future.
    let slot = unsafe {
        core.slots.put(cell.head.scratch_bytes_max(), keep, move |_: *mut Kept<L>, scratch| {
            L::call(run, message, promise, scratch)
        })
    };
    core.start_call(&cell.head, slot, (<L as Handler<N>>::OPTIONS.method, L::TIMEOUT), handler);
}
