//! How deep a text would take a parser that recurses, told without parsing it.
//!
//! Three things nest: brackets, generic arguments, and prefix operators (`!!!x`, `&&&T`, `|| || x`). Literals
//! and comments are looked at like code: a file with a thousand brackets open in one of those is no loss. An
//! estimate from above is enough; what people write is far below the limit.

/// Deepest nesting that is given to syn.
pub(crate) const NESTING_MAX: u32 = 1_000;

/// What is looked at together where nothing can nest too deeply.
const CHUNK_BYTES: usize = 64;

/// The first byte at which `text` is nested deeper than [`NESTING_MAX`].
pub(crate) fn too_deep(text: &str) -> Option<u32> {
    let bytes = text.as_bytes();
    if may_be_too_deep(bytes) { first_too_deep(bytes) } else { None }
}

/// Whether a text may be nested too deeply, told from how often each byte occurs in a stretch of it: nearly no text is, and
/// this takes several bytes at a time.
fn may_be_too_deep(bytes: &[u8]) -> bool {
    let (mut brackets, mut angles, mut prefixes) = (0_u32, 0_u32, 0_u32);
    bytes.chunks(CHUNK_BYTES).any(|chunk| {
        let opened = count(chunk, |byte| matches!(byte, b'(' | b'[' | b'{'));
        let closed = count(chunk, |byte| matches!(byte, b')' | b']' | b'}'));
        let angled = count(chunk, |byte| byte == b'<');
        let ended = count(chunk, |byte| matches!(byte, b';' | b'{' | b'}'));
        let words = count(chunk, |byte| byte.is_ascii_alphanumeric());
        let prefixed = count(chunk, |byte| matches!(byte, b'!' | b'&' | b'*' | b'-' | b'|' | b'<'));
        let is_deep =
            [brackets + opened, angles + angled, prefixes + prefixed].iter().any(|n| *n > NESTING_MAX);
        // In which order is not known: what closes nothing leaves all that is opened behind it.
        brackets = (brackets + opened).saturating_sub(closed).max(opened);
        angles = if ended > 0 { angled } else { angles + angled };
        prefixes = if words > 0 { prefixed } else { prefixes + prefixed };
        is_deep
    })
}

/// How many of at most 255 bytes are meant.
#[inline]
fn count(chunk: &[u8], is_meant: impl Fn(u8) -> bool) -> u32 {
    u32::from(chunk.iter().fold(0_u8, |sum, byte| sum + u8::from(is_meant(*byte))))
}

fn first_too_deep(bytes: &[u8]) -> Option<u32> {
    let (mut brackets, mut angles, mut prefixes) = (0_u32, 0_u32, 0_u32);
    for (at, byte) in bytes.iter().enumerate() {
        if byte.is_ascii_alphanumeric() {
            prefixes = 0;
            continue;
        }
        prefixes = match byte {
            b'!' | b'&' | b'*' | b'-' | b'|' | b'<' => prefixes + 1,
            b' ' | b'\n' | b'\r' | b'\t' => prefixes,
            _ => 0,
        };
        match byte {
            b'(' | b'[' | b'{' => brackets += 1,
            b')' | b']' | b'}' => brackets = brackets.saturating_sub(1),
            // A comparison opens nothing, but it ends with its statement.
            b'<' if !is_operator(bytes, at) => angles += 1,
            b'>' => angles = angles.saturating_sub(1),
            _ => {}
        }
        if matches!(byte, b';' | b'{' | b'}') {
            angles = 0;
        }
        if brackets.max(angles).max(prefixes) > NESTING_MAX {
            return u32::try_from(at).ok();
        }
    }
    None
}

/// `<<`, `<=` and `<-` are no opening brackets; nor is a `<` between blanks.
fn is_operator(bytes: &[u8], at: usize) -> bool {
    let before = at.checked_sub(1).and_then(|before| bytes.get(before));
    let after = bytes.get(at + 1);
    before == Some(&b'<') || matches!(after, Some(b'<' | b'=' | b'-' | b' '))
}

#[cfg(test)]
mod tests {
    use super::{first_too_deep, may_be_too_deep, too_deep};

    #[test]
    fn what_nests_is_found_and_what_is_only_long_is_not() {
        for (one, then) in [("(", "1"), ("Vec<", "u8"), ("!", "a"), ("& ", "u8"), ("|| ", "1"), ("-", "1")] {
            let text = |times: usize| format!("fn f() {{ {}{then} }}", one.repeat(times));
            assert!(too_deep(&text(2_000)).is_some(), "{one}");
            assert_eq!(too_deep(&text(400)), None, "{one}");
            assert_eq!(too_deep(&text(2_000)), first_too_deep(text(2_000).as_bytes()), "{one}");
        }
        for long in
            ["a < b, ", "1 << 2, ", "f(x); ", "// ---\n", "a && !b && ", "Vec<u8>, ", "if a < 3 { } else "]
        {
            assert_eq!(too_deep(&long.repeat(5_000)), None, "{long}");
        }
    }

    #[test]
    fn the_look_at_stretches_clears_what_people_write_and_nothing_that_is_too_deep() {
        let written = "impl<T> A<T> { fn f(&self) -> Vec<u8> { if !a && *b { g(|x| -x) } else { [1] } } }\n";
        assert!(!may_be_too_deep(written.repeat(1_000).as_bytes()));
        // Wherever the limit is passed in a stretch, and however much is closed before.
        for before in 0..80 {
            for closed in [0, 1, 40] {
                let deep = |times: usize| {
                    format!("{}{}{}", " ".repeat(before), "}".repeat(closed), "{".repeat(times))
                };
                assert!(may_be_too_deep(deep(1_001).as_bytes()), "{before} {closed}");
                assert_eq!(first_too_deep(deep(1_000).as_bytes()), None);
            }
        }
    }
}
