//! From the lines and columns of syn's spans to byte offsets.
//!
//! Columns count characters; in a line of plain ASCII, which nearly all are, that is a byte count too.

use super::ir::Range;
use proc_macro2::LineColumn;

/// Where the lines of a text begin.
pub(crate) struct Lines<'a> {
    text: &'a str,
    starts: Vec<u32>,
    ascii: bool,
}

impl<'a> Lines<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        let ends = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        let starts = std::iter::once(0).chain(ends.map(|(at, _)| clamp(at + 1))).collect();
        Self { text, starts, ascii: text.is_ascii() }
    }

    pub(crate) fn count(&self) -> u32 {
        clamp(self.text.lines().count())
    }

    pub(crate) fn range(&self, span: proc_macro2::Span) -> Range {
        Range { start: self.byte(span.start()), end: self.byte(span.end()) }
    }

    pub(crate) fn byte(&self, position: LineColumn) -> u32 {
        let Some(start) = position.line.checked_sub(1).and_then(|line| self.starts.get(line)) else {
            return 0;
        };
        if self.ascii {
            return start + clamp(position.column);
        }
        // A byte order mark is no part of what syn counts.
        let rest = &self.text[*start as usize..];
        let mark = if *start == 0 && rest.starts_with('\u{feff}') { 3 } else { 0 };
        let rest = &rest[mark..];
        let column = rest.char_indices().nth(position.column).map_or(rest.len(), |(at, _)| at);
        start + clamp(mark + column)
    }
}

/// Files beyond 4 GiB are not read.
fn clamp(bytes: usize) -> u32 {
    u32::try_from(bytes).unwrap_or(u32::MAX)
}
