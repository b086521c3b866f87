//! Byte offsets to lines and columns.
//!
//! Columns count characters from 1, as rustc's do. Offsets past the end are taken as the end.

/// Start of each line of one text.
pub(crate) struct LineIndex<'t> {
    text: &'t str,
    starts: Vec<usize>,
}

impl<'t> LineIndex<'t> {
    pub(crate) fn new(text: &'t str) -> Self {
        let after_breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1);
        Self { text, starts: std::iter::once(0).chain(after_breaks).collect() }
    }

    /// Line and column of `offset`, both from 1.
    pub(crate) fn position(&self, offset: usize) -> (usize, usize) {
        let offset = floor_boundary(self.text, offset);
        let line = self.starts.partition_point(|start| *start <= offset);
        let start = self.starts[line - 1];
        (line, self.text[start..offset].chars().count() + 1)
    }

    /// Text of `line` (from 1) without its line break.
    pub(crate) fn line(&self, line: usize) -> &'t str {
        let start = self.starts[line - 1];
        let end = self.starts.get(line).map_or(self.text.len(), |next| next - 1);
        self.text[start..end].trim_end_matches('\r')
    }
}

/// The character boundary at or before `offset`.
pub(crate) fn floor_boundary(text: &str, offset: usize) -> usize {
    let offset = offset.min(text.len());
    (0..=offset).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::LineIndex;

    #[test]
    fn counts_characters_and_survives_the_end() {
        let index = LineIndex::new("ab\r\nçd\nlast");
        assert_eq!(index.position(0), (1, 1));
        assert_eq!(index.position(4), (2, 1));
        assert_eq!(index.position(6), (2, 2));
        assert_eq!(index.position(5), (2, 1));
        assert_eq!(index.position(99), (3, 5));
        assert_eq!(index.line(1), "ab");
        assert_eq!(index.line(2), "çd");
        assert_eq!(index.line(3), "last");
    }
}
