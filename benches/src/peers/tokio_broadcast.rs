//! tokio's broadcast channel. It drops what a slow receiver has not taken; so that nobody loses anything, the sender
//! keeps within a window of the slowest receiver.

use std::sync::mpsc::channel as introduction;

use tokio::sync::broadcast::{Receiver, Sender, channel};
use tokio::task::yield_now;

use super::{current_thread_runtime, on_two_cores};
use crate::harness::{Measured, Message, Meter, Source, Taken, WINDOW_MESSAGES, Work, reporting};

const RECEIVERS_PER_RUNTIME: usize = 4;

async fn receive_all(mut receiver: Receiver<Message>, mut meter: Meter, taken: Taken) {
    while !meter.is_done() {
        let message = receiver.recv().await.expect("the window keeps the sender from overrunning anybody");
        if meter.take(&message) {
            taken.store(meter.taken());
        }
    }
}

async fn send_all(sender: Sender<Message>, mut source: Source, receivers: Vec<Taken>) {
    while !source.is_spent() {
        if receivers.iter().all(|taken| source.has_room(taken)) {
            for sequence in source.turn() {
                sender.send(Message::new(sequence)).unwrap_or_else(|_| panic!("the receivers are alive"));
            }
        }
        yield_now().await;
    }
}

/// A runtime per pinned thread, four receivers on each, the sender on one of them; it yields after a turn of 64.
pub(crate) fn fan_out(work: Work) -> Measured {
    let (reporter, report) = reporting(work, 2 * RECEIVERS_PER_RUNTIME);
    let (sender, first) = channel(usize::try_from(WINDOW_MESSAGES).expect("the window is small"));
    let ends = |receiver: &Receiver<Message>| -> Vec<_> {
        let end = |_| (receiver.resubscribe(), reporter.meter(), Taken::default());
        (0..RECEIVERS_PER_RUNTIME).map(end).collect()
    };
    let (near, far) = (ends(&first), ends(&first));
    drop(first);
    let windows = near.iter().chain(&far).map(|(_, _, taken)| taken.clone()).collect();
    let (arrive, arrived) = introduction();
    let feeder = move || {
        arrived.recv().expect("the other runtime arrives");
        current_thread_runtime().block_on(async move {
            let receivers: Vec<_> = near.into_iter().map(spawn_receiver).collect();
            send_all(sender, Source::new(work), windows).await;
            all(receivers).await;
        });
    };
    let sink = move || {
        current_thread_runtime().block_on(async move {
            let receivers: Vec<_> = far.into_iter().map(spawn_receiver).collect();
            arrive.send(()).expect("the feeder waits");
            all(receivers).await;
        });
    };
    on_two_cores(feeder, sink, &report)
}

type End = (Receiver<Message>, Meter, Taken);

fn spawn_receiver((receiver, meter, taken): End) -> tokio::task::JoinHandle<()> {
    tokio::spawn(receive_all(receiver, meter, taken))
}

async fn all(receivers: Vec<tokio::task::JoinHandle<()>>) {
    for receiver in receivers {
        receiver.await.expect("a receiver does not panic");
    }
}
