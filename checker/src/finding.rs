//! What a rule says: one finding, with the places it points at.
//!
//! A finding is complete when it leaves its rule: the reports add no words of their own, they only
//! lay it out. Levels and allows are not known here; they are applied once per run, by `level` and `allow`.
//!
//! Positions are byte offsets into the file as it was read. Lines and columns exist only in reports.

use std::path::PathBuf;

use crate::rule::{Rule, Shape};

pub mod baseline;
mod fingerprint;
pub mod fix;
mod text;

pub use fingerprint::Fingerprint;
pub use text::Text;

/// Index of a file in the sources of the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(pub u32);

/// A half-open range of bytes in one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// The file.
    pub file: FileId,
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Span {
    /// Tells whether `inner` lies within this span.
    pub fn contains(self, inner: Span) -> bool {
        self.file == inner.file && self.start <= inner.start && inner.end <= self.end
    }
}

/// One file as it was read: what the reports quote from.
#[derive(Clone, Debug, Default)]
pub struct SourceFile {
    /// Path as it is shown: relative to the workspace root, or as the user wrote it.
    pub path: PathBuf,
    /// The whole text.
    pub text: Text,
}

/// How sure a shape of a rule is, by measurement rather than by feeling.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Confidence {
    /// Shown by default.
    Certain,
    /// Shown when asked for.
    Likely,
    /// Never shown yet: its precision has not been measured.
    Nursery,
}

impl Confidence {
    /// The word that reports and `--explain` use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Certain => "certain",
            Self::Likely => "likely",
            Self::Nursery => "nursery",
        }
    }
}

/// A span with what is to be said about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// Where.
    pub span: Span,
    /// What, in lower case and without a full stop.
    pub text: String,
}

impl Label {
    /// Puts `text` at `span`.
    pub fn new(span: Span, text: impl Into<String>) -> Self {
        Self { span, text: text.into() }
    }
}

/// What a finding is about, in terms that survive an edit elsewhere in the file.
///
/// Together with the rule's name this identifies the finding from one revision to the next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// Package that holds the code.
    pub package: String,
    /// The place that grows or is lost, for example `chat::Room.recent`.
    pub place: String,
    /// The operation at the primary span, for example `push`.
    pub operation: String,
    /// Declaration of the place, where one exists: an allow on the field or static counts too.
    pub declared_at: Option<Span>,
}

/// One thing a rule found.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The rule that speaks.
    pub rule: &'static Rule,
    /// How the rule's problem shows here.
    pub shape: &'static Shape,
    /// Usually the shape's own; a rule may lower it for one case.
    pub confidence: Confidence,
    /// One line: lower case, names in backticks, no full stop.
    pub message: String,
    /// Where the problem is: the span that tests, editors and allows go by.
    pub primary: Label,
    /// Other sites and the chain from the handler, in the order they are to be read.
    pub secondary: Vec<Label>,
    /// What was looked for and where.
    pub notes: Vec<String>,
    /// What to do about it.
    pub help: String,
    /// What the finding is about.
    pub subject: Subject,
}

impl Finding {
    /// Starts a finding of `shape` with the shape's own confidence and no secondary spans or notes.
    pub fn new(
        rule: &'static Rule,
        shape: &'static Shape,
        message: impl Into<String>,
        primary: Label,
        subject: Subject,
        help: impl Into<String>,
    ) -> Self {
        Self {
            rule,
            shape,
            confidence: shape.confidence,
            message: message.into(),
            primary,
            secondary: Vec::new(),
            notes: Vec::new(),
            help: help.into(),
            subject,
        }
    }

    /// Adds another site.
    #[must_use]
    pub fn label(mut self, label: Label) -> Self {
        self.secondary.push(label);
        self
    }

    /// Adds a note.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }
}
