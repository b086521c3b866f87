//! Changes of the source that mend a finding, where one is known not to change what the program does otherwise.
//!
//! A fix is looked for in the text the finding points into, parsed anew; it speaks only when all of its conditions are
//! seen to hold there. What follows from its edits, and whether two fixes meet, is for who applies them.

use super::{Finding, SourceFile, Span};
use crate::lower::Lines;
use crate::lower::ir::Range;
use syn::spanned::Spanned;

mod apply;
mod race;
mod raw_fd;
mod retain;
mod scope;

pub use apply::{Applied, apply};

/// All edits of a fix belong together: one without the others may not compile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    /// What it does: lower case, no full stop.
    pub message: String,
    /// In the order of the text, none over another.
    pub edits: Vec<Edit>,
}

/// New text in the place of old.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// What goes; empty where text is only added.
    pub span: Span,
    /// What comes.
    pub text: String,
}

/// The fix of `finding`, where there is one.
pub fn fix_of(finding: &Finding, sources: &[SourceFile]) -> Option<Fix> {
    let find = match (finding.rule.name, finding.shape.name) {
        ("resource-leak", "raw-descriptor-lost") => raw_fd::fix,
        ("detached-task", "loser-runs-on") => race::fix,
        ("unbounded-growth", "field-only-grows" | "dead-subscribers-kept") => retain::fix,
        _ => return None,
    };
    let text = &sources.get(finding.primary.span.file.0 as usize)?.text;
    // Most lists that grow hold no senders: a look at the text spares the parse.
    if finding.rule.name == "unbounded-growth" && !text.contains("send(") {
        return None;
    }
    let fix = {
        let tree = syn::parse_file(text).ok()?;
        let place = Place { finding, text, lines: Lines::new(text), tree: &tree };
        find(&place).map(|mut fix| {
            fix.edits.sort_by_key(|edit| edit.span);
            fix
        })
    };
    // The text stays with this thread for the sake of the tree's spans, and the tree is gone.
    proc_macro2::extra::invalidate_current_thread_spans();
    fix
}

/// Where a fix is looked for.
struct Place<'p> {
    finding: &'p Finding,
    text: &'p str,
    lines: Lines<'p>,
    tree: &'p syn::File,
}

impl Place<'_> {
    fn range(&self, of: &impl Spanned) -> Range {
        self.lines.range(of.span())
    }

    /// Whether the finding points at `of`, or into it.
    fn is_at(&self, of: &impl Spanned) -> bool {
        let (range, at) = (self.range(of), self.finding.primary.span);
        range.start <= at.start && at.end <= range.end
    }

    fn text_of(&self, of: &impl Spanned) -> &str {
        let range = self.range(of);
        &self.text[range.start as usize..range.end as usize]
    }

    fn replace(&self, of: &impl Spanned, text: impl Into<String>) -> Edit {
        self.edit(self.range(of), text)
    }

    fn insert(&self, at: u32, text: impl Into<String>) -> Edit {
        self.edit(Range { start: at, end: at }, text)
    }

    fn edit(&self, range: Range, text: impl Into<String>) -> Edit {
        let file = self.finding.primary.span.file;
        Edit { span: Span { file, start: range.start, end: range.end }, text: text.into() }
    }
}

#[cfg(test)]
mod tests;
