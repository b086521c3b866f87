//! `allow-without-reason`: an allow that does not say why.

use crate::declare_rule;
use crate::finding::Confidence;
use crate::rule::{Level, Shape};

/// The one way it shows.
pub static NO_REASON: Shape =
    Shape { name: "no-reason", confidence: Confidence::Certain, summary: "`reason` is missing or blank" };

declare_rule! {
    /// ## What it checks
    /// Every `#[locus::allow(..)]` has a `reason` that is not blank. One without silences nothing.
    ///
    /// ## Why
    /// The next reader has to decide whether the allow still holds. Without the reason they can only trust
    /// it or start over, and most trust it.
    ///
    /// ## Bad
    /// ```rust
    /// #[locus::allow(unbounded_growth)]
    /// fn on_peer(&mut self, peer: &Peer) { self.peers.push(peer.clone()); }
    /// ```
    ///
    /// ## Good
    /// ```rust
    /// #[locus::allow(unbounded_growth, reason = "peers come from the settings, each once")]
    /// fn on_peer(&mut self, peer: &Peer) { self.peers.push(peer.clone()); }
    /// ```
    pub static RULE = {
        name: "allow-without-reason",
        summary: "an allow that does not say why, and so silences nothing",
        level: Level::Warn,
        since: "0.1.0",
        shapes: [&NO_REASON],
    }
}
