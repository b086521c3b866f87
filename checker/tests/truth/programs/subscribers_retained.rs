//! A subscriber that is gone is let go.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

/// Messages that are sent.
pub(crate) const MESSAGES: u64 = 200_000;

pub(crate) fn main(messages: Receiver<u64>) {
    let mut subscribers: Vec<SyncSender<u64>> = Vec::new();
    while let Ok(message) = messages.recv() {
        let (subscriber, _) = sync_channel(1);
        subscribers.push(subscriber);
        subscribers.retain(|subscriber| subscriber.try_send(message).is_ok());
    }
}
