//! Subscriptions from outside: a bounded ring that pools write and any one task reads.
//!
//! The subscription has a twin on every pool that may publish the topic; each takes what its own pool publishes. So a
//! message crosses to the reader without passing through another pool. Losses are exact: each twin numbers what it
//! offers, and the reader sees the gap before the next message of the same pool.

use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Poll};

use atomic_waker::AtomicWaker;
use crossbeam_queue::ArrayQueue;
use futures_core::Stream;

use super::cursor::Taken;
use super::figures::DropReason;
use super::subscribe::{Origin, Subscriber};
use super::topic::{Packet, Topic};
use crate::app::shared::AppShared;
use crate::locus::describe::Match;
use crate::pool::PoolId;
use crate::pool::core::Core;
use crate::watch::{Account, Kind};

/// What a full subscription loses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overflow {
    /// Its oldest message.
    DropOld,
    /// The new message.
    DropNew,
}

/// What a subscription yields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery<T> {
    /// A message.
    Message(T),
    /// So many messages were lost before the next one.
    Missed(u64),
}

struct Entry<T> {
    pool: PoolId,
    number: u64,
    message: T,
}

/// What the twins and the reader share.
struct Mailbox<T> {
    ring: ArrayQueue<Entry<T>>,
    overflow: Overflow,
    lost: AtomicU64,
    /// Twins that may still write.
    writers: AtomicUsize,
    /// Twins not yet in place.
    pending: AtomicUsize,
    is_reader_gone: AtomicBool,
    /// Whether a wake-up is already due at the end of some pool's turn.
    is_wake_due: AtomicBool,
    waker: AtomicWaker,
    _account: Account,
}

/// A mailbox whose reader is woken at the end of the turn.
pub(crate) trait WakeLater {
    fn wake(&self);
}

impl<T> WakeLater for Mailbox<T> {
    fn wake(&self) {
        self.is_wake_due.store(false, Ordering::Release);
        self.waker.wake();
    }
}

/// A subscription of a task or thread outside the program's loci. Dropping it unsubscribes.
///
/// When the program drains it yields what is left, and then `None`.
pub struct Subscription<T: Topic> {
    mailbox: Arc<Mailbox<T>>,
    app: Arc<AppShared>,
    id: u64,
    pools: u64,
    /// The next number expected from each pool.
    expected: Vec<u64>,
    held: Option<T>,
    reported: u64,
}

impl<T: Topic> fmt::Debug for Subscription<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscription")
            .field("subject", &T::SPEC.subject)
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

static IDS: AtomicU64 = AtomicU64::new(0);

impl<T: Topic> Subscription<T> {
    pub(crate) fn new(app: &Arc<AppShared>, which: Match<T::Key>, bound: usize, overflow: Overflow) -> Self {
        let pools = app.pools_that_publish(T::number().get());
        let count = pools.count_ones() as usize;
        let account = Account::new(format!("{} subscription to {}", app.name, T::SPEC.subject), Kind::Ring);
        let bound = bound.max(1);
        account.set(bound * (size_of::<Entry<T>>() + size_of::<usize>()), 1);
        let mailbox = Arc::new(Mailbox {
            ring: ArrayQueue::new(bound),
            overflow,
            lost: AtomicU64::new(0),
            writers: AtomicUsize::new(count),
            pending: AtomicUsize::new(count),
            is_reader_gone: AtomicBool::new(false),
            is_wake_due: AtomicBool::new(false),
            waker: AtomicWaker::new(),
            _account: account,
        });
        let id = IDS.fetch_add(1, Ordering::Relaxed);
        for pool in app.pool_ids().filter(|pool| pools & 1 << pool != 0) {
            let writer = Writer { mailbox: Arc::clone(&mailbox) };
            let which = which.clone();
            app.tell(pool, Box::new(move |core| install(core, id, which, writer)));
        }
        let expected = vec![0; app.pools.len()];
        Self { mailbox, app: Arc::clone(app), id, pools, expected, held: None, reported: 0 }
    }

