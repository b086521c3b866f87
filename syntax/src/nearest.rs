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
        .map(|candidate| (strsim::osa_distance(word, candidate), candidate))
        .filter(|(away, _)| *away <= limit)
        .min_by_key(|(away, _)| *away)
        .map(|(_, candidate)| candidate)
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
