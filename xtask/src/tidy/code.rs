//! Which lines of a Rust file are code.
//!
//! Code is what is left without blank lines, comments and inline `#[cfg(test)]` modules. A hand-written scanner that
//! knows comments, strings and character literals is enough for that, and needs no parser: it also counts files
//! that do not parse.

/// Number of code lines in `text`.
pub(crate) fn code_lines(text: &str) -> usize {
    product_code(text).lines().filter(|line| !line.trim().is_empty()).count()
}

/// `text` without comments and without inline test modules.
pub(crate) fn product_code(text: &str) -> String {
    without_test_modules(&without_comments(text))
}

/// `text` with comments blanked and the content of strings and character literals replaced by `s`. Lines keep their
/// numbers.
pub(crate) fn without_comments(text: &str) -> String {
    let mut scanner = Scanner { rest: text, out: String::with_capacity(text.len()) };
    while let Some(next) = scanner.rest.chars().next() {
        match next {
            '/' if scanner.rest.starts_with("//") => {
                let length = scanner.rest.find('\n').unwrap_or(scanner.rest.len());
                scanner.blank(length);
            }
            '/' if scanner.rest.starts_with("/*") => {
                let length = block_comment_length(scanner.rest);
                scanner.blank(length);
            }
            '"' => scanner.string(),
            'r' if raw_string_hashes(scanner.rest).is_some() && !scanner.in_word() => scanner.raw_string(),
            '\'' => scanner.character_or_lifetime(),
            other => scanner.copy(other),
        }
    }
    scanner.out
}

struct Scanner<'t> {
    rest: &'t str,
    out: String,
}

impl Scanner<'_> {
    fn copy(&mut self, next: char) {
        self.out.push(next);
        self.rest = &self.rest[next.len_utf8()..];
    }

    /// Whether the character before this one belongs to a word, so that an `r` here starts no raw string.
    fn in_word(&self) -> bool {
        self.out
            .chars()
            .next_back()
            .is_some_and(|before| before.is_alphanumeric() && before != 'b' || before == '_')
    }

    fn blank(&mut self, length: usize) {
        self.replace(length, ' ');
    }

    /// Passes `length` bytes, writing `filler` for each character that is not white space.
    fn replace(&mut self, length: usize, filler: char) {
        let (passed, rest) = self.rest.split_at(length);
        self.out.extend(passed.chars().map(|found| if found.is_whitespace() { found } else { filler }));
        self.rest = rest;
    }

    fn string(&mut self) {
        let mut escaped = false;
        let end = self.rest[1..].find(|next: char| {
            let ends = next == '"' && !escaped;
            escaped = next == '\\' && !escaped;
            ends
        });
        self.replace(end.map_or(self.rest.len(), |end| end + 2), 's');
    }

    fn raw_string(&mut self) {
        let hashes = raw_string_hashes(self.rest).unwrap_or(0);
        let opening = 2 + hashes;
        let closing = format!("\"{}", "#".repeat(hashes));
        let end = self.rest[opening..].find(&closing);
        self.replace(end.map_or(self.rest.len(), |end| opening + end + closing.len()), 's');
    }

    /// `'x'` and `'\n'` are literals; `'a` is a lifetime.
    fn character_or_lifetime(&mut self) {
        let mut inside = self.rest[1..].chars();
        let length = match (inside.next(), inside.next()) {
            (Some('\\'), Some(escaped)) => {
                let after = 2 + escaped.len_utf8();
                self.rest[after..].find('\'').map(|end| after + end + 1)
            }
            (Some(literal), Some('\'')) => Some(2 + literal.len_utf8()),
            _ => None,
        };
        match length {
            Some(length) => self.replace(length, 's'),
            None => self.copy('\''),
        }
    }
}

/// How many `#` a raw string that starts here has; `None` if none starts here.
fn raw_string_hashes(rest: &str) -> Option<usize> {
    let after = rest.strip_prefix('r')?;
    let hashes = after.len() - after.trim_start_matches('#').len();
    after[hashes..].starts_with('"').then_some(hashes)
}

/// Length of the block comment that starts here; block comments nest.
fn block_comment_length(rest: &str) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(found) = rest[at..].find(['/', '*']) {
        at += found;
        if rest[at..].starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest[at..].starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    rest.len()
}

/// `code` (without comments) without its inline `#[cfg(test)] mod name { .. }`.
fn without_test_modules(code: &str) -> String {
    const MARK: &str = "#[cfg(test)]";
    let mut kept = String::with_capacity(code.len());
    let mut rest = code;
    while let Some(at) = rest.find(MARK) {
        let after = &rest[at + MARK.len()..];
        match inline_module_length(after) {
            Some(length) => {
                kept.push_str(&rest[..at]);
                rest = &after[length..];
            }
            None => {
                kept.push_str(&rest[..at + MARK.len()]);
                rest = after;
            }
        }
    }
    kept + rest
}

/// Length of the inline module that follows, up to its closing brace.
fn inline_module_length(after: &str) -> Option<usize> {
    let head = &after[..after.find(['{', ';', '}'])?];
    let is_module = head.split_whitespace().any(|word| word == "mod");
    if !is_module || !after[head.len()..].starts_with('{') {
        return None;
    }
    let mut depth = 0_usize;
    for (at, next) in after.char_indices() {
        match next {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => continue,
        }
        if depth == 0 {
            return Some(at + 1);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_blank_lines_do_not_count() {
        assert_eq!(code_lines("//! Doc.\n\n/* a\n /* nested */ b\n*/\nfn f() {} // why\n"), 1);
    }

    #[test]
    fn strings_hide_what_looks_like_comments_and_quotes() {
        assert_eq!(
            code_lines("let a = \"// no \\\" comment\";\nlet b = r#\"/* \" \"#;\nlet c = '\"';\nf();\n"),
            4
        );
        assert_eq!(code_lines("let x: &'a str = br\"//\";\nlet r = '\\'';\nlet bar = \"x\"; // y\n"), 3);
    }

    #[test]
    fn a_string_over_several_lines_is_code() {
        assert_eq!(code_lines("let a = \"one\n// two\nthree\";\n"), 3);
    }

    #[test]
    fn inline_test_modules_do_not_count() {
        let text = "fn f() {}\n#[cfg(test)]\nmod tests {\n fn g() { \"}\"; }\n}\nfn h() {}\n";
        assert_eq!(code_lines(text), 2);
        assert_eq!(code_lines("#[cfg(test)]\nmod tests;\nfn f() {}\n"), 3);
    }
}
