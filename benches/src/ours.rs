//! Ours, driven through the public interface only, by the same rules as the peers: see [`crate::peers`].

pub(crate) mod across_pools;
pub(crate) mod ask;
pub(crate) mod fan_out;
pub(crate) mod four_topics;
pub(crate) mod idle;
pub(crate) mod inline;
pub(crate) mod keyed;
pub(crate) mod labels;
pub(crate) mod pipeline;
pub(crate) mod producers;
pub(crate) mod same_pool;
pub(crate) mod spawn;
pub(crate) mod stream;
pub(crate) mod ticks;

use locus::{Constructor, Topic};

use crate::harness::Measured;
use crate::peers::current_thread_runtime;

/// Starts a service, gives it its first message, and drains it when what is waited for has come.
fn measure<T: Topic>(make: impl Constructor, first: T, wait: impl FnOnce() -> Measured) -> Measured {
    current_thread_runtime().block_on(async {
        let app = locus::start(make).expect("the service starts");
        app.ready().await.expect("every locus is born");
        app.topic::<T>()
            .publish(first)
            .await
            .unwrap_or_else(|_| panic!("a service that is up accepts messages"));
        let measured = wait();
        app.drain().await;
        measured
    })
}
