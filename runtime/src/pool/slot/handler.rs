//! Starts the handlers that wait.

use std::rc::Rc;

use crate::bus::topic::{Packet, Topic};
use crate::locus::cell::LocusCell;
use crate::locus::describe::{AsyncHandler, Handler, Locus};
use crate::pool::core::Core;

/// Calls the `N`-th handler of a locus that is ready. Until its future ends the locus is busy.
///
/// The message is moved out of its record, into the frame.
pub(crate) fn start_handler<L, const N: usize>(
    core: &Core,
    cell: &Rc<LocusCell<L>>,
    packet: Packet<<L as Handler<N>>::Topic>,
) where
    L: Locus + AsyncHandler<N>,
{
    let Packet { message, promise } = packet;
    core.begin_waiting(&cell.head);
    // Its credit comes back once it waits for the first time, if not before.
    core.lend_message(<L as Handler<N>>::Topic::number().get(), true, false);
    // SAFETY: `begin_waiting` made the cell busy, which it stays until the frame is dropped (`core::wait` I1); a frame
    // does not outlive its core (`core::wait` I2); `handle_async` is generic over the lifetime of what it is given, and only
    // builds a future.
    let slot = unsafe {
        core.slots.fill(core, cell, message, move |me, message, cx| L::handle_async(me, message, promise, cx))
    };
    core.start(&cell.head, slot, <L as Handler<N>>::OPTIONS.method, L::TIMEOUT);
}
