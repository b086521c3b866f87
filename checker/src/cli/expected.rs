//! Packages with planted findings: what is found in them is compared with marks in their source.
//!
//! `//~ RULE` at the end of a line expects one finding of that rule there. A finding that is expected is shown only when
//! asked for; one that is not, and a mark that nothing answers, are errors, whatever the levels say.

use std::collections::BTreeMap;

use crate::analysis::Analysis;
use crate::finding::{FileId, Finding, Label, Span};
use crate::report::{Diagnostic, LineIndex};

/// Code of the diagnostics about marks.
const CODE: &str = "expected-finding";

const MARK: &str = "//~ ";

/// How the findings of packages with marks compare.
#[derive(Debug, Default)]
pub(super) struct Compared {
    /// Those a mark expects.
    pub(super) expected: Vec<Finding>,
    /// Unexpected ones, and marks that nothing answers.
    pub(super) problems: Vec<Diagnostic>,
}

/// Takes the findings of `packages`, which have marks, out of `findings` and compares them with the marks.
pub(super) fn compare(analysis: &Analysis, packages: &[String], findings: &mut Vec<Finding>) -> Compared {
    let mut marks = marks(analysis, packages);
    let mut compared = Compared::default();
    let (theirs, others): (Vec<_>, Vec<_>) =
        std::mem::take(findings).into_iter().partition(|finding| packages.contains(&finding.subject.package));
    *findings = others;
    for finding in theirs {
        let here = marks.entry(line_of(analysis, &finding)).or_default();
        match here.iter().position(|mark| mark.rule == finding.rule.name) {
            Some(at) => {
                here.remove(at);
                compared.expected.push(finding);
            }
            None => compared.problems.push(unexpected(&finding)),
        }
    }
    compared.problems.extend(marks.into_values().flatten().map(|mark| unanswered(&mark)));
    compared
}

/// A file, and a line in it, from 1.
type Line = (FileId, usize);

/// A rule that is expected on a line.
struct Mark {
    rule: String,
    span: Span,
}

fn line_of(analysis: &Analysis, finding: &Finding) -> Line {
    let span = finding.primary.span;
    let source = analysis.sources.get(span.file.0 as usize);
    (span.file, source.map_or(0, |source| LineIndex::new(&source.text).position(span.start as usize).0))
}

fn marks(analysis: &Analysis, packages: &[String]) -> BTreeMap<Line, Vec<Mark>> {
    let marked =
        analysis.files_with_packages().filter(|(_, package)| packages.iter().any(|one| one == package));
    let mut marks: BTreeMap<Line, Vec<Mark>> = BTreeMap::new();
    for (file, _) in marked {
        for (line, start, text) in marked_lines(&analysis.sources[file.0 as usize].text) {
            let byte = |at: usize| u32::try_from(start + at).unwrap_or(u32::MAX);
            let here = words(text).map(|(at, rule)| {
                let span = Span { file, start: byte(at), end: byte(at + rule.len()) };
                Mark { rule: rule.to_owned(), span }
            });
            marks.entry((file, line)).or_default().extend(here);
        }
    }
    marks
}

/// What stands behind the mark on each line that has one: the line's number, where in the text it begins, and it.
fn marked_lines(text: &str) -> impl Iterator<Item = (usize, usize, &str)> {
    let lines = text.split_inclusive('\n').scan(0, |next, line| {
        let start = *next;
        *next += line.len();
        Some((start, line))
    });
    (1..).zip(lines).filter_map(|(number, (start, line))| {
        let at = line.find(MARK)? + MARK.len();
        Some((number, start + at, &line[at..]))
    })
}

/// The words of a text, each with where it begins.
fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut end = 0;
    text.split_whitespace().filter_map(move |word| {
        let start = end + text.get(end..)?.find(word)?;
        end = start + word.len();
        Some((start, word))
    })
}

fn unexpected(finding: &Finding) -> Diagnostic {
    let message =
        format!("`{}` is found here and no mark expects it: {}", finding.rule.name, finding.message);
    Diagnostic::error(CODE, message, Some(finding.primary.clone()))
        .help(format!("mend it, or expect it: `{MARK}{}` at the end of the line", finding.rule.name))
}

fn unanswered(mark: &Mark) -> Diagnostic {
    let message = format!("`{}` is expected on this line and not found", mark.rule);
    Diagnostic::error(CODE, message, Some(Label::new(mark.span, "nothing answers this mark")))
        .help("take the mark away, or find out why the checker no longer sees it")
}

#[cfg(test)]
mod tests {
    use super::{marked_lines, words};

    #[test]
    fn marks_are_found_with_where_their_words_stand() {
        let text = "one\r\nçe; //~ a ab  a \n//~ \nlast //~ z";
        let found: Vec<(usize, Vec<&str>)> = marked_lines(text)
            .map(|(line, _, behind)| (line, words(behind).map(|(_, word)| word).collect()))
            .collect();
        assert_eq!(found, [(2, vec!["a", "ab", "a"]), (3, vec![]), (4, vec!["z"])]);
        for (_, start, behind) in marked_lines(text) {
            for (at, word) in words(behind) {
                assert_eq!(&text[start + at..start + at + word.len()], word);
            }
        }
        assert_eq!(words(" a ab  a ").collect::<Vec<_>>(), [(1, "a"), (3, "ab"), (7, "a")]);
    }
}
