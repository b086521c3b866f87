//! Questions, one at a time: the asker asks the next when the answer to the last one has come.

use locus::prelude::*;

use super::measure;
use crate::harness::{FEEDER_CORE, Laps, Measured, SINK_CORE, Work, answer_to, pin, reporting};
use crate::shapes::ask::{ROUND_TRIPS_PER_LAP_ACROSS, ROUND_TRIPS_PER_LAP_NEAR};

#[topic]
#[derive(Clone, Debug)]
struct Start;

#[topic(reply = u64)]
#[derive(Clone, Debug)]
struct Question(u64);

#[locus(publishes(Question))]
struct Asker {
    laps: Laps,
    core: usize,
}

#[locus]
impl Asker {
    fn birth(&mut self, _: &mut Cx<'_, Self>) {
        pin(self.core);
    }

    #[on]
    fn on_start(&mut self, _: &Start, cx: &mut Cx<'_, Self>) {
        self.ask(cx);
    }

    fn ask(&mut self, cx: &mut Cx<'_, Self>) {
        if let Some(question) = self.laps.question() {
            cx.ask(Question(question)).then(|me, answer, cx| {
                me.laps.take(answer.expect("the responder answers every question"));
                me.ask(cx);
            });
        }
    }
}

#[locus]
struct Responder;

#[locus]
impl Responder {
    fn birth(&mut self, _: &mut Cx<'_, Self>) {
        pin(SINK_CORE);
    }

    #[on]
    fn on_question(&mut self, question: &Question, _: &mut Cx<'_, Self>) -> u64 {
        answer_to(question.0)
    }
}

#[locus(main)]
struct OnOneThread {
    #[place(pool = "bench")]
    asker: Asker,
    #[place(pool = "bench")]
    responder: Responder,
}

#[locus(main)]
struct OnTwoThreads {
    #[place(pinned)]
    asker: Asker,
    #[place(pinned)]
    responder: Responder,
}

/// Asker and responder on one pool.
pub(crate) fn same_pool(work: Work) -> Measured {
    let (reporter, report) = reporting(work, 1);
    let make = move || OnOneThread {
        asker: Asker { laps: reporter.laps(ROUND_TRIPS_PER_LAP_NEAR), core: SINK_CORE },
        responder: Responder,
    };
    measure(make, Start, || report.wait())
}

/// Asker and responder on a pinned thread each.
pub(crate) fn across_pools(work: Work) -> Measured {
    let (reporter, report) = reporting(work, 1);
    let make = move || OnTwoThreads {
        asker: Asker { laps: reporter.laps(ROUND_TRIPS_PER_LAP_ACROSS), core: FEEDER_CORE },
        responder: Responder,
    };
    measure(make, Start, || report.wait())
}
