//! What cannot be asked, and by whom.
#![allow(dead_code, unused_variables, reason = "not what is tested")]
use locus::prelude::*;

#[topic]
#[derive(Clone)]
pub struct Posted;

#[topic(reply = u64)]
#[derive(Clone)]
pub struct Count;

#[locus(publishes(Posted))]
pub struct Room {}

#[locus]
impl Room {
    fn undeclared(&mut self, cx: &mut Cx<'_, Self>) {
        cx.ask(Count).within(std::time::Duration::from_secs(1)).then(|_, _, _| ());
    }

    fn no_question(&mut self, cx: &mut Cx<'_, Self>) {
        cx.ask(Posted).then(|_, _, _| ());
    }
}

async fn outside(posted: TopicHandle<Posted>) {
    let _ = posted.ask(Posted).await;
}

fn main() {}
