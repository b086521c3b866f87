//! How deep a text would take a parser that recurses, told without parsing it.
//!
//! Three things nest: brackets, generic arguments, and prefix operators (`!!!x`, `&&&T`, `|| || x`). Literals
//! and comments are looked at like code: a file with a thousand brackets open in one of those is no loss. An
//! estimate from above is enough; what people write is far below the limit.

/// Deepest nesting that is given to syn.
pub(crate) const NESTING_MAX: u32 = 1_000;

/// The first byte at which `text` is nested deeper than [`NESTING_MAX`].
pub(crate) fn too_deep(text: &str) -> Option<u32> {
    let bytes = text.as_bytes();
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
    use super::too_deep;

    #[test]
    fn what_nests_is_found_and_what_is_only_long_is_not() {
        for (one, then) in [("(", "1"), ("Vec<", "u8"), ("!", "a"), ("& ", "u8"), ("|| ", "1"), ("-", "1")] {
            let text = |times: usize| format!("fn f() {{ {}{then} }}", one.repeat(times));
            assert!(too_deep(&text(2_000)).is_some(), "{one}");
            assert_eq!(too_deep(&text(400)), None, "{one}");
        }
        for long in
            ["a < b, ", "1 << 2, ", "f(x); ", "// ---\n", "a && !b && ", "Vec<u8>, ", "if a < 3 { } else "]
        {
            assert_eq!(too_deep(&long.repeat(5_000)), None, "{long}");
        }
    }
}
