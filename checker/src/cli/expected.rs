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
        let span = finding.primary.span;
        let source = analysis.sources.get(span.file.0 as usize);
        let line = source.map_or(0, |source| LineIndex::new(&source.text).position(span.start as usize).0);
        let rules = marks.get_mut(&(span.file, line));
        match rules
            .and_then(|rules| Some((rules.iter().position(|(rule, _)| *rule == finding.rule.name)?, rules)))
        {
            Some((at, rules)) => {
                rules.remove(at);
                compared.expected.push(finding);
            }
            None => compared.problems.push(unexpected(&finding)),
        }
    }
    let unanswered = marks.into_values().flatten().map(|(rule, span)| unanswered(&rule, span));
    compared.problems.extend(unanswered);
    compared
}

type Marks = BTreeMap<(FileId, usize), Vec<(String, Span)>>;

fn marks(analysis: &Analysis, packages: &[String]) -> Marks {
    let mut marks = Marks::new();
    for (file, package) in analysis.files_with_packages() {
        if !packages.iter().any(|expected| expected == package) {
            continue;
        }
        let text = &analysis.sources[file.0 as usize].text;
        let mut start = 0;
        for (index, line) in text.split('\n').enumerate() {
            if let Some(at) = line.find(MARK) {
                let from = start + at + MARK.len();
                for rule in line[at + MARK.len()..].split_whitespace() {
                    let offset = from + (rule.as_ptr() as usize - line[at + MARK.len()..].as_ptr() as usize);
                    let byte = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
                    let span = Span { file, start: byte(offset), end: byte(offset + rule.len()) };
                    marks.entry((file, index + 1)).or_default().push((rule.to_owned(), span));
                }
            }
            start += line.len() + 1;
        }
    }
    marks
}

fn unexpected(finding: &Finding) -> Diagnostic {
    let message =
        format!("`{}` is found here and no mark expects it: {}", finding.rule.name, finding.message);
    Diagnostic::error(CODE, message, Some(finding.primary.clone()))
        .help(format!("mend it, or expect it: `{MARK}{}` at the end of the line", finding.rule.name))
}

fn unanswered(rule: &str, span: Span) -> Diagnostic {
    let message = format!("`{rule}` is expected on this line and not found");
    Diagnostic::error(CODE, message, Some(Label::new(span, "nothing answers this mark")))
        .help("take the mark away, or find out why the checker no longer sees it")
}