    /// Waits until every pool that may publish knows of the subscription.
    pub async fn ready(&mut self) {
        poll_fn(|context| {
            self.mailbox.waker.register(context.waker());
            let in_place = self.mailbox.pending.load(Ordering::Acquire) == 0;
            if in_place { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }

    /// The next message or loss; `None` after the last one.
    ///
    /// # Cancel safety
    /// Dropped while it waits, nothing is lost.
    pub async fn next(&mut self) -> Option<Delivery<T>> {
        poll_fn(|context| self.poll_delivery(context)).await
    }

    fn poll_delivery(&mut self, context: &mut Context<'_>) -> Poll<Option<Delivery<T>>> {
        if let Some(delivery) = self.try_next() {
            return Poll::Ready(Some(delivery));
        }
        self.mailbox.waker.register(context.waker());
        // Writers are looked at first: what the last of them wrote is then in the ring.
        let is_over = self.mailbox.writers.load(Ordering::Acquire) == 0;
        match self.try_next() {
            Some(delivery) => Poll::Ready(Some(delivery)),
            None if is_over => Poll::Ready(self.lost_at_the_end()),
            None => Poll::Pending,
        }
    }

    /// What is there now.
    pub fn try_next(&mut self) -> Option<Delivery<T>> {
        if let Some(message) = self.held.take() {
            return Some(Delivery::Message(message));
        }
        let entry = self.mailbox.ring.pop()?;
        let expected = &mut self.expected[usize::from(entry.pool)];
        let gap = entry.number - *expected;
        *expected = entry.number + 1;
        if gap == 0 {
            return Some(Delivery::Message(entry.message));
        }
        self.held = Some(entry.message);
        self.reported += gap;
        Some(Delivery::Missed(gap))
    }

    fn lost_at_the_end(&mut self) -> Option<Delivery<T>> {
        let gap = self.mailbox.lost.load(Ordering::Acquire) - self.reported;
        self.reported += gap;
        (gap > 0).then_some(Delivery::Missed(gap))
    }
}

impl<T: Topic> Drop for Subscription<T> {
    fn drop(&mut self) {
        self.mailbox.is_reader_gone.store(true, Ordering::Release);
        let id = self.id;
        for pool in self.app.pool_ids().filter(|pool| self.pools & 1 << pool != 0) {
            self.app.tell(pool, Box::new(move |core| core.remove_outside(id)));
        }
    }
}

/// The right to write to a mailbox; the last one to go ends the subscription.
struct Writer<T> {
    mailbox: Arc<Mailbox<T>>,
}

impl<T> Drop for Writer<T> {
    fn drop(&mut self) {
        self.mailbox.writers.fetch_sub(1, Ordering::AcqRel);
        self.mailbox.waker.wake();
    }
}

/// A subscription's twin on one pool, for taking it back.
pub(crate) struct Outside {
    pub(crate) id: u64,
    pub(crate) unsubscribe: Box<dyn FnOnce(&Core)>,
}

fn install<T: Topic>(core: &Core, id: u64, which: Match<T::Key>, writer: Writer<T>) {
    let mailbox = Arc::clone(&writer.mailbox);
    if core.are_outsiders_gone() {
        mailbox.pending.fetch_sub(1, Ordering::AcqRel);
        return;
    }
    let key = match which {
        Match::All => None,
        Match::Key(key) => Some(key),
    };
    let twin: Rc<dyn Subscriber<T>> = Rc::new(Twin { writer, offered: std::cell::Cell::new(0) });
    core.route::<T>().subscribe(core, key.clone(), Rc::clone(&twin));
    let unsubscribe = Box::new(move |core: &Core| core.route::<T>().unsubscribe(core, key.as_ref(), &twin));
    core.outside.borrow_mut().push(Outside { id, unsubscribe });
    mailbox.pending.fetch_sub(1, Ordering::AcqRel);
    mailbox.waker.wake();
}

/// One pool's end of a subscription.
struct Twin<T> {
    writer: Writer<T>,
    offered: std::cell::Cell<u64>,
}

impl<T: Topic> Subscriber<T> for Twin<T> {
    fn deliver(&self, core: &Core, packet: &mut Taken<Packet<T>>, _origin: &mut Origin, last: bool) {
        let mailbox = &self.writer.mailbox;
        if mailbox.is_reader_gone.load(Ordering::Relaxed) {
            return;
        }
        let number = self.offered.get();
        self.offered.set(number + 1);
        let message = if last { packet.move_out().message } else { packet.message.duplicate() };
        let entry = Entry { pool: core.id, number, message };
        let lost = match mailbox.overflow {
            Overflow::DropOld => mailbox.ring.force_push(entry).is_some(),
            Overflow::DropNew => mailbox.ring.push(entry).is_err(),
        };
        if lost {
            mailbox.lost.fetch_add(1, Ordering::AcqRel);
            core.route::<T>().lost(core, DropReason::Overrun, 1);
        }
        if !mailbox.is_wake_due.swap(true, Ordering::AcqRel) {
            core.wake_later.borrow_mut().push(Arc::clone(mailbox) as Arc<dyn WakeLater>);
        }
    }

    fn is_outside(&self) -> bool {
        true
    }
}

impl<T: Topic> Unpin for Subscription<T> {}

impl<T: Topic> Stream for Subscription<T> {
    type Item = Delivery<T>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Delivery<T>>> {
        self.get_mut().poll_delivery(context)
    }
}
