//! What nodes have set aside, and what they have taken back and are to get before everything else.

use std::collections::{HashMap, VecDeque};

/// Handler and number of a message that has been set aside.
pub(super) type Kept = (usize, u64);

/// What nodes have set aside, by node.
#[derive(Default)]
pub(super) struct Aside {
    stashed: HashMap<u32, VecDeque<Kept>>,
    /// Taken back, and to come before everything else.
    due: HashMap<u32, VecDeque<Kept>>,
}

impl Aside {
    /// A node sets a message aside.
    pub(super) fn put(&mut self, node: u32, kept: Kept) {
        self.stashed.entry(node).or_default().push_back(kept);
    }

    /// Takes back what a node has set aside; returns how many messages that are.
    pub(super) fn take_back(&mut self, node: u32) -> usize {
        let mut first = self.stashed.remove(&node).unwrap_or_default();
        let count = first.len();
        let due = self.due.entry(node).or_default();
        first.append(due);
        *due = first;
        count
    }

    /// Whether a message that a node gets is one that it has taken back.
    ///
    /// # Errors
    /// Where another one was to come.
    pub(super) fn is_due(&mut self, node: u32, kept: Kept) -> Result<bool, String> {
        match self.due.get_mut(&node).and_then(VecDeque::pop_front) {
            None => Ok(false),
            Some(first) if first == kept => Ok(true),
            Some(first) => Err(format!("node {node} takes back {first:?} after {kept:?}")),
        }
    }

    /// Messages that were taken back and have not come, by node.
    pub(super) fn still_due(&self) -> impl Iterator<Item = (u32, usize)> + use<'_> {
        self.due.iter().map(|(node, due)| (*node, due.len())).filter(|(_, count)| *count > 0)
    }
}
