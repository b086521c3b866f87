//! What askers hear of handlers that fail, whoever asked and however the handler was to answer.

#![allow(missing_docs, reason = "a test's own messages and loci")]
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::time::Duration;

use locus::prelude::*;

/// What a handler does with the question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    Answer,
    /// Takes the `Reply`, and succeeds without an answer.
    Forget,
    /// Fails without an answer.
    Fail,
    /// Answers, and fails then.
    AnswerAndFail,
    Panic,
    /// Takes longer than it may.
    Hang,
}

impl How {
    /// Does it to a question, up to where an `async` handler hangs.
    fn treat(self, reply: Reply<u32>) -> Result<Option<Reply<u32>>, String> {
        match self {
            Self::Answer => reply.send(1),
            Self::Forget => drop(reply),
            Self::Fail => return Err("it fails".into()),
            Self::AnswerAndFail => {
                reply.send(1);
                return Err("it fails".into());
            }
            Self::Panic => panic!("it panics"),
            Self::Hang => return Ok(Some(reply)),
        }
        Ok(None)
    }
}

#[topic(reply = u32)]
#[derive(Clone)]
pub struct Plain(pub How);

#[topic(reply = u32)]
#[derive(Clone)]
pub struct Waiting(pub How);

#[topic(reply = u32)]
#[derive(Clone)]
pub struct Beside(pub How);

#[locus]
pub struct Responder {}

#[locus]
impl Responder {
    #[on]
    fn on_plain(&mut self, question: &Plain, reply: Reply<u32>) -> Result<(), String> {
        question.0.treat(reply).map(drop)
    }

    #[on(timeout = "1s")]
    async fn on_waiting(&mut self, question: &Waiting, reply: Reply<u32>) -> Result<(), String> {
        tokio::task::yield_now().await;
        let _reply = question.0.treat(reply)?;
        if question.0 == How::Hang {
            std::future::pending::<()>().await;
        }
        Ok(())
    }

    #[on(concurrent = 2, timeout = "1s")]
    async fn on_beside(_run: Run<Self>, question: Beside, reply: Reply<u32>) -> Result<(), String> {
        tokio::task::yield_now().await;
        let _reply = question.0.treat(reply)?;
        if question.0 == How::Hang {
            std::future::pending::<()>().await;
        }
        Ok(())
    }
}

/// Asks for others, from a pool.
#[topic(key = is_far, reply = [Result<u32, AskError>; 3])]
#[derive(Clone)]
pub struct Inquire {
    pub is_far: bool,
    pub how: How,
}

#[locus(publishes(Plain, Waiting, Beside))]
pub struct Asker {
    is_far: bool,
}

#[locus]
impl Asker {
    #[on(key = self.is_far)]
    async fn on_inquire(&mut self, inquiry: &Inquire, cx: &mut Cx<'_, Self>) -> [Result<u32, AskError>; 3] {
        let plain = cx.ask(Plain(inquiry.how)).await;
        let waiting = cx.ask(Waiting(inquiry.how)).await;
        [plain, waiting, cx.ask(Beside(inquiry.how)).await]
    }
}

#[locus(main)]
pub struct Office {
    responder: Responder,
    near: Asker,
    #[place(pool = "far")]
    far: Asker,
}

#[locus]
impl Office {
    /// Without the backoff of a restart.
    fn on_failure(_: &Failure) -> Decision {
        Decision::Resume
    }
}

/// What each handler lets an asker outside hear, and then one on its own pool and one on another.
async fn heard(app: &locus::App, how: How) -> Vec<Result<u32, AskError>> {
    let mut heard = vec![
        app.topic().ask(Plain(how)).await,
        app.topic().ask(Waiting(how)).await,
        app.topic().ask(Beside(how)).await,
    ];
    for is_far in [false, true] {
        heard.extend(app.topic().ask(Inquire { is_far, how }).within(Duration::from_secs(30)).await.unwrap());
    }
    heard
}

#[tokio::test]
async fn askers_hear_whether_the_handler_failed() {
    let make =
        || Office { responder: Responder {}, near: Asker { is_far: false }, far: Asker { is_far: true } };
    let app = locus::start(make).unwrap();
    app.ready().await.unwrap();
    let of_each = |answer| vec![answer; 9];
    assert_eq!(heard(&app, How::Answer).await, of_each(Ok(1)));
    assert_eq!(heard(&app, How::Forget).await, of_each(Err(AskError::Unanswered)));
    assert_eq!(heard(&app, How::Fail).await, of_each(Err(AskError::Failed)));
    assert_eq!(heard(&app, How::Panic).await, of_each(Err(AskError::Failed)));
    // A plain handler does not wait, and so drops the reply; the others run into their `timeout`.
    let hung = [Err(AskError::Unanswered), Err(AskError::Failed), Err(AskError::Failed)];
    assert_eq!(heard(&app, How::Hang).await, hung.repeat(3));
    // What a call sends has left at once: it publishes nothing, and has nothing to take back.
    let taken_back = [Err(AskError::Failed), Err(AskError::Failed), Ok(1)];
    assert_eq!(heard(&app, How::AnswerAndFail).await, taken_back.repeat(3));
    assert_eq!(app.drain().await.exit, Exit::Drained);
}
