//! Waiting from threads that have no executor, and timeouts on any executor.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Waits for a future on a plain thread.
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut context = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(output) => return output,
            Poll::Pending => std::thread::park(),
        }
    }
}

/// Waits for a future at most so long; `None` when the time is up.
///
/// On a thread without a tokio runtime the time is `clock`'s, the control thread's; without that one, too, it is never up.
pub(crate) async fn timeout<F: Future>(
    clock: Option<&Handle>,
    within: Duration,
    future: F,
) -> Option<F::Output> {
    if Handle::try_current().is_ok() {
        return tokio::time::timeout(within, future).await.ok();
    }
    let Some(clock) = clock else { return Some(future.await) };
    // A task rather than a timer of our own: it just ends where its runtime does, while a timer would panic.
    let (sender, alarm) = oneshot::channel::<()>();
    let _alarm = Alarm(clock.spawn(async move {
        tokio::time::sleep(within).await;
        drop(sender);
    }));
    tokio::select! {
        biased;
        output = future => Some(output),
        _ = alarm => None,
    }
}

/// A task that is not needed once nobody waits.
struct Alarm(JoinHandle<()>);

impl Drop for Alarm {
    fn drop(&mut self) {
        self.0.abort();
    }
}
