//! `unparsed`: what could not be read, so that nobody takes silence about it for proof.

use crate::declare_rule;
use crate::finding::Confidence;
use crate::rule::{Level, Shape};

/// A whole file.
pub static FILE: Shape = Shape {
    name: "file",
    confidence: Confidence::Certain,
    summary: "the file is not Rust that the parser knows, and is left out",
};

/// One attribute of ours.
pub static ATTRIBUTE: Shape = Shape {
    name: "attribute",
    confidence: Confidence::Certain,
    summary: "the attribute is not written as its grammar asks, and is left out",
};

declare_rule! {
    /// ## What it checks
    /// Every file of the packages under check can be read and parses as Rust, and every attribute of ours in
    /// it is well formed. What does not is left out, and the rest is checked.
    ///
    /// ## Why
    /// A file that was left out has no findings. Only the report can tell that apart from a clean one.
    ///
    /// ## Bad
    /// ```rust
    /// fn on_peer(&mut self, peer: &Peer { self.peers.push(peer.clone()); }
    /// ```
    ///
    /// ## Good
    /// ```rust
    /// fn on_peer(&mut self, peer: &Peer) { self.peers.push(peer.clone()); }
    /// ```
    pub static RULE = {
        name: "unparsed",
        summary: "a file or an attribute that could not be read was left out",
        level: Level::Warn,
        since: "0.1.0",
        shapes: [&FILE, &ATTRIBUTE],
    }
}
