//! A subscriber that is gone stays, whatever its channel says.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

/// Messages that are sent.
pub(crate) const MESSAGES: u64 = 200_000;

pub(crate) fn main(messages: Receiver<u64>) {
    let mut subscribers: Vec<SyncSender<u64>> = Vec::new();
    while let Ok(message) = messages.recv() {
        let (subscriber, _) = sync_channel(1);
        subscribers.push(subscriber); //~ unbounded-growth
        if let Some(newest) = subscribers.last() {
            let _ = newest.try_send(message);
        }
    }
}
