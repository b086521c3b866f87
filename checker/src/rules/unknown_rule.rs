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
    pub static RULE = {
        name: "unknown-rule",
        summary: "an annotation names a rule that does not exist",
        level: Level::Warn,
        since: "0.1.0",
        shapes: [&UNKNOWN],
        doc: include_str!("../../../docs/rules/unknown-rule.md"),
    }
}
