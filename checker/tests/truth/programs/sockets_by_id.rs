//! A socket for every id, and none is ever closed.

use std::collections::HashMap;
use std::net::UdpSocket;
use std::sync::mpsc::Receiver;

/// Messages that are sent.
pub(crate) const MESSAGES: u64 = 400;

pub(crate) fn main(messages: Receiver<u64>) {
    let mut peers: HashMap<u64, UdpSocket> = HashMap::new();
    while let Ok(message) = messages.recv() {
        if let Ok(socket) = UdpSocket::bind("127.0.0.1:0") {
            peers.insert(message, socket); //~ resource-leak
        }
    }
}
