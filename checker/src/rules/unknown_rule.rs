//! `unknown-rule`: an annotation that names a rule there is not.

use crate::declare_rule;
use crate::finding::Confidence;
use crate::rule::{Level, Shape};

/// The one way it shows.
pub static UNKNOWN: Shape = Shape {
    name: "unknown-name",
    confidence: Confidence::Certain,
    summary: "no rule has the name in the annotation",
};

declare_rule! {
    /// ## What it checks
    /// Every rule named in a `#[locus::allow(..)]` exists. Hyphens and underscores are the same.
    ///
    /// ## Why
    /// A misspelt name silences nothing, and its author believes that it does.
    ///
    /// ## Bad
    /// ```rust
    /// #[locus::allow(unbounded_grwth, reason = "one entry for each peer")]
    /// fn on_peer(&mut self, peer: &Peer) { self.peers.push(peer.clone()); }
    /// ```
    ///
    /// ## Good
    /// ```rust
    /// #[locus::allow(unbounded_growth, reason = "one entry for each peer")]
    /// fn on_peer(&mut self, peer: &Peer) { self.peers.push(peer.clone()); }
    /// ```
    pub static RULE = {
        name: "unknown-rule",
        summary: "an annotation names a rule that does not exist",
        level: Level::Warn,
        since: "0.1.0",
        shapes: [&UNKNOWN],
    }
}
