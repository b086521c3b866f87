//! Counts the allocations of ours between the first and the last measured message of every shape, and the bytes of
//! those shapes that are about bytes; `locus-benches` starts it, with its own arguments.
//!
//! A program of its own, because the counting allocator would slow the peers that allocate. Beside each count stands
//! that of a reference which is known to allocate once per message, so that a counter that counts nothing is seen.

use locus_benches::harness::{
    Comparison, Contestant, Measured, Message, Options, Row, Shape, Target, Work, median, report, run,
};
use locus_benches::shapes::{self, labels};

#[global_allocator]
static COUNTING: locus::alloc::Counting = locus::alloc::Counting::new();

/// Runs of each shape. A buffer may grow late, at a burst that the warm-up did not have, though that is as long as the
/// run; not in most of them.
const RUNS: usize = 5;

const BOX_PER_MESSAGE: Contestant = Contestant::new("box-per-message", box_per_message);

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let options = Options::parse(&arguments).expect("the program that starts this one has read them");
    for shape in options.choose(shapes::counted()) {
        run(shape, options.rounds, options.work(shape)).rows().iter().for_each(Row::print);
    }
    for shape in options.choose(shapes::timed()) {
        let work = options.work(shape);
        count(shape, Work { warmup: work.warmup.max(work.measured), ..work });
    }
}

fn count(shape: Shape, work: Work) {
    let target = match shape.name {
        // A `String` built per message is the message's own; every other message owns nothing on the heap.
        name if name == labels::SHAPE.name => Target::AtMost(1.0),
        _ => Target::AtMost(0.0),
    };
    let (ours, reference_value) = (allocations(shape.ours, work), allocations(BOX_PER_MESSAGE, work));
    assert_eq!(reference_value, 1.0, "{} allocates once per message", BOX_PER_MESSAGE.name);
    let ratio = target.ratio(ours, reference_value);
    Row {
        shape: shape.name,
        unit: "allocations/message",
        ours,
        reference: BOX_PER_MESSAGE.name,
        comparison: Comparison::Ran { reference_value, ratio, pass: target.is_met(ratio) },
        target: target.to_string(),
    }
    .print();
}

fn allocations(contestant: Contestant, work: Work) -> f64 {
    let counts: Vec<_> = (0..RUNS).map(|_| (contestant.run)(work).allocations(contestant.name)).collect();
    median(&counts)
}

/// The control: what an actor library does at its best that boxes each message.
fn box_per_message(work: Work) -> Measured {
    let (mut meter, report) = report(work);
    for sequence in 0..work.total() {
        meter.take(&*std::hint::black_box(Box::new(Message::new(sequence))));
    }
    report.wait()
}
