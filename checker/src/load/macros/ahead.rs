//! What the files of a workspace will be found to define, told from their text before any is parsed.
//!
//! Without it, whoever calls a macro of another file would be parsed twice. It is a guess: it looks at files that no
//! target reaches, and takes the lines of a definition for what formatted code makes of them. A wrong one costs the time
//! of lowering a file once more, and changes nothing of what is found.

use super::Macros;
use crate::load::Plan;
use crate::load::walk::FILE_BYTES_MAX;
use crate::lower::sym::Sym;
use rayon::prelude::*;
use rustc_hash::FxHashSet;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// What precedes the name of a definition.
const KEYWORD: &str = "macro_rules!";

/// Deepest folder below the root of a target that is looked into.
const DEPTH_MAX: u32 = 16;

/// Most files that are looked at.
const FILES_MAX: usize = 20_000;

/// How far from its name a definition is looked for the end of: whatever there is in a file, reading it takes time by its
/// size.
const DEFINITION_BYTES_MAX: usize = 64 << 10;

/// What the files beside and below the roots of the targets seem to define.
pub(in crate::load) fn read(plan: &Plan) -> Macros<'static> {
    let (mut files, mut folders) = (Vec::new(), FxHashSet::default());
    for (package, _, _, root) in &plan.targets {
        let folder = root.parent().filter(|_| plan.packages[*package].has_manifest);
        folder.into_iter().for_each(|folder| below(folder, *package, 0, &mut folders, &mut files));
    }
    let of_file = |(path, package): &(PathBuf, usize)| {
        let is_read = std::fs::metadata(path).is_ok_and(|of| of.len() <= FILE_BYTES_MAX);
        let text = is_read.then(|| std::fs::read_to_string(path).ok()).flatten().unwrap_or_default();
        let owned =
            |of: Foretold<'_>| (Sym::new(of.name), (of.text.to_owned().into(), of.exported), *package);
        definitions(&text).map(owned).collect::<Vec<_>>()
    };
    let found: Vec<_> = files.par_iter().flat_map_iter(of_file).collect();
    let mut macros = Macros::default();
    for (name, of, package) in found {
        macros.add_one(name, of, (package, &plan.packages[package].name));
    }
    macros
}

fn below(
    folder: &Path,
    package: usize,
    depth: u32,
    seen: &mut FxHashSet<PathBuf>,
    files: &mut Vec<(PathBuf, usize)>,
) {
    if depth > DEPTH_MAX || !seen.insert(folder.to_path_buf()) {
        return;
    }
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let (path, is_hidden) = (entry.path(), entry.file_name().as_encoded_bytes().starts_with(b"."));
        match entry.file_type() {
            Ok(of) if of.is_dir() && !is_hidden => below(&path, package, depth + 1, seen, files),
            Ok(of) if of.is_file() && is_rust(&path) && files.len() < FILES_MAX => {
                files.push((path, package))
            }
            _ => {}
        }
    }
}

fn is_rust(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "rs")
}

/// A definition.
#[derive(Debug, PartialEq)]
struct Foretold<'t> {
    name: &'t str,
    /// From its name to the bracket that ends it.
    text: &'t str,
    exported: bool,
}

fn definitions(text: &str) -> impl Iterator<Item = Foretold<'_>> {
    let mut quoted = Quoted { text, known: 0..0 };
    text.match_indices(KEYWORD).filter(move |(at, _)| !quoted.has(*at)).filter_map(|(at, _)| {
        let line = text[..at].rfind('\n').map_or(0, |before| before + 1);
        let indent = text.get(line..at).filter(|before| before.trim().is_empty())?;
        let all = text[at + KEYWORD.len()..].trim_start();
        let all = &all[..all.floor_char_boundary(DEFINITION_BYTES_MAX)];
        let name_end = all.find(|sign: char| !sign.is_alphanumeric() && sign != '_')?;
        let open = all[name_end..].trim_start().chars().next()?;
        let close = match open {
            '{' => '}',
            '(' => ')',
            '[' => ']',
            _ => return None,
        };
        let first = all.find('\n').unwrap_or(all.len());
        let head = all[..first].trim_end_matches(['\r', ';']);
        let end = match head.ends_with(close) {
            true => head.len(),
            false => {
                let last = format!("\n{indent}{close}");
                all.find(&last)? + last.len()
            }
        };
        let above = text[..line].lines().rev().take_while(|line| line.trim_start().starts_with(['#', '/']));
        let exported = above.into_iter().any(|line| line.contains("macro_export"));
        Some(Foretold { name: &all[..name_end], text: &all[..end], exported })
    })
}

/// Raw strings, in which tests of what reads code hold code: asked about places from the first to the last.
struct Quoted<'t> {
    text: &'t str,
    /// The last one found; before that the beginning.
    known: Range<usize>,
}

impl Quoted<'_> {
    fn has(&mut self, at: usize) -> bool {
        while self.known.end <= at {
            let Some(next) = self.next() else { return false };
            self.known = next;
        }
        self.known.contains(&at)
    }

    /// The next one: those without a `#` hold no code to speak of.
    fn next(&self) -> Option<Range<usize>> {
        let rest = &self.text[self.known.end..];
        let opens = rest.match_indices("r#").find_map(|(at, _)| {
            let hashes = rest[at + 1..].bytes().take_while(|byte| *byte == b'#').count();
            rest[at + 1 + hashes..].starts_with('"').then_some((at, hashes))
        });
        let (open, hashes) = opens?;
        let inside = open + 1 + hashes + 1;
        let close = format!("\"{}", "#".repeat(hashes));
        let end = rest[inside..].find(&close).map_or(rest.len(), |end| inside + end + close.len());
        Some(self.known.end + open..self.known.end + end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lower::{self, cfg::CfgEnv, ir};

    #[test]
    fn a_formatted_definition_is_foretold_as_it_is_found() {
        let text = "const R: &str = r##\"\nmacro_rules! none { () => { r#\"\"# } }\n\"##;\nfn f(r#in: u8) {}\n\
                    macro_rules! one { ($a:expr) => { $a } }\nmod m {\n    macro_rules! two (\n        () => {\n            \
                    { \"}\" }\n        };\n    );\n}\n// macro_rules! no {}\n#[macro_export]\nmacro_rules! three {\n    () \
                    => {};\n}\n";
        let ir = lower::file(text, &CfgEnv::default()).unwrap();
        let at = |of: ir::Range| &text[of.start as usize..of.end as usize];
        let found = ir.macros_defined.iter().map(|of| (of.name, at(of.at), of.exported));
        let foretold = definitions(text).map(|of| (Sym::new(of.name), of.text, of.exported));
        assert_eq!(foretold.collect::<Vec<_>>(), found.collect::<Vec<_>>());
    }
}
