//! Did-you-mean: the known word closest to a misspelt one.
//!
//! Source: the restricted Damerau-Levenshtein distance (insert, delete, replace, swap neighbours). It does
//! not guess: a word further away than a third of its length has no suggestion.

/// The candidate closest to `word`, unless even that is too far to be what was meant.
#[must_use]
pub fn nearest<'c>(word: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    let limit = (word.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .map(|candidate| (distance(word, candidate), candidate))
        .filter(|(away, _)| *away <= limit)
        .min_by_key(|(away, _)| *away)
        .map(|(_, candidate)| candidate)
}

fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows = vec![vec![0; b.len() + 1]; a.len() + 1];
    for (i, row) in rows.iter_mut().enumerate() {
        row[0] = i;
    }
    for (j, cell) in rows[0].iter_mut().enumerate() {
        *cell = j;
    }
    for i in 1..=a.len() {
        for j in 1..=b.len() {
            let replaced = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut best = replaced.min(rows[i - 1][j] + 1).min(rows[i][j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            rows[i][j] = best;
        }
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn finds_a_neighbour_and_refuses_to_guess() {
        let keys = ["bounded", "on_full", "missed", "key"];
        assert_eq!(nearest("bouned", keys), Some("bounded"));
        assert_eq!(nearest("on_ful", keys), Some("on_full"));
        assert_eq!(nearest("msised", keys), Some("missed"));
        assert_eq!(nearest("kye", keys), Some("key"));
        assert_eq!(nearest("capacity", keys), None);
        assert_eq!(nearest("", keys), None);
    }
}
