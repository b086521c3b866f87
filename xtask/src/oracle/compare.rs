//! Puts what the checker says beside what rustc says, call by call.
//!
//! A call counts when rustc or the checker takes its receiver for a type that is compared. The receiver is the last
//! type on the way to the method that has a name: of `vec.iter()`, which leads on to the slice, the vector. Both
//! sides agree when they name the same type, or both the slice; a type that the models merge with others by its
//! interface (`also` in their files) is the same as those. A checker that names another type is wrong, one that
//! names none, or does not see the call, does not know.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use super::kind::{self, Kind};

/// What the checker said.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// By `file:line:column` and method.
    calls: HashMap<(String, String), String>,
    /// The model that knows a path, by number.
    classes: HashMap<String, usize>,
    /// The same by crate and last segment, where that is unambiguous.
    by_last: HashMap<(String, String), Option<usize>>,
    /// Paths of each model.
    paths: Vec<Vec<String>>,
}

/// The outcome over one workspace, or several.
#[derive(Debug, Default)]
pub(super) struct Comparison {
    /// Agreed, unknown, wrong, by kind.
    pub(super) counts: BTreeMap<Kind, [usize; 3]>,
    /// One line for each call that is wrong or unknown.
    pub(super) differences: Vec<String>,
}

const AGREED: usize = 0;
const UNKNOWN: usize = 1;
const WRONG: usize = 2;

impl Comparison {
    pub(super) fn sum<'a>(all: impl Iterator<Item = &'a Comparison>) -> Self {
        let mut total = Self::default();
        for (kind, counts) in all.flat_map(|one| &one.counts) {
            let sum = total.counts.entry(*kind).or_default();
            sum.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
        }
        total
    }

    pub(super) fn calls(&self) -> usize {
        self.counts.values().flatten().sum()
    }

    pub(super) fn agreed(&self) -> usize {
        self.counts.values().map(|counts| counts[AGREED]).sum()
    }

    pub(super) fn unknown(&self) -> usize {
        self.counts.values().map(|counts| counts[UNKNOWN]).sum()
    }

    pub(super) fn wrong(&self) -> usize {
        self.counts.values().map(|counts| counts[WRONG]).sum()
    }

    pub(super) fn known_percent(&self) -> f64 {
        100.0 * self.agreed() as f64 / self.calls().max(1) as f64
    }
}

impl Known {
    /// Reads what `checker --dump-receivers` prints.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let mut known = Self::default();
        for line in text.lines() {
            if let Some(paths) = line.strip_prefix("= ") {
                known.model(paths.split(' ').map(str::to_owned).collect());
                continue;
            }
            let mut parts = line.split('\t');
            let (Some(place), Some(method), Some(ty)) = (parts.next(), parts.next(), parts.next()) else {
                return Err(format!("not a line of `--dump-receivers`: `{line}`"));
            };
            known.calls.insert((place.to_owned(), method.to_owned()), ty.to_owned());
        }
        Ok(known)
    }

    fn model(&mut self, paths: Vec<String>) {
        let number = self.paths.len();
        for path in &paths {
            self.classes.insert(path.clone(), number);
            let last = self.by_last.entry(ends(path)).or_insert(Some(number));
            if *last != Some(number) {
                *last = None;
            }
        }
        self.paths.push(paths);
    }

    fn class(&self, path: &str) -> Option<usize> {
        self.classes.get(path).copied().or_else(|| *self.by_last.get(&ends(path))?)
    }

    /// Whether the checker's `told` is the type that rustc shows.
    fn same(&self, shown: &Shown<'_>, told: &str) -> bool {
        let class = self.class(told);
        let one = |path: &String| {
            let unmodelled = told.split_once("::..::");
            let ends = ends(path);
            *path == told
                || (class.is_some() && self.class(path) == class)
                || unmodelled.is_some_and(|(krate, last)| ends.0 == krate && ends.1 == last)
        };
        shown.paths.iter().any(one) || shown.text == told
    }

    /// The kind of the type that the checker names.
    fn kind_of(&self, told: &str) -> Option<Kind> {
        let own = kind::of(told);
        let class = || self.paths.get(self.class(told)?)?.iter().find_map(|path| kind::of(path));
        own.or_else(class)
    }
}

/// One type of rustc's: the paths that lead to it, and the whole text.
struct Shown<'a> {
    text: &'a str,
    paths: Vec<String>,
}

impl<'a> Shown<'a> {
    fn of(text: &'a str) -> Self {
        let paths = text.split('=').map(outside).collect();
        Self { text, paths }
    }

    fn kind(&self) -> Option<Kind> {
        self.paths.iter().find_map(|path| kind::of(path))
    }
}

/// `core` and `alloc` are where `std` has its things from.
fn outside(path: &str) -> String {
    match path.split_once("::") {
        Some(("core" | "alloc", rest)) => format!("std::{rest}"),
        _ => path.to_owned(),
    }
}

