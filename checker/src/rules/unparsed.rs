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
    pub static RULE = {
        name: "unparsed",
        summary: "a file or an attribute that could not be read was left out",
        level: Level::Warn,
        since: "0.1.0",
        shapes: [&FILE, &ATTRIBUTE],
        doc: include_str!("../../../docs/rules/unparsed.md"),
    }
}
