//! The size ratchet: no file above [`CODE_LINES_MAX`] code lines, but for a list whose numbers may only fall.

use toml::Table;

use super::code::code_lines;
use super::{Problem, Tree};

/// A file above this holds more than one concept; the best-read runtimes keep nine files in ten below it.
const CODE_LINES_MAX: usize = 400;

/// Where the exceptions stand: `[code_lines]`, path to number.
const ALLOW_LIST: &str = "xtask/size-allow.toml";

pub(super) fn check(tree: &Tree, problems: &mut Vec<Problem>) {
    let allowed = match allowed(tree) {
        Ok(allowed) => allowed,
        Err(message) => return problems.push(about_list(message)),
    };
    for file in tree.with_suffix(".rs") {
        if let Err(message) = judge(code_lines(&file.text), limit(&allowed, &file.path)) {
            problems.push(file.problem(0, message));
        }
    }
    let gone = allowed.keys().filter(|path| tree.file(path).is_none());
    problems.extend(gone.map(|path| about_list(format!("`{path}` is gone; remove its entry"))));
}

fn judge(lines: usize, allowed: Option<usize>) -> Result<(), String> {
    match allowed {
        None if lines > CODE_LINES_MAX => {
            Err(format!("{lines} code lines, limit {CODE_LINES_MAX}; split by concept"))
        }
        Some(_) if lines <= CODE_LINES_MAX => {
            Err(format!("{lines} code lines, within the limit; remove its entry"))
        }
        Some(cap) if lines > cap => Err(format!("grew from {cap} to {lines} code lines")),
        Some(cap) if lines < cap => Err(format!("shrank to {lines} code lines; lower its entry from {cap}")),
        _ => Ok(()),
    }
}

fn allowed(tree: &Tree) -> Result<Table, String> {
    let Some(file) = tree.file(ALLOW_LIST) else { return Ok(Table::new()) };
    let mut list: Table = file.text.parse().map_err(|error| format!("{error}"))?;
    match list.remove("code_lines") {
        Some(toml::Value::Table(entries)) => Ok(entries),
        None => Ok(Table::new()),
        Some(_) => Err("`code_lines` is not a table".to_owned()),
    }
}

fn limit(allowed: &Table, path: &str) -> Option<usize> {
    allowed.get(path)?.as_integer().and_then(|lines| usize::try_from(lines).ok())
}

fn about_list(message: String) -> Problem {
    Problem { path: ALLOW_LIST.to_owned(), line: 0, message }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::testing::said;

    fn source(lines: usize) -> String {
        "f();\n".repeat(lines)
    }

    #[test]
    fn the_limit_itself_passes() {
        assert_eq!(said(check, &[("a/src/x.rs", &source(CODE_LINES_MAX))]), [""; 0]);
        let over = said(check, &[("a/src/x.rs", &source(CODE_LINES_MAX + 1))]);
        assert_eq!(over, ["a/src/x.rs: 401 code lines, limit 400; split by concept"]);
    }

    #[test]
    fn an_entry_may_only_fall() {
        let list = "[code_lines]\n\"a/src/x.rs\" = 450\n";
        for (lines, says) in [(450, None), (451, Some("grew")), (449, Some("lower")), (400, Some("remove"))] {
            let said = said(check, &[("a/src/x.rs", &source(lines)), (ALLOW_LIST, list)]);
            match says {
                None => assert!(said.is_empty(), "{said:?}"),
                Some(word) => assert!(said.len() == 1 && said[0].contains(word), "{said:?}"),
            }
        }
    }

    #[test]
    fn an_entry_for_a_file_that_is_gone_is_reported() {
        let said = said(check, &[(ALLOW_LIST, "[code_lines]\n\"a/src/x.rs\" = 450\n")]);
        assert_eq!(said, ["xtask/size-allow.toml: `a/src/x.rs` is gone; remove its entry"]);
    }

    #[test]
    fn fixtures_are_not_measured() {
        assert!(said(check, &[("checker/tests/fixtures/big.rs", &source(900))]).is_empty());
    }
}
