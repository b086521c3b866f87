//! `unused-allow`: an allow that silences nothing.

use crate::declare_rule;
use crate::finding::Confidence;
use crate::rule::{Level, Shape};

/// The one way it shows.
pub static UNUSED: Shape = Shape {
    name: "silences-nothing",
    confidence: Confidence::Certain,
    summary: "the rule finds nothing where the allow stands",
};

declare_rule! {
    /// ## What it checks
    /// Each rule named in a `#[locus::allow(..)]` finds something in what the attribute stands on. Where two
    /// allows cover one finding the inner one is used.
    ///
    /// ## Why
    /// Code is mended and its allow stays. It then waits to hide the next leak written in the same place.
    ///
    /// ## Bad
    /// ```rust
    /// #[locus::allow(unbounded_growth, reason = "one entry for each peer")]
    /// fn on_peer(&mut self, peer: &Peer) { self.latest = peer.clone(); }
    /// ```
    ///
    /// ## Good
    /// ```rust
    /// fn on_peer(&mut self, peer: &Peer) { self.latest = peer.clone(); }
    /// ```
    pub static RULE = {
        name: "unused-allow",
        summary: "an allow where the rule finds nothing",
        level: Level::Warn,
        since: "0.1.0",
        shapes: [&UNUSED],
    }
}
