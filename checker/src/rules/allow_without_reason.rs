//! `allow-without-reason`: an allow that does not say why.

use crate::declare_rule;
use crate::finding::Confidence;
use crate::rule::{Level, Shape};

/// The one way it shows.
pub static NO_REASON: Shape =
    Shape { name: "no-reason", confidence: Confidence::Certain, summary: "`reason` is missing or blank" };

declare_rule! {
    pub static RULE = {
        name: "allow-without-reason",
        summary: "an allow that does not say why, and so silences nothing",
        level: Level::Warn,
        since: "0.1.0",
        shapes: [&NO_REASON],
        doc: include_str!("../../../docs/rules/allow-without-reason.md"),
    }
}
