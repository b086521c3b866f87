//! Topics that lack one of their halves.

use super::Wiring;

/// What is missing of a topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Orphan {
    /// It is published, and nothing takes it.
    NeverHandled,
    /// A handler waits for it, and nothing publishes it.
    NeverPublished,
}

impl Orphan {
    /// Judges a topic by whether it is seen to be published, to be handled, and whether there are other ways in or out.
    pub fn of(is_published: bool, is_handled: bool, is_used_otherwise: bool) -> Option<Self> {
        match (is_published, is_handled) {
            _ if is_used_otherwise => None,
            (true, false) => Some(Self::NeverHandled),
            (false, true) => Some(Self::NeverPublished),
            _ => None,
        }
    }

    /// In words.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NeverHandled => "never handled",
            Self::NeverPublished => "never published",
        }
    }
}

/// Judges one topic of a binary.
pub(super) fn of_topic(wiring: &Wiring, topic: usize) -> Option<Orphan> {
    let about = &wiring.topics[topic];
    let mut publishers = wiring.publishers.iter().filter(|one| one.topic == topic);
    let is_published = publishers.any(|one| !one.sites.is_empty());
    let is_handled = wiring.takers.iter().any(|one| one.topic == topic);
    Orphan::of(is_published, is_handled, about.is_held || !about.bound.is_empty())
}
