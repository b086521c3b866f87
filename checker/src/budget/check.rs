//! Compares counts with ceilings: every violation, with actual, ceiling and the sites that count.

use super::{Budget, Ceiling, Count, Counts};
use crate::finding::Label;
use crate::report::Diagnostic;

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
    use super::check;
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
    fn the_binary_s_own_table_wins() {
        assert_eq!(messages("pinned_threads = 0\n[bin.chat]\npinned_threads = 3\n"), Vec::<String>::new());
        assert_eq!(
            messages("pinned_threads = 9\n[bin.chat]\npinned_threads = 1\n"),
            ["`chat` has 3 pinned threads, and its ceiling is 1"]
        );
    }
}
