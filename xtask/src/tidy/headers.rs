//! Every Rust file opens with a `//!` header that says what it is.

use super::{Problem, Tree};

pub(super) fn check(tree: &Tree, problems: &mut Vec<Problem>) {
    for file in tree.with_suffix(".rs") {
        if !has_header(&file.text) {
            problems.push(file.problem(1, "no `//!` header; say in its first line what this file is"));
        }
    }
}

/// A header is the first thing in a file, but for a script's first line, inner attributes and blank lines.
fn has_header(text: &str) -> bool {
    let mut lines = text.lines().filter(|line| !line.trim().is_empty());
    lines
        .find(|line| !line.starts_with("#!"))
        .and_then(|line| line.strip_prefix("//!"))
        .is_some_and(|first| !first.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::testing::said;

    #[test]
    fn a_header_stands_first() {
        assert!(said(check, &[("a/src/x.rs", "//! What it is.\nfn f() {}\n")]).is_empty());
        assert!(said(check, &[("a/src/x.rs", "#![cfg(unix)]\n//! What it is.\n")]).is_empty());
    }

    #[test]
    fn a_late_or_empty_header_is_none() {
        for text in ["fn f() {}\n//! Late.\n", "//!\n//! Second line.\n", "// Plain comment.\n", ""] {
            assert_eq!(said(check, &[("a/src/x.rs", text)]).len(), 1, "{text:?}");
        }
    }

    #[test]
    fn inputs_of_tests_need_none() {
        assert!(said(check, &[("macros/tests/ui/fail/x.rs", "fn f() {}\n")]).is_empty());
    }
}
