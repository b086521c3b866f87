//! Compares counts with ceilings: every violation, with actual, ceiling and the sites that count.

use super::{Budget, Ceiling, Count, Counts};
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
            let ceiling = budget.ceiling_of(binary, count)?;
            (count.actual > ceiling.max).then(|| violation(binary, count, ceiling))
        })
        .collect()
}

/// One line for each ceiling that holds nothing back: twice the count or more, and at least 4 above it.
///
/// A ceiling is compared with the largest count among the binaries it is for.
pub fn loose(budget: &Budget, binaries: &[Counts]) -> Vec<String> {
    let mut largest: Vec<(Ceiling, &Count)> = Vec::new();
    for counts in binaries {
        for count in &counts.counts {
            let Some(ceiling) = budget.ceiling_of(&counts.binary, count) else { continue };
            match largest.iter_mut().find(|(known, _)| known.span == ceiling.span) {
                Some((_, most)) if most.actual < count.actual => *most = count,
                Some(_) => {}
                None => largest.push((ceiling, count)),
            }
        }
    }
    // By key, whatever binary has the ceiling.
    largest.sort_by_key(|(_, count)| (count.kind.is_some(), count.key));
    let is_loose = |(ceiling, count): &(Ceiling, &Count)| {
        ceiling.max >= count.actual.saturating_mul(2) && ceiling.max >= count.actual.saturating_add(LOOSE_BY)
    };
    let line = |(ceiling, count): (Ceiling, &Count)| {
        let (name, found) = (count.name(), count.counted(count.actual));
        format!("`{name} = {}` is well above what it holds: {found} found; lower it", ceiling.max)
    };
    largest.into_iter().filter(is_loose).map(line).collect()
}

fn violation(binary: &str, count: &Count, ceiling: Ceiling) -> Diagnostic {
    let (key, actual, max) = (count.name(), count.actual, ceiling.max);
    let message = format!("`{binary}` has {}, and its ceiling is {max}", count.counted(actual));
    let mut diagnostic = Diagnostic::error(CODE, message, Some(Label::new(ceiling.span, "the ceiling")));
    diagnostic.secondary = count
        .sites
        .iter()
        .map(|site| {
            let adds = if site.adds == 1 { String::new() } else { format!(" (counts {})", site.adds) };
            Label::new(site.span, format!("{}{adds}", site.described()))
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
