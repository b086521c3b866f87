//! Tasks that were started and readers that were added.

use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};

use locus::prelude::*;
use tokio::task::{JoinHandle, JoinSet};

use crate::topics::Reading;

/// Lines a reader may fall behind.
const READER_LINES_MAX: usize = 16;

#[locus]
pub(crate) struct Fanout {
    /// Leaks: a finished task's handle is never taken out.
    handles: Vec<JoinHandle<()>>,
    /// Twin: `reap` takes out what is done.
    tasks: JoinSet<()>,
    /// Leaks: a reader that is gone stays.
    readers: Vec<SyncSender<String>>,
    /// Twin: `retain` keeps those that still listen.
    listeners: Vec<SyncSender<String>>,
    /// The other end of the newest reader; the one before hangs up.
    reader: Option<Receiver<String>>,
    /// The other end of the newest listener.
    listener: Option<Receiver<String>>,
}

impl Fanout {
    pub(crate) fn new() -> Self {
        Self {
            handles: Vec::new(),
            tasks: JoinSet::new(),
            readers: Vec::new(),
            listeners: Vec::new(),
            reader: None,
            listener: None,
        }
    }
}

#[locus]
impl Fanout {
    #[on]
    fn on_reading(&mut self, reading: &Reading, _cx: &mut Cx<'_, Self>) {
        self.handles.push(tokio::spawn(async {})); //~ unbounded-growth
        self.tasks.spawn(async {});

        let (sender, receiver) = sync_channel(READER_LINES_MAX);
        self.reader = Some(receiver);
        self.readers.push(sender); //~ unbounded-growth
        for reader in &self.readers {
            // Leaks: whether anybody is there is what the error would have said.
            let _ = reader.try_send(reading.text.clone());
        }

        let (sender, receiver) = sync_channel(READER_LINES_MAX);
        self.listener = Some(receiver);
        self.listeners.push(sender);
        self.listeners.retain(|listener| {
            !matches!(listener.try_send(reading.text.clone()), Err(TrySendError::Disconnected(_)))
        });
    }

    #[every("1s")]
    fn reap(&mut self, _cx: &mut Cx<'_, Self>) {
        while self.tasks.try_join_next().is_some() {}
    }
}