fn ends(path: &str) -> (String, String) {
    let first = path.split("::").next().unwrap_or_default();
    (first.to_owned(), path.rsplit("::").next().unwrap_or_default().to_owned())
}

/// Compares the lines of the driver with what the checker said.
pub(super) fn compare(truth: &str, told: &Known, root: &Path) -> Comparison {
    let mut comparison = Comparison::default();
    let mut seen = BTreeMap::new();
    // A file may be in several crates; the call is one.
    for line in truth.lines() {
        let mut parts = line.split('\t');
        if let (Some(place), Some(method), Some(chain)) = (parts.next(), parts.next(), parts.next()) {
            seen.entry((place, method)).or_insert(chain);
        }
    }
    let root = format!("{}/", root.display());
    for ((place, method), chain) in seen {
        // What a build script wrote is not the user's source.
        let Some(shown_place) = place.strip_prefix(&root) else { continue };
        let said = told.calls.get(&(place.to_owned(), method.to_owned())).map_or("?", String::as_str);
        let (kind, outcome) = match judge(chain, said, told) {
            Some(judged) => judged,
            None => continue,
        };
        comparison.counts.entry(kind).or_default()[outcome] += 1;
        if outcome != AGREED {
            let word = if outcome == WRONG { "wrong" } else { "unknown" };
            comparison.differences.push(format!("{word}: {shown_place}: `{method}` on {chain}, told {said}"));
        }
    }
    comparison
}

/// The kind of the call and how it came out; none for a call that does not count.
fn judge(chain: &str, said: &str, told: &Known) -> Option<(Kind, usize)> {
    let chain: Vec<Shown<'_>> = chain.split(" > ").map(Shown::of).collect();
    // Which type a parameter stands for is for the caller to say.
    let last = chain.last().filter(|last| last.text != "[param]")?;
    let bare = |shown: &Shown<'_>| shown.text == "[slice]" || shown.text == "str";
    let owner = chain.iter().rev().find(|shown| !bare(shown)).unwrap_or(last);
    let agreed = told.same(owner, said) || told.same(last, said);
    match (owner.kind(), agreed) {
        (Some(kind), true) => Some((kind, AGREED)),
        (Some(kind), false) if said == "?" => Some((kind, UNKNOWN)),
        (Some(kind), false) => Some((kind, WRONG)),
        (None, true) => None,
        (None, false) => told.kind_of(said).map(|kind| (kind, WRONG)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known() -> Known {
        let text = "= std::vec::Vec\n= std::sync::mpsc::Sender flume::Sender\n\
            /r/a.rs:1:2\tpush\tstd::vec::Vec\n/r/a.rs:2:2\tsend\tstd::sync::mpsc::Sender\n\
            /r/a.rs:3:2\tpush\tstd::vec::Vec\n/r/a.rs:4:2\titer\t[slice]\n/r/a.rs:5:2\tpush\t?\n";
        Known::read(text).unwrap()
    }

    fn outcome(truth: &str) -> (usize, usize, usize) {
        let found = compare(truth, &known(), Path::new("/r"));
        (found.agreed(), found.unknown(), found.wrong())
    }

    #[test]
    fn the_same_type_agrees_whatever_path_leads_to_it() {
        assert_eq!(outcome("/r/a.rs:1:2\tpush\tstd::vec::Vec=alloc::vec::Vec\n"), (1, 0, 0));
        assert_eq!(outcome("/r/a.rs:1:2\tpush\tG=x::G > alloc::vec::Vec=alloc::vec::Vec\n"), (1, 0, 0));
        assert_eq!(outcome("/r/a.rs:2:2\tsend\tflume::Sender=flume::Sender\n"), (1, 0, 0));
        assert_eq!(outcome("/r/a.rs:4:2\titer\tstd::vec::Vec=alloc::vec::Vec > [slice]\n"), (1, 0, 0));
    }

    #[test]
    fn another_type_is_wrong_on_either_side() {
        let map = "std::collections::HashMap=std::collections::hash::map::HashMap";
        assert_eq!(outcome(&format!("/r/a.rs:3:2\tpush\t{map}\n")), (0, 0, 1));
        assert_eq!(outcome("/r/a.rs:3:2\tpush\tcrate::Stack\n"), (0, 0, 1));
    }

    #[test]
    fn what_the_checker_does_not_name_is_unknown() {
        assert_eq!(outcome("/r/a.rs:5:2\tpush\tstd::vec::Vec=alloc::vec::Vec\n"), (0, 1, 0));
        assert_eq!(outcome("/r/a.rs:9:9\tpush\tstd::vec::Vec=alloc::vec::Vec\n"), (0, 1, 0));
        assert_eq!(outcome("/r/a.rs:9:9\tmap\tstd::option::Option=core::option::Option\n"), (0, 0, 0));
        assert_eq!(outcome("/elsewhere/a.rs:9:9\tpush\tstd::vec::Vec=alloc::vec::Vec\n"), (0, 0, 0));
    }
}
