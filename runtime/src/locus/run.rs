//! `Run`: what the `async fn run` of a locus holds.

use std::future::Future;
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};

use crate::bus::gate::{Listener, TopicHandle};
use crate::bus::publish::PublishedBy;
use crate::bus::subscribe::receive::Receiver;
use crate::bus::topic::Topic;
use crate::locus::cell::{LocusCell, State};
use crate::locus::context::Cx;
use crate::locus::describe::{Locus, ReceivedBy};
use crate::pool::core::Core;

/// What an activation by [`Run::with`] is called in reports.
pub(crate) const WITH: &str = "with";

/// The handle by which `run` reaches its own locus, its messages and the drain.
///
/// It stays on its pool (`!Send`); all methods take `&self`, so that one `select!` may hold several of its futures.
pub struct Run<L: 'static> {
    core: Rc<Core>,
    cell: Rc<LocusCell<L>>,
}

impl<L: Locus> std::fmt::Debug for Run<L> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Run").field("path", &self.cell.head.path()).finish_non_exhaustive()
    }
}

impl<L: Locus> Run<L> {
    pub(crate) fn new(core: Rc<Core>, cell: Rc<LocusCell<L>>) -> Self {
        Self { core, cell }
    }

    /// Calls `call` as an activation of the locus, once it is ready: not busy, blocked or waiting for a restart.
    ///
    /// # Panics
    /// When it is polled inside another activation of the same locus.
    ///
    /// # Cancel safety
    /// Dropped before it is ready, the call does not happen.
    pub fn with<R, F>(&self, call: F) -> With<'_, L, F>
    where
        R: 'static,
        F: FnOnce(&mut L, &mut Cx<'_, L>) -> R,
    {
        With { run: self, call: Some(call) }
    }

    /// Waits for the next message of a topic in `receives(..)`; `None` once the program drains and nothing is left.
    ///
    /// # Panics
    /// When two of them wait for the same topic at once.
    ///
    /// # Cancel safety
    /// Dropped while it waits, no message is lost.
    pub fn recv<T: ReceivedBy<L>>(&self) -> Recv<'_, L, T> {
        Recv { run: self, waits: false, marker: PhantomData }
    }

    /// How many messages of a topic were lost since the last call, because its ring was full.
    #[must_use]
    pub fn missed<T: ReceivedBy<L>>(&self) -> u64 {
        Receiver::<T>::find(&self.cell.head).map_or(0, |receiver| receiver.take_missed())
    }

    /// Ends when the program starts to drain. Owns what it needs, so any task may hold it.
    pub fn draining(&self) -> Draining {
        let mut draining = self.core.app().draining.subscribe();
        Draining(Box::pin(async move {
            // An error means that the app is gone, which is as good as draining.
            let _ = draining.wait_for(|draining| *draining).await;
        }))
    }

    /// Whether the program drains.
    #[must_use]
    pub fn is_draining(&self) -> bool {
        *self.core.app().draining.borrow()
    }

    /// A handle to publish a topic of `publishes(..)` from any task or thread.
    #[must_use]
    pub fn topic<T: Topic + PublishedBy<L>>(&self) -> TopicHandle<T> {
        self.core.app().handle()
    }

    /// A handle to subscribe to any topic from any task or thread. Listening needs no declaration.
    #[must_use]
    pub fn listener<T: Topic>(&self) -> Listener<T> {
        Listener::new(self.core.app().handle())
    }

    /// Where the locus stands in the tree.
    #[must_use]
    pub fn path(&self) -> Arc<str> {
        self.cell.head.path()
    }
}

/// The future of [`Run::with`].
#[must_use = "nothing happens until it is awaited"]
pub struct With<'r, L: 'static, F> {
    run: &'r Run<L>,
    call: Option<F>,
}

impl<L: Locus, F> std::fmt::Debug for With<'_, L, F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("With").field("run", self.run).finish_non_exhaustive()
    }
}

impl<L: 'static, F> Unpin for With<'_, L, F> {}

impl<L, F, R> Future for With<'_, L, F>
where
    L: Locus,
    R: 'static,
    F: FnOnce(&mut L, &mut Cx<'_, L>) -> R,
{
    type Output = R;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<R> {
        let run = self.run;
        let head = &run.cell.head;
        match head.state.get() {
            State::Ready if !run.core.is_holding() => {
                let Some(call) = self.call.take() else { return Poll::Pending };
                match catch_unwind(AssertUnwindSafe(|| run.cell.activate(&run.core, call))) {
                    Ok(result) => {
                        run.core.name_activation(head, WITH);
                        Poll::Ready(result)
                    }
                    Err(panic) => {
                        // Whatever is decided drops this future, with its call or its `run`.
                        run.core.with_panicked(head, panic);
                        Poll::Pending
                    }
                }
            }
            State::Running => panic!("{} is asked for inside its own activation", head.path()),
            _ => {
                head.rare().wait(context.waker());
                Poll::Pending
            }
        }
    }
}

/// The future of [`Run::recv`].
#[must_use = "nothing is received until it is awaited"]
pub struct Recv<'r, L: 'static, T: Topic> {
    run: &'r Run<L>,
    waits: bool,
    marker: PhantomData<fn() -> T>,
}

impl<L: Locus, T: Topic> std::fmt::Debug for Recv<'_, L, T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Recv").field("run", self.run).finish_non_exhaustive()
    }
}

impl<L: Locus, T: Topic> Future for Recv<'_, L, T> {
    type Output = Option<T>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<T>> {
        let run = self.run;
        let Some(receiver) = Receiver::<T>::find(&run.cell.head) else { return Poll::Ready(None) };
        if let Some(message) = receiver.take(&run.core) {
            return Poll::Ready(Some(message));
        }
        if receiver.is_closed() {
            return Poll::Ready(None);
        }
        receiver.wait(context.waker());
        run.cell.head.run_waits.set(true);
        self.waits = true;
        Poll::Pending
    }
}

impl<L: 'static, T: Topic> Drop for Recv<'_, L, T> {
    fn drop(&mut self) {
        if self.waits
            && let Some(receiver) = Receiver::<T>::find(&self.run.cell.head)
        {
            receiver.leave();
        }
    }
}

/// The future of [`Run::draining`].
#[must_use = "it only waits"]
pub struct Draining(Pin<Box<dyn Future<Output = ()> + Send>>);

impl std::fmt::Debug for Draining {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Draining")
    }
}

impl Future for Draining {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        self.0.as_mut().poll(context)
    }
}
