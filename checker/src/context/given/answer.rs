//! The three answers to the question where a key comes from, and how they are put together.

use super::origins::Part;
use crate::lower::ir::Range;
use crate::names::FnId;

/// Where a key comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::context) enum Answer {
    /// The program, its configuration, or what was loaded when it began.
    Given,
    /// Nobody knows.
    Unknown,
    /// Each message brings another.
    Told(Witness),
}

/// What brings new keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Witness {
    /// In whose body.
    pub id: FnId,
    /// The value, or the call that gives it.
    pub at: Range,
    /// What it is.
    pub what: Brings,
}

/// What a witness is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Brings {
    /// A part of what a handler is called with.
    Message,
    /// What was accepted or read from a connection.
    Received,
    /// What was received from a queue, whose other end may be the program's own.
    Queued,
    /// A value of a type that comes from outside.
    Outside,
    /// Drawn or counted up.
    Fresh,
    /// A time.
    Time,
}

impl Brings {
    /// Whether it is a number that was drawn, counted or read off a clock.
    fn is_number(self) -> bool {
        matches!(self, Brings::Fresh | Brings::Time)
    }
}

impl Answer {
    /// Of a value that is made of both, or is one of them.
    pub(super) fn and(self, other: Answer) -> Answer {
        match (self, other) {
            (Answer::Told(Witness { what: Brings::Time, .. }), Answer::Told(_)) => other,
            (Answer::Told(_), _) => self,
            (_, Answer::Told(_)) => other,
            (Answer::Unknown, _) | (_, Answer::Unknown) => Answer::Unknown,
            (Answer::Given, Answer::Given) => Answer::Given,
        }
    }

    /// Whether nothing that is added makes it another one.
    pub(super) fn is_final(self) -> bool {
        matches!(self, Answer::Told(witness) if witness.what != Brings::Time)
    }

    /// Of all of them, as far as it takes; none of none.
    pub(super) fn all(answers: impl Iterator<Item = Answer>) -> Option<Answer> {
        let mut all: Option<Answer> = None;
        for answer in answers {
            let joined = all.map_or(answer, |all| all.and(answer));
            all = Some(joined);
            if joined.is_final() {
                break;
            }
        }
        all
    }

    /// Where a number that is drawn or counted up is no more than one thing among others.
    pub(super) fn unless_fresh(self) -> Answer {
        match self {
            Answer::Told(witness) if witness.what.is_number() => Answer::Unknown,
            other => other,
        }
    }

    /// A time is a key where it is one as it stands: in what is said of a thing it is a detail.
    pub(super) fn unless_time(self) -> Answer {
        match self {
            Answer::Told(Witness { what: Brings::Time, .. }) => Answer::Unknown,
            other => other,
        }
    }
}

/// Where a value comes from, as far as its own function says: the rest is up to what is passed as these parameters,
/// or parts of them.
#[derive(Clone, Debug)]
pub(super) struct From {
    pub(super) own: Answer,
    pub(super) params: Vec<(u32, Part)>,
}

impl From {
    pub(super) const GIVEN: From = From { own: Answer::Given, params: Vec::new() };
    pub(super) const UNKNOWN: From = From { own: Answer::Unknown, params: Vec::new() };

    pub(super) fn and(mut self, other: From) -> From {
        self.own = self.own.and(other.own);
        let new = other.params.into_iter().filter(|param| !self.params.contains(param));
        let new: Vec<(u32, Part)> = new.collect();
        self.params.extend(new);
        self
    }

    /// Of all of them, as far as it takes.
    pub(super) fn all(parts: impl Iterator<Item = From>) -> From {
        let mut all = From::GIVEN;
        for part in parts {
            all = all.and(part);
            if all.is_final() {
                break;
            }
        }
        all
    }

    /// Whether nothing that is added or passed makes it another one.
    pub(super) fn is_final(&self) -> bool {
        matches!(self.own, Answer::Told(witness) if !witness.what.is_number())
    }

    /// Of a value of many parts: a number among them does not make it another one.
    pub(super) fn unless_fresh(self) -> From {
        From { own: self.own.unless_fresh(), ..self }
    }

    /// Of what nobody knows how it is made: a message it is made of tells it, a number need not.
    pub(super) fn unless_told(self) -> From {
        self.unless_fresh().and(From::UNKNOWN)
    }
}
