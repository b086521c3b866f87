//! Compares counts with ceilings: every violation, with actual, ceiling and the sites that count.

use super::{Budget, Ceiling, Count, Counts, Key};
use crate::finding::Label;
use crate::report::Diagnostic;

/// How far above a count a ceiling may lie before it is called loose.
const LOOSE_BY: u64 = 4;

/// Code of a violated ceiling.
const CODE: &str = "resource-budget";

/// One diagnostic for each count that is over its ceiling; equal is not over.
pub fn check(budget: &Budget, binaries: &[Counts]) -> Vec<Diagnostic> {
    let pairs =
        binaries.iter().flat_map(|counts| counts.counts.iter().map(move |count| (&counts.binary, count)));
    pairs
        .filter_map(|(binary, count)| {
            let ceiling = budget.ceiling(binary, count.key)?;
            (count.actual > ceiling.max).then(|| violation(binary, count, ceiling))
        })
        .collect()
}

/// One line for each ceiling that holds nothing back: twice the count or more, and at least 4 above it.
///
/// A ceiling is compared with the largest count among the binaries it is for.
pub fn loose(budget: &Budget, binaries: &[Counts]) -> Vec<String> {
    let mut lines = Vec::new();
    for key in Key::ALL {
        let held = |counts: &&Counts| budget.ceiling(&counts.binary, key).is_some();
        let mut largest: Vec<(Ceiling, u64)> = Vec::new();
        for counts in binaries.iter().filter(held) {
            let Some(ceiling) = budget.ceiling(&counts.binary, key) else { continue };
            let actual = counts.counts.iter().find(|count| count.key == key).map_or(0, |count| count.actual);
            match largest.iter_mut().find(|(known, _)| known.span == ceiling.span) {
                Some((_, most)) => *most = actual.max(*most),
                None => largest.push((ceiling, actual)),
            }
        }
        let is_loose = |(ceiling, actual): &(Ceiling, u64)| {
            ceiling.max >= actual.saturating_mul(2) && ceiling.max >= actual + LOOSE_BY
        };
        let line = |(ceiling, actual): (Ceiling, u64)| {
            format!(
                "`{key} = {}` is well above what it holds: {} found; lower it",
                ceiling.max,
                key.counted(actual)
            )
        };
        lines.extend(largest.into_iter().filter(is_loose).map(line));
    }
    lines
}

fn violation(binary: &str, count: &Count, ceiling: Ceiling) -> Diagnostic {
    let (key, actual, max) = (count.key, count.actual, ceiling.max);
    let message = format!("`{binary}` has {}, and its ceiling is {max}", key.counted(actual));
    let mut diagnostic = Diagnostic::error(CODE, message, Some(Label::new(ceiling.span, "the ceiling")));
    diagnostic.secondary = count
        .sites
        .iter()
        .map(|site| {
            let adds = if site.adds == 1 { String::new() } else { format!(" (counts {})", site.adds) };
            Label::new(site.span, format!("{}{adds}", site.what))
        })
        .collect();
    let over = actual - max;
    diagnostic.help(format!("take {over} away, or raise `{key}` to {actual} and say beside it why"))
}

#[cfg(test)]
mod tests {
    use super::{check, loose};
    use crate::budget::count::tests::sample;
    use crate::budget::{count, parse};
    use crate::finding::FileId;

    fn messages(budget: &str) -> Vec<String> {
        let (budget, problems) = parse(budget, FileId(1));
        assert!(problems.is_empty(), "{problems:?}");
        let counts = [count(&sample()).unwrap()];
        check(&budget, &counts).into_iter().map(|violation| violation.message).collect()
    }

    #[test]
    fn equal_passes_and_every_violation_is_told() {
        let equal = "pinned_threads = 3\ncooperative_pools = 2\nbus_subjects = 1\nfd_open_sites = 0\n";
        assert_eq!(messages(equal), Vec::<String>::new());
        assert_eq!(
            messages("pinned_threads = 2\ncooperative_pools = 0\nbus_subjects = 9\n"),
            [
                "`chat` has 3 pinned threads, and its ceiling is 2",
                "`chat` has 2 cooperative pools, and its ceiling is 0"
            ]
        );
    }

    #[test]
    fn a_ceiling_well_above_every_count_is_loose() {
        let lines = |text: &str| {
            let (budget, _) = parse(text, FileId(1));
            loose(&budget, &[count(&sample()).unwrap()])
        };
        assert_eq!(lines("pinned_threads = 6\nfd_open_sites = 3\n"), Vec::<String>::new());
        assert_eq!(
            lines("pinned_threads = 7\nfd_open_sites = 4\n"),
            [
                "`pinned_threads = 7` is well above what it holds: 3 pinned threads found; lower it",
                "`fd_open_sites = 4` is well above what it holds: 0 fd open sites found; lower it"
            ]
        );
    }

    #[test]
    fn the_binary_s_own_table_wins() {
        assert_eq!(messages("pinned_threads = 0\n[bin.chat]\npinned_threads = 3\n"), Vec::<String>::new());
        assert_eq!(
            messages("pinned_threads = 9\n[bin.chat]\npinned_threads = 1\n"),
            ["`chat` has 3 pinned threads, and its ceiling is 1"]
        );
    }
}
