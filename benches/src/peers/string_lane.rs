//! The floor for messages that own heap memory: `String`s built on one thread and freed on another, with nothing
//! between but a lane: rtrb's ring, as large as the one of [`super::line_stream`], written and read in batches of 32.
//!
//! A ring that moves values needs unsafe code, which is why this one is a library's.

use super::on_two_cores;
use crate::harness::{Labelled, Measured, Payload, Work, report};

const SLOTS: usize = 4096;
/// Messages behind one release store.
const FLUSH_MESSAGES: usize = 32;
/// As in [`super::line_stream`].
const BACK_OFF_SPINS: u32 = 32;

const _: () = assert!(SLOTS.is_multiple_of(FLUSH_MESSAGES));

/// Two pinned threads that spin.
pub(crate) fn labels(work: Work) -> Measured {
    let (mut meter, report) = report(work);
    let (mut producer, mut consumer) = rtrb::RingBuffer::<Labelled>::new(SLOTS);
    let feeder = move || {
        let mut sequences = 0..work.total();
        while !sequences.is_empty() {
            let batch = FLUSH_MESSAGES.min((sequences.end - sequences.start) as usize);
            match producer.write_chunk_uninit(batch) {
                Ok(chunk) => _ = chunk.fill_from_iter(sequences.by_ref().map(Labelled::numbered)),
                Err(_) => std::hint::spin_loop(),
            }
        }
    };
    let sink = move || {
        while !meter.is_done() {
            let chunk = consumer.read_chunk(consumer.slots()).expect("what there is can be read");
            if chunk.is_empty() {
                (0..BACK_OFF_SPINS).for_each(|_| std::hint::spin_loop());
            }
            for message in chunk {
                meter.take(&message);
            }
        }
    };
    on_two_cores(feeder, sink, &report)
}
