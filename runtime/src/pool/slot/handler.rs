//! Starts the handlers that wait.

use std::rc::Rc;

use crate::bus::topic::Packet;
use crate::locus::cell::LocusCell;
use crate::locus::describe::{AsyncHandler, Handler, Locus};
use crate::pool::core::Core;
use crate::pool::core::handled::Handled;

/// Calls the `N`-th handler of a locus that is ready. Until its future ends the locus is busy.
///
/// The message is moved out of its record, into the frame; what its end gives back comes back once the handler waits for the
/// first time, if not before.
pub(crate) fn start_handler<L, const N: usize>(
    core: &Core,
    cell: &Rc<LocusCell<L>>,
    packet: Packet<<L as Handler<N>>::Topic>,
    handled: Handled,
) where
    L: Locus + AsyncHandler<N>,
{
    let Packet { message, promise } = packet;
    core.begin_waiting(&cell.head);
    core.lend(handled);
    // SAFETY: `begin_waiting` made the cell busy, which it stays until the frame is dropped (`core::wait` I1); a frame
    // does not outlive its core (`core::wait` I2); `handle_async` is generic over the lifetime of what it is given, and only
    // builds a future.
    let slot = unsafe {
        core.slots.fill(core, cell, message, move |me, message, cx| L::handle_async(me, message, promise, cx))
    };
    core.start(&cell.head, slot, <L as Handler<N>>::OPTIONS.method, L::TIMEOUT);
}
