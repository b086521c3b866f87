//! Ours, driven through the public interface only, by the same rules as the peers: see [`crate::peers`].

pub(crate) mod across_pools;
pub(crate) mod four_topics;
pub(crate) mod same_pool;

use locus::{Constructor, topic};

use crate::harness::{Measured, Report};
use crate::peers::current_thread_runtime;

/// Asks the feeder for the next turn.
#[topic]
#[derive(Clone, Debug)]
pub(crate) struct Turn;

/// Starts a service, asks for the first turn, and drains it when the last message has been taken.
fn measure(make: impl Constructor, report: &Report) -> Measured {
    current_thread_runtime().block_on(async {
        let app = locus::start(make).expect("the service starts");
        app.ready().await.expect("every locus is born");
        app.topic::<Turn>().publish(Turn).await.expect("the service accepts messages");
        let measured = report.wait();
        app.drain().await;
        measured
    })
}
