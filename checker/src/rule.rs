//! Metadata of a rule, and the macro that declares one.
//!
//! A rule is what a user allows or denies; a shape is how the problem shows. The documentation of a rule is its
//! page of the book: `--explain` prints the same text.
//! This file knows nothing of the analysis: `rules` pairs each rule with the function that checks it.

use crate::finding::Confidence;

pub mod config;
pub mod level;

/// What a finding of a rule means for the exit status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Not reported.
    Allow,
    /// Reported; the exit status stays 0.
    Warn,
    /// Reported as an error; the exit status is 1.
    Deny,
}

impl Level {
    /// The level called `word`.
    pub fn find(word: &str) -> Option<Self> {
        [Self::Allow, Self::Warn, Self::Deny].into_iter().find(|level| level.as_str() == word)
    }

    /// The word that `--list-rules` prints.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Warn => "warn",
            Self::Deny => "deny",
        }
    }
}

/// How a rule's problem shows in code.
#[derive(Debug)]
pub struct Shape {
    /// Name within the rule, kebab-case.
    pub name: &'static str,
    /// Decides whether the shape is shown by default.
    pub confidence: Confidence,
    /// One line for `--explain`: lower case, no full stop.
    pub summary: &'static str,
}

impl Shape {
    /// A shape that is shown by default.
    pub const fn certain(name: &'static str, summary: &'static str) -> Shape {
        Shape { name, confidence: Confidence::Certain, summary }
    }

    /// A shape that is shown when asked for.
    pub const fn likely(name: &'static str, summary: &'static str) -> Shape {
        Shape { name, confidence: Confidence::Likely, summary }
    }

    /// A shape whose precision has not been measured.
    pub const fn nursery(name: &'static str, summary: &'static str) -> Shape {
        Shape { name, confidence: Confidence::Nursery, summary }
    }
}

/// A rule, as users see it.
#[derive(Debug)]
pub struct Rule {
    /// Kebab-case; reads well after "allow".
    pub name: &'static str,
    /// One line for `--list-rules`: lower case, no full stop.
    pub summary: &'static str,
    /// Level unless the command line says otherwise.
    pub level: Level,
    /// First version that had the rule.
    pub since: &'static str,
    /// Every shape the rule can report.
    pub shapes: &'static [&'static Shape],
    /// Its page of the book, as Markdown.
    pub doc: &'static str,
}

impl Rule {
    /// The spelling used inside attributes, where a hyphen cannot stand.
    pub fn attribute_name(&self) -> String {
        self.name.replace('-', "_")
    }
}

/// Declares a rule; its documentation is a page of the book, taken in by `include_str!`.
///
/// The page needs the sections `What it checks`, `Why`, `An incident`, `How it decides`, `How it can be wrong`,
/// `Bad` and `Good`.
///
/// ```
/// use locus_checker::declare_rule;
/// use locus_checker::finding::Confidence;
/// use locus_checker::rule::{Level, Shape};
///
/// static NO_CAPACITY: Shape = Shape {
///     name: "no-capacity",
///     confidence: Confidence::Certain,
///     summary: "a mailbox without a capacity",
/// };
///
/// declare_rule! {
///     pub static UNBOUNDED_MAILBOX = {
///         name: "unbounded-mailbox",
///         summary: "mailbox has no declared capacity",
///         level: Level::Warn,
///         since: "0.1.0",
///         shapes: [&NO_CAPACITY],
///         doc: "## What it checks\nMailboxes declared without a capacity.\n",
///     }
/// }
/// assert!(UNBOUNDED_MAILBOX.doc.starts_with("## What it checks\nMailboxes"));
/// ```
#[macro_export]
macro_rules! declare_rule {
    (
        $vis:vis static $ident:ident = {
            name: $name:literal,
            summary: $summary:literal,
            level: $level:expr,
            since: $since:literal,
            shapes: [$($shape:expr),* $(,)?],
            doc: $doc:expr $(,)?
        }
    ) => {
        #[doc = $summary]
        $vis static $ident: $crate::rule::Rule = $crate::rule::Rule {
            name: $name,
            summary: $summary,
            level: $level,
            since: $since,
            shapes: &[$($shape),*],
            doc: $doc,
        };
    };
}
