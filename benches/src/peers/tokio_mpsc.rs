//! tokio's bounded mpsc channel, between tasks of current-thread runtimes.

use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::task::yield_now;

use super::{current_thread_runtime, on_two_cores};
use crate::harness::{Measured, Message, Meter, SINK_CORE, Source, WINDOW_MESSAGES, Work, pin, report};

fn bounded() -> (Sender<Message>, Receiver<Message>) {
    channel(usize::try_from(WINDOW_MESSAGES).expect("the window is small"))
}

async fn receive_all(mut receiver: Receiver<Message>, mut meter: Meter) {
    while let Some(message) = receiver.recv().await {
        meter.take(&message);
    }
}

/// Two tasks of one runtime; the sender yields after a turn of 64.
pub(crate) fn same_pool(work: Work) -> Measured {
    pin(SINK_CORE);
    let (meter, report) = report(work);
    let (sender, receiver) = bounded();
    current_thread_runtime().block_on(async move {
        let sink = tokio::spawn(receive_all(receiver, meter));
        let feeder = tokio::spawn(async move {
            let mut source = Source::new(work);
            while !source.is_spent() {
                for sequence in source.turn() {
                    sender.try_send(Message::new(sequence)).expect("a turn fits and the receiver is alive");
                }
                yield_now().await;
            }
        });
        feeder.await.expect("the feeder does not panic");
        sink.await.expect("the sink does not panic");
    });
    report.wait()
}

/// A runtime per pinned thread; the sender waits for room.
pub(crate) fn across_pools(work: Work) -> Measured {
    let (meter, report) = report(work);
    let (sender, receiver) = bounded();
    let feeder = move || {
        current_thread_runtime().block_on(async move {
            for sequence in 0..work.total() {
                sender.send(Message::new(sequence)).await.expect("the receiver is alive");
            }
        });
    };
    let sink = move || current_thread_runtime().block_on(receive_all(receiver, meter));
    on_two_cores(feeder, sink, &report)
}
