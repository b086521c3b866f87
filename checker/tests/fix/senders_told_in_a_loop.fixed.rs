//! Those who hung up are told for ever.
use std::sync::mpsc::{self, Receiver, Sender};

struct Feed {
    subscribers: Vec<Sender<String>>,
}

impl Feed {
    fn add(&mut self, subscriber: Sender<String>) {
        self.subscribers.push(subscriber);
    }

    fn tell(&mut self, text: &str) {
        self.subscribers.retain(|subscriber| subscriber.send(text.to_owned()).is_ok());
    }
}

fn serve(joining: Receiver<Sender<String>>) {
    let mut feed = Feed { subscribers: Vec::new() };
    while let Ok(subscriber) = joining.recv() {
        feed.add(subscriber);
        feed.tell("one more");
    }
}

fn main() {
    let (join, joining) = mpsc::channel();
    drop(join);
    serve(joining);
}
