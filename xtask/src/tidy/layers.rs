//! Imports inside the runtime go down the layers that the architecture draws, and never up.
//!
//! The drawing is the rule: the block marked `layers`, one layer a line, the highest first; modules on one line may know
//! each other. A `pub use` may reach up, since showing something is not building on it, and tests may know everything.

use super::code::product_code;
use super::{File, Problem, Tree};

const DRAWING: &str = "ARCHITECTURE.md";
const OPENING: &str = "```layers";
const SOURCE: &str = "runtime/src/";

pub(super) fn check(tree: &Tree, problems: &mut Vec<Problem>) {
    let Some(layers) = tree.file(DRAWING).map(|file| layers(&file.text)).filter(|layers| !layers.is_empty())
    else {
        return problems.push(Problem {
            path: DRAWING.to_owned(),
            line: 0,
            message: format!("no `{OPENING}` block"),
        });
    };
    for file in tree.files.iter().filter(|file| file.path.ends_with(".rs")) {
        let Some(module) = module_of(file) else { continue };
        let Some(own) = layer_of(&layers, module) else {
            problems.push(file.problem(0, format!("`{module}` is in no layer of {DRAWING}")));
            continue;
        };
        let code = without_exports(&product_code(&file.text));
        for imported in imports(&code) {
            if layer_of(&layers, imported).is_some_and(|layer| layer < own) {
                problems
                    .push(file.problem(0, format!("`{module}` lies below `{imported}` and may not use it")));
            }
        }
    }
}

fn layers(text: &str) -> Vec<Vec<&str>> {
    let block = text.lines().skip_while(|line| line.trim() != OPENING).skip(1);
    block.take_while(|line| !line.starts_with("```")).map(|line| line.split_whitespace().collect()).collect()
}

/// The number of the layer, 0 being the highest.
fn layer_of(layers: &[Vec<&str>], module: &str) -> Option<usize> {
    layers.iter().position(|layer| layer.contains(&module))
}

/// The top-level module a file belongs to; `None` for the root and for files of tests.
fn module_of(file: &File) -> Option<&str> {
    let inside = file.path.strip_prefix(SOURCE)?.strip_suffix(".rs")?;
    let is_test = inside.ends_with("/tests") || inside.ends_with("/models") || inside.contains("/tests/");
    let module = inside.split('/').next()?;
    (module != "lib" && !is_test).then_some(module)
}

/// `code` without its `pub use` statements.
fn without_exports(code: &str) -> String {
    let mut kept = String::with_capacity(code.len());
    let mut rest = code;
    while let Some(at) = rest.find("pub use ") {
        kept.push_str(&rest[..at]);
        rest = rest[at..].find(';').map_or("", |end| &rest[at + end..]);
    }
    kept + rest
}

/// Names that follow `crate::`, also inside the braces of one.
fn imports(code: &str) -> Vec<&str> {
    let mut found = Vec::new();
    for (at, mark) in code.match_indices("crate::") {
        let rest = &code[at + mark.len()..];
        match rest.strip_prefix('{') {
            Some(list) => found.extend(heads(list)),
            None => found.push(word(rest)),
        }
    }
    found.sort_unstable();
    found.dedup();
    found
}

/// The first word of each entry of a list, up to its closing brace.
fn heads(list: &str) -> Vec<&str> {
    let mut found = vec![word(list.trim_start())];
    let mut depth = 0_usize;
    for (at, next) in list.char_indices() {
        match next {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => found.push(word(list[at + 1..].trim_start())),
            _ => {}
        }
    }
    found
}

fn word(text: &str) -> &str {
    let end = text.find(|next: char| !next.is_alphanumeric() && next != '_').unwrap_or(text.len());
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::testing::said;

    const MAP: (&str, &str) = (DRAWING, "# Map\n```layers\napp\nbus pool\nsync\n```\n");

    #[test]
    fn imports_may_go_down_and_sideways() {
        let files = [
            MAP,
            ("runtime/src/app.rs", "use crate::{bus::Lane, pool};"),
            ("runtime/src/bus/lane.rs", "use crate::pool::Bell;\nuse crate::sync;"),
            ("runtime/src/lib.rs", "use crate::app;"),
        ];
        assert_eq!(said(check, &files), [""; 0]);
    }

    #[test]
    fn an_import_that_goes_up_is_named() {
        for code in [
            "use crate::app::Plan;",
            "use crate::{sync::X, bus::{Y, Z},\n app::Plan};",
            "fn f() { crate::app::g() }",
        ] {
            let said = said(check, &[MAP, ("runtime/src/bus/lane.rs", code)]);
            assert_eq!(
                said,
                ["runtime/src/bus/lane.rs: `bus` lies below `app` and may not use it"],
                "{code}"
            );
        }
    }

    #[test]
    fn exports_comments_and_tests_may_reach_up() {
        let code =
            "pub use crate::app::Plan;\n// crate::app\n#[cfg(test)]\nmod tests {\n use crate::app::X;\n}\n";
        let files =
            [MAP, ("runtime/src/sync.rs", code), ("runtime/src/bus/lane/tests.rs", "use crate::app::X;")];
        assert_eq!(said(check, &files), [""; 0]);
    }

    #[test]
    fn a_module_has_to_be_drawn() {
        assert_eq!(said(check, &[MAP, ("runtime/src/odd.rs", "")]).len(), 1);
        assert_eq!(said(check, &[(DRAWING, "# Map\n")]).len(), 1);
    }
}
