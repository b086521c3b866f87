//! `cargo xtask tidy`: what every file of this repository must hold to, beyond what rustfmt and clippy see.
//!
//! The checks are functions over a [`Tree`], which is plain data, so that their tests need no disk. Each check looks
//! at one thing, and all problems are reported in one run, sorted by file and line.

mod code;
mod dependencies;
mod documents;
mod headers;
mod layers;
mod layout;
mod size;
mod words;

pub(crate) use code::without_comments;

use std::path::Path;
use std::process::ExitCode;

use crate::ledger::Outcome;
use crate::workspace;

/// A text file under version control.
pub(crate) struct File {
    /// Relative to the root, with forward slashes.
    pub(crate) path: String,
    pub(crate) text: String,
}

/// Every text file under version control.
pub(crate) struct Tree {
    pub(crate) files: Vec<File>,
}

/// One thing to mend.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Problem {
    pub(crate) path: String,
    /// From 1; 0 where the problem is about the file as a whole.
    pub(crate) line: usize,
    pub(crate) message: String,
}

type Check = fn(&Tree, &mut Vec<Problem>);

const CHECKS: &[Check] = &[
    size::check,
    headers::check,
    words::banned_words,
    words::machine_paths,
    layout::module_files,
    layout::crowded_directories,
    layout::orphan_modules,
    layers::check,
    dependencies::check,
    documents::modules_named,
    documents::commands_true,
    documents::variables_true,
];

/// Entry point of the command.
pub(crate) fn run(arguments: &[String]) -> Result<ExitCode, String> {
    crate::expect_no_arguments("tidy", arguments)?;
    match outcome(&workspace::root()?) {
        Outcome::Failed(message) => {
            eprintln!("error: {message}");
            Ok(ExitCode::FAILURE)
        }
        _ => Ok(ExitCode::SUCCESS),
    }
}

/// Runs every check over the repository at `root` and prints what is wrong.
pub(crate) fn outcome(root: &Path) -> Outcome {
    let tree = match Tree::load(root) {
        Ok(tree) => tree,
        Err(message) => return Outcome::Failed(message),
    };
    let problems = problems(&tree);
    for problem in &problems {
        println!("{problem}");
    }
    println!("tidy: {} files, {} problems", tree.files.len(), problems.len());
    if problems.is_empty() {
        Outcome::Passed
    } else {
        Outcome::Failed(format!("{} problems", problems.len()))
    }
}

fn problems(tree: &Tree) -> Vec<Problem> {
    let mut problems = Vec::new();
    for check in CHECKS {
        check(tree, &mut problems);
    }
    problems.sort();
    problems
}

impl Tree {
    /// Reads every text file under version control below `root`; binary files and deleted ones are left out.
    pub(crate) fn load(root: &Path) -> Result<Self, String> {
        let paths = workspace::tracked_files(root)?;
        let files = paths.into_iter().filter_map(|path| {
            let text = std::fs::read_to_string(root.join(&path)).ok()?;
            (!text.contains('\0')).then_some(File { path, text })
        });
        Ok(Self { files: files.collect() })
    }

    pub(crate) fn file(&self, path: &str) -> Option<&File> {
        self.files.iter().find(|file| file.path == path)
    }

    /// Files whose name ends in `suffix`, without those a test feeds to our own tools.
    fn with_suffix<'a>(&'a self, suffix: &'a str) -> impl Iterator<Item = &'a File> {
        self.files.iter().filter(move |file| file.path.ends_with(suffix) && !file.is_test_input())
    }
}

impl File {
    /// Whether this file is input of a test (a fixture, a compile-fail case, a workspace to read) and not code of ours.
    fn is_test_input(&self) -> bool {
        let directory = self.path.rsplit_once('/').map_or("", |(directory, _)| directory);
        directory.split('/').any(|part| ["fixtures", "ui", "workspaces"].contains(&part))
    }

    /// Lines with their numbers, from 1.
    fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text.lines().enumerate().map(|(index, line)| (index + 1, line))
    }

    fn problem(&self, line: usize, message: impl Into<String>) -> Problem {
        Problem { path: self.path.clone(), line, message: message.into() }
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.path, self.message),
            line => write!(f, "{}:{line}: {}", self.path, self.message),
        }
    }
}

#[cfg(test)]
pub(crate) mod testing {
    //! Trees written in place, for the tests of the checks.

    use super::{Check, File, Tree};

    pub(crate) fn tree(files: &[(&str, &str)]) -> Tree {
        let file = |(path, text): &(&str, &str)| File { path: (*path).to_owned(), text: (*text).to_owned() };
        Tree { files: files.iter().map(file).collect() }
    }

    /// What `check` says about `files`, one printed problem each.
    pub(crate) fn said(check: Check, files: &[(&str, &str)]) -> Vec<String> {
        let mut problems = Vec::new();
        check(&tree(files), &mut problems);
        problems.iter().map(ToString::to_string).collect()
    }
}
