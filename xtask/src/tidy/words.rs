//! Words that may not be committed: unfinished work, and paths of somebody's machine.

use super::code::without_comments;
use super::{Problem, Tree};

/// Marks of unfinished work, in code and comments. Split, so that this file does not contain them.
const UNFINISHED: [&str; 2] = [concat!("FIX", "ME"), concat!("TO", "DO")];
/// Macros of unfinished work; only calls count, since the checker names them in its models.
const UNFINISHED_CALLS: [&str; 3] =
    [concat!("dbg", "!"), concat!("todo", "!"), concat!("unimplemented", "!")];

/// Directories that exist on one machine: a committed path below one of them is wrong everywhere else.
const PRIVATE_DIRECTORIES: [&str; 4] =
    [concat!("/ho", "me/"), concat!("/ro", "ot/"), concat!("/Us", "ers/"), concat!("/wo", "rk/")];

pub(super) fn banned_words(tree: &Tree, problems: &mut Vec<Problem>) {
    for file in tree.with_suffix(".rs") {
        for (line, text) in file.lines() {
            problems.extend(
                found(text, &UNFINISHED).map(|word| {
                    file.problem(line, format!("`{word}`: finish it, or leave it out and say so"))
                }),
            );
        }
        for (index, text) in without_comments(&file.text).lines().enumerate() {
            problems.extend(
                found(text, &UNFINISHED_CALLS)
                    .map(|word| file.problem(index + 1, format!("`{word}` in code"))),
            );
        }
    }
}

pub(super) fn machine_paths(tree: &Tree, problems: &mut Vec<Problem>) {
    for file in &tree.files {
        for (line, text) in file.lines() {
            let at_start = PRIVATE_DIRECTORIES
                .iter()
                .filter(|path| text.match_indices(**path).any(|(at, _)| !continues_a_path(&text[..at])));
            problems.extend(
                at_start.map(|path| file.problem(line, format!("`{path}..` is a path of one machine"))),
            );
        }
    }
}

/// Words of `words` that stand by themselves in `text`.
fn found<'w>(text: &str, words: &'w [&'w str]) -> impl Iterator<Item = &'w str> {
    words.iter().copied().filter(move |word| {
        text.match_indices(word).any(|(at, _)| {
            let before = text[..at].chars().next_back();
            let after = text[at + word.len()..].chars().next();
            !before.is_some_and(is_word) && (word.ends_with('!') || !after.is_some_and(is_word))
        })
    })
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

/// Whether what stands before a match makes it the inside of a longer path or address.
fn continues_a_path(before: &str) -> bool {
    before.chars().next_back().is_some_and(|last| is_word(last) || matches!(last, '.' | '}' | '-' | '*'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::testing::said;

    #[test]
    fn unfinished_work_is_named_with_its_line() {
        let text = format!("//! A.\n// {}: later\nfn f() {{ {}() }}\n", UNFINISHED[0], UNFINISHED_CALLS[1]);
        let said = said(banned_words, &[("a/src/x.rs", &text)]);
        assert_eq!(said.len(), 2);
        assert!(said[0].starts_with("a/src/x.rs:2:") && said[1].starts_with("a/src/x.rs:3:"), "{said:?}");
    }

    #[test]
    fn a_macro_named_in_text_is_no_call() {
        let text = format!("// `{0}` is a call\nlet names = [\"{0}\"];\nmy_{0}();\n", UNFINISHED_CALLS[0]);
        assert!(said(banned_words, &[("a/src/x.rs", &text)]).is_empty());
    }

    #[test]
    fn private_directories_are_found_in_any_file() {
        let text = format!("see {}someone/x\n", PRIVATE_DIRECTORIES[0]);
        assert_eq!(said(machine_paths, &[("docs/a.md", &text)]).len(), 1);
    }

    #[test]
    fn the_same_words_inside_an_address_or_relative_path_pass() {
        let text = format!("https://example.org{0}x ../a{0}b\n", PRIVATE_DIRECTORIES[0]);
        assert!(said(machine_paths, &[("docs/a.md", &text)]).is_empty());
    }
}
