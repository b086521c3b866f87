//! The peers: one file per rival, with one contestant per shape it takes part in.
//!
//! Every contestant starts what it needs and has stopped it on return. On one thread, the feeder sends a turn
//! of 64 and sends the next when the receiver has taken it. Between two threads the feeder streams, held back
//! only by a bound of 8,192 messages: the peer's own where it has one, else a window kept by hand.

pub(crate) mod actix;
pub(crate) mod calls;
pub(crate) mod crossbeam;
pub(crate) mod go;
pub(crate) mod handler_map;
pub(crate) mod kameo;
pub(crate) mod keyed_outbox;
pub(crate) mod line_stream;
pub(crate) mod nested_calls;
pub(crate) mod park_hops;
pub(crate) mod ractor;
pub(crate) mod stakker;
pub(crate) mod string_lane;
pub(crate) mod sync_channel;
pub(crate) mod tokio_broadcast;
pub(crate) mod tokio_mpsc;
pub(crate) mod tokio_oneshot;
pub(crate) mod typed_outbox;

use std::thread;

use crate::harness::{FEEDER_CORE, Measured, Report, SINK_CORE, pin};

/// Runs the two halves of a contestant on a pinned thread each, and waits for both and the report.
fn on_two_cores(feeder: impl FnOnce() + Send, sink: impl FnOnce() + Send, report: &Report) -> Measured {
    thread::scope(|scope| {
        let sink = scope.spawn(|| {
            pin(SINK_CORE);
            sink();
        });
        let feeder = scope.spawn(|| {
            pin(FEEDER_CORE);
            feeder();
        });
        let measured = report.wait();
        // Joined, not left to the scope, which does not wait for a thread to be gone: the next contestant
        // would share its core with the remains of this one.
        for half in [sink, feeder] {
            half.join().expect("a half that panicked would not have finished the report");
        }
        measured
    })
}

/// The runtime that the tokio-based peers run on, one per thread.
pub(crate) fn current_thread_runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .expect("a current-thread runtime without I/O needs no resource that can be refused")
}
