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
    pub static RULE = {
        name: "unused-allow",
        summary: "an allow where the rule finds nothing",
        level: Level::Warn,
        since: "0.1.0",
        shapes: [&UNUSED],
        doc: include_str!("../../../docs/rules/unused-allow.md"),
    }
}
