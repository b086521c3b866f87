//! One who is slow is not one who is gone.
use std::sync::mpsc::{Receiver, SyncSender};

struct Feed {
    subscribers: Vec<SyncSender<u64>>,
}

impl Feed {
    fn add(&mut self, subscriber: SyncSender<u64>) {
        self.subscribers.push(subscriber);
    }

    fn tell(&mut self, number: u64) {
        self.subscribers.retain(|subscriber| !matches!(subscriber.try_send(number), Err(std::sync::mpsc::TrySendError::Disconnected(_))));
    }
}

fn serve(joining: Receiver<SyncSender<u64>>) {
    let mut feed = Feed { subscribers: Vec::new() };
    while let Ok(subscriber) = joining.recv() {
        feed.add(subscriber);
        feed.tell(1);
    }
}

fn main() {
    let (join, joining) = std::sync::mpsc::channel();
    drop(join);
    serve(joining);
}
