//! Names that the runtime makes of names in the source: subjects of topics, paths of loci.

/// `HttpRequest` and `HTTPRequest` become `http_request`.
#[must_use]
pub fn snake_case(name: &str) -> String {
    let chars: Vec<char> = name.trim_start_matches("r#").chars().collect();
    let mut out = String::with_capacity(name.len() + 4);
    for (at, c) in chars.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|at| chars.get(at));
        let after = chars.get(at + 1);
        let starts = before.is_some_and(|b| b.is_lowercase() || b.is_ascii_digit())
            || (before.is_some_and(|b| b.is_uppercase()) && after.is_some_and(|a| a.is_lowercase()));
        if c.is_uppercase() && starts {
            out.push('_');
        }
        out.extend(c.to_lowercase());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::snake_case;

    #[test]
    fn subjects() {
        for (name, subject) in [
            ("Posted", "posted"),
            ("RoomClosed", "room_closed"),
            ("HTTPReply", "http_reply"),
            ("V2Posted", "v2_posted"),
        ] {
            assert_eq!(snake_case(name), subject);
        }
    }
}
