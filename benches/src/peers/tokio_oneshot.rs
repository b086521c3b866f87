//! tokio's idiom for a question: a channel to the responder, with a oneshot channel for the answer in each message.

use tokio::sync::{mpsc, oneshot};

use super::current_thread_runtime;
use crate::harness::{Measured, SINK_CORE, WINDOW_MESSAGES, Work, answer_to, pin, reporting};
use crate::shapes::ask::ROUND_TRIPS_PER_LAP_NEAR;

type Question = (u64, oneshot::Sender<u64>);

async fn respond(mut questions: mpsc::Receiver<Question>) {
    while let Some((question, reply)) = questions.recv().await {
        reply.send(answer_to(question)).expect("the asker waits");
    }
}

/// Two tasks of one current-thread runtime; the asker is a task too, as it is in a service.
pub(crate) fn ask_same_pool(work: Work) -> Measured {
    pin(SINK_CORE);
    let (reporter, report) = reporting(work, 1);
    let mut laps = reporter.laps(ROUND_TRIPS_PER_LAP_NEAR);
    let (questions, asked) = mpsc::channel(usize::try_from(WINDOW_MESSAGES).expect("the window is small"));
    current_thread_runtime().block_on(async move {
        let responder = tokio::spawn(respond(asked));
        let asker = tokio::spawn(async move {
            while let Some(question) = laps.question() {
                let (reply, answer) = oneshot::channel();
                questions.send((question, reply)).await.expect("the responder is alive");
                laps.take(answer.await.expect("the responder answers"));
            }
        });
        asker.await.expect("the asker does not panic");
        responder.await.expect("the responder does not panic");
    });
    report.wait()
}
