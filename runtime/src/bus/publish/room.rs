//! Waiting for room: `cx.publish_wait(message).await`.
//!
//! The futures that wait are listed with the pool's core. Each turn wakes those whose topic has room now, in the order in
//! which they came; one that finds the room taken again waits anew.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use crate::bus::topic::{OnFull, Packet, Topic};
use crate::pool::core::Core;
use crate::pool::core::on_pool::OnPool;

/// Futures of one pool that wait for room. Bounded by the handlers that wait: each waits in one place.
#[derive(Default)]
pub(crate) struct RoomWaiters {
    list: Vec<Waiter>,
    next_id: u64,
}

struct Waiter {
    id: u64,
    has_room: fn(&Core) -> bool,
    waker: Waker,
}

impl RoomWaiters {
    pub(crate) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Wakes those that would find room, and forgets them.
    pub(crate) fn wake(&mut self, core: &Core) {
        self.list.retain(|waiter| {
            let has_room = (waiter.has_room)(core);
            if has_room {
                waiter.waker.wake_by_ref();
            }
            !has_room
        });
    }

    /// Lists a future, or the same one again with another waker.
    fn enter(&mut self, known: Option<u64>, has_room: fn(&Core) -> bool, waker: &Waker) -> u64 {
        if let Some(waiter) = self.list.iter_mut().find(|waiter| Some(waiter.id) == known) {
            waiter.waker.clone_from(waker);
            return waiter.id;
        }
        self.next_id += 1;
        self.list.push(Waiter { id: self.next_id, has_room, waker: waker.clone() });
        self.next_id
    }

    fn leave(&mut self, id: u64) {
        self.list.retain(|waiter| waiter.id != id);
    }
}

/// The future of [`Cx::publish_wait`](crate::Cx::publish_wait).
#[must_use = "nothing is published until it is awaited"]
pub struct PublishWait<'c, T: Topic> {
    core: OnPool<'c, Core>,
    message: Option<T>,
    waiting: Option<u64>,
}

impl<'c, T: Topic> PublishWait<'c, T> {
    pub(crate) fn new(core: OnPool<'c, Core>, message: T) -> Self {
        Self { core, message: Some(message), waiting: None }
    }
}

impl<T: Topic> fmt::Debug for PublishWait<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PublishWait").field("subject", &T::SPEC.subject).finish_non_exhaustive()
    }
}

impl<T: Topic> Unpin for PublishWait<'_, T> {}

impl<T: Topic> Future for PublishWait<'_, T> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let core = self.core.get();
        if !has_room::<T>(core) {
            let known = self.waiting;
            let id = core.room_waiters.borrow_mut().enter(known, has_room::<T>, context.waker());
            self.waiting = Some(id);
            return Poll::Pending;
        }
        let message = self.message.take().expect("a future is not polled after its end");
        // Room was there a moment ago and only this thread takes it.
        let is_sent = core.publish(Packet::plain(message)).is_ok();
        debug_assert!(is_sent, "room was there a moment ago");
        Poll::Ready(())
    }
}

impl<T: Topic> Drop for PublishWait<'_, T> {
    fn drop(&mut self) {
        if let Some(id) = self.waiting {
            self.core.room_waiters.borrow_mut().leave(id);
        }
    }
}

/// Whether a message need not wait for room. Before the start is over every message waits with its publisher.
fn has_room<T: Topic>(core: &Core) -> bool {
    core.is_holding()
        || T::SPEC.on_full == OnFull::DropNew
        || (!core.is_detoured() && core.route::<T>().has_room(core))
}
