//! Files of tests, measurements and demonstrations, told from those of the program.
//!
//! Decided by where a package lies in its workspace, a file in its package, and by the names of modules. Bare files have no
//! package to lie in, and are never taken for support.

use super::{File, Workspace};
use std::borrow::Cow;
use std::path::{Component, Path};

/// Folders of a package that hold no part of its service.
const FOLDERS: [&str; 3] = ["benches", "examples", "tests"];
/// Modules that tests are made of, as folders or files.
const MODULES: [&str; 14] = [
    "test",
    "tests",
    "testing",
    "test_util",
    "test_utils",
    "test_utilities",
    "test_helpers",
    "test_support",
    "testutil",
    "testutils",
    "mock",
    "mocks",
    "bench",
    "benches",
];
/// How files of tests begin.
const BEFORE: [&str; 2] = ["test_", "mock_"];
/// How files of tests, and packages, end.
const BEHIND: [&str; 6] = ["_test", "_tests", "_mock", "_test_utils", "_test_helpers", "_test_support"];
/// What people copy from, or run: of it certain things are said.
const SHOWN: [&str; 4] = ["examples", "bench", "benches", "fuzz"];
/// How packages end that measure others.
const MEASURES: [&str; 6] =
    ["_bench", "_benches", "_benchmark", "_benchmarks", "_load_generator", "_loadgen"];
/// Folders of a workspace whose packages only try the others.
const PACKAGES: [&str; 9] =
    ["benches", "examples", "fuzz", "integration", "conformance", "test", "tests", "mock", "mocks"];

/// What a file is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Support {
    /// For tests.
    Tests,
    /// To be copied from, to measure, to fuzz.
    Shown,
}

/// What a file is there for, if not for the program itself.
pub(crate) fn support(workspace: &Workspace, file: &File) -> Option<Support> {
    let folder = workspace.packages[file.package].manifest.as_deref().and_then(Path::parent)?;
    // Seen from the workspace, where both lie below it; a package may also lie elsewhere.
    let package = folder.strip_prefix(&workspace.root).unwrap_or(Path::new(""));
    let path = workspace.root.join(&file.source.path);
    let names =
        Names { package: parts(package).collect(), within: parts(path.strip_prefix(folder).ok()?).collect() };
    match () {
        () if names.tell(|name| !is_shown(name)) => Some(Support::Tests),
        () if names.tell(|_| true) => Some(Support::Shown),
        () => None,
    }
}

fn is_shown(name: &str) -> bool {
    SHOWN.contains(&name) || measures(name)
}

fn measures(name: &str) -> bool {
    MEASURES.iter().any(|word| name.ends_with(word))
}

/// The names on the way to a file: to its package, and within that.
struct Names<'p> {
    package: Vec<Cow<'p, str>>,
    within: Vec<Cow<'p, str>>,
}

impl Names<'_> {
    /// Whether a file is none of the program's, by those names that `counts` lets count.
    fn tell(&self, counts: impl Fn(&str) -> bool) -> bool {
        let is_apart =
            |part: &str| PACKAGES.contains(&part) || ends_so(part) || begins_so(part) || measures(part);
        self.package.iter().any(|part| counts(part) && is_apart(part))
            || self.within.first().is_some_and(|first| counts(first) && FOLDERS.contains(&&**first))
            || self.within.iter().any(|part| counts(part) && is_of_tests(part))
    }
}

/// The names along a path, without what the last one ends in.
fn parts(path: &Path) -> impl Iterator<Item = Cow<'_, str>> {
    path.components().filter_map(|part| match part {
        Component::Normal(name) => {
            let name = Path::new(name).file_stem()?.to_str()?;
            Some(if name.contains('-') { Cow::from(name.replace('-', "_")) } else { Cow::from(name) })
        }
        _ => None,
    })
}

/// Whether a module, or a file, holds tests by its name.
pub(crate) fn is_of_tests(name: &str) -> bool {
    MODULES.contains(&name) || ends_so(name) || begins_so(name)
}

fn begins_so(name: &str) -> bool {
    BEFORE.iter().any(|affix| name.starts_with(affix))
}

fn ends_so(name: &str) -> bool {
    BEHIND.iter().any(|affix| name.ends_with(affix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_tests_are_known_from_others() {
        assert!(["tests", "mock_scheduler", "span_test", "testing"].into_iter().all(is_of_tests));
        assert!(!["attest", "testament", "latest", "contest", "main"].into_iter().any(is_of_tests));
    }
}
