//! Texts that are nearly right: one of several, changed a few times.

/// SplitMix64 (Steele, Lea and Flood, 2014): any seed gives a good stream.
pub(crate) struct Mutator(u64);

/// Changes made to one text.
const CHANGES_MAX: usize = 6;

/// Bytes that one change removes or repeats.
const PIECE_BYTES_MAX: usize = 120;

/// How deep a nest of brackets one change makes: beyond what any reader should follow.
const NEST_MAX: usize = 600;

const NESTS: [&str; 8] = ["(", "[", "{", "(|x|", "&", "!", "<", "if a {} else "];

impl Mutator {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end.max(1) as u64).unwrap_or_default()
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.below(from.len())]
    }

    /// Where a character begins, or the end.
    fn place(&mut self, text: &str) -> usize {
        let mut at = self.below(text.len() + 1);
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        at
    }

    /// Some consecutive characters.
    fn piece<'t>(&mut self, text: &'t str) -> (std::ops::Range<usize>, &'t str) {
        let start = self.place(text);
        let mut end = (start + self.below(PIECE_BYTES_MAX)).min(text.len());
        while !text.is_char_boundary(end) {
            end += 1;
        }
        (start..end, &text[start..end])
    }

    /// One of `texts`, changed.
    pub(crate) fn text(&mut self, texts: &[&str], words: &[&str]) -> String {
        let mut text = self.pick(texts).to_owned();
        for _ in 0..=self.below(CHANGES_MAX) {
            self.change(&mut text, texts, words);
        }
        text
    }

    fn change(&mut self, text: &mut String, texts: &[&str], words: &[&str]) {
        let before = text.clone();
        let at = self.place(&before);
        let (range, piece) = self.piece(&before);
        match self.below(9) {
            0 | 1 => text.replace_range(range, ""),
            2 => text.insert_str(at, piece),
            3 | 4 => text.insert_str(at, self.pick(words)),
            5 => text.replace_range(range, self.pick(words)),
            6 => text.truncate(at),
            7 => {
                let other = self.pick(texts);
                let (_, piece) = self.piece(other);
                text.insert_str(at, piece);
            }
            _ => {
                let depth = self.below(NEST_MAX);
                text.insert_str(at, &self.pick(&NESTS).repeat(depth));
            }
        }
    }
}
