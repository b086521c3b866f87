//! `on_failure`, of a locus and of main: one error for each mistake, at the token.
#![allow(dead_code, unused_variables, reason = "not what is tested")]
use locus::prelude::*;

#[topic]
#[derive(Clone)]
pub struct Posted;

#[locus]
pub struct Room {}

#[locus]
impl Room {
    fn on_failure(&mut self) -> Decision {
        Decision::Resume
    }
}

#[locus]
pub struct Hall {}

#[locus]
impl Hall {
    async fn on_failure(&mut self, failure: &Failure) -> Decision {
        Decision::Resume
    }
}

#[locus]
pub struct Nook {}

#[locus]
impl Nook {
    fn on_failure(&mut self, failure: &Failure) -> bool {
        true
    }
}

#[locus(main)]
pub struct Chat {
    nook: Nook,
}

#[locus]
impl Chat {
    fn on_failure(failure: &Failure, cx: &mut Cx<'_, Self>) -> Decision {
        Decision::Resume
    }
}

#[locus(main)]
pub struct Other {
    nook: Nook,
}

#[locus]
impl Other {
    fn on_failure(failure: &Failure) -> Decision {
        Decision::Resume
    }

    #[on]
    fn on_posted(&mut self, posted: &Posted) {}
}

fn main() {}
