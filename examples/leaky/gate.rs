//! File descriptors and processes.

use std::fs::File;
use std::io;
use std::net::UdpSocket;
use std::os::fd::{AsRawFd, IntoRawFd, RawFd};
use std::process::Command;

use locus::prelude::*;

use crate::topics::{Departed, DeviceId, Reading};

/// A device's own socket.
struct Peer {
    device: DeviceId,
    socket: UdpSocket,
}

#[locus]
pub(crate) struct Gate {
    /// Leaks a descriptor a device: it is inside a struct, inside a list.
    peers: Vec<Peer>,
    /// Twin: `on_departed` drops it.
    present: Vec<Peer>,
    /// Twin of a list: the one before is closed when it is replaced.
    newest: Option<Peer>,
    /// Only a number: who closes it?
    lost: RawFd,
}

impl Gate {
    pub(crate) fn new() -> Self {
        Self { peers: Vec::new(), present: Vec::new(), newest: None, lost: -1 }
    }
}

fn open(device: DeviceId) -> io::Result<Peer> {
    let socket = UdpSocket::bind("127.0.0.1:0")?;
    Ok(Peer { device, socket })
}

#[locus]
impl Gate {
    #[on]
    fn on_reading(&mut self, reading: &Reading, _cx: &mut Cx<'_, Self>) -> io::Result<()> {
        self.newest = Some(open(reading.device)?);
        let peer = open(reading.device)?;
        peer.socket.set_nonblocking(true)?;
        self.peers.push(peer); //~ resource-leak
        self.present.push(open(reading.device)?);
        self.number()?;
        self.run_hook()
    }

    #[on]
    fn on_departed(&mut self, departed: &Departed, _cx: &mut Cx<'_, Self>) {
        self.present.retain(|peer| peer.device != departed.device);
    }
}

impl Gate {
    fn number(&mut self) -> io::Result<()> {
        let leaked = File::open("/dev/null")?;
        self.lost = leaked.into_raw_fd(); //~ resource-leak

        let borrowed = File::open("/dev/null")?;
        if borrowed.as_raw_fd() == self.lost {
            self.lost = -1;
        }
        Ok(())
    }

    fn run_hook(&self) -> io::Result<()> {
        Command::new("true").spawn()?; //~ resource-leak
        Command::new("true").spawn()?.wait().map(|_| ())
    }
}
