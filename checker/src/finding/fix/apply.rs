//! Puts fixes into the text of one file.

use super::{Edit, Fix};

/// A text with fixes in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied {
    /// The new text.
    pub text: String,
    /// How many fixes are in it; the others would meet one of these, and wait for the next run.
    pub fixes: usize,
}

/// Applies each of `fixes`, which are about one file, that meets none before it.
///
/// `None` if nothing changes, or if what comes out is no Rust any more.
pub fn apply(text: &str, fixes: &[&Fix]) -> Option<Applied> {
    let mut taken: Vec<&Edit> = Vec::new();
    let mut count = 0;
    for fix in fixes {
        let meets = |edit: &Edit| taken.iter().any(|other| overlap(edit, other));
        if !fix.edits.iter().any(meets) {
            taken.extend(&fix.edits);
            count += 1;
        }
    }
    taken.sort_by_key(|edit| (edit.span.start, edit.span.end));
    let (mut out, mut at) = (String::with_capacity(text.len() + 64), 0);
    for edit in taken {
        out.push_str(text.get(at..edit.span.start as usize)?);
        out.push_str(&edit.text);
        at = edit.span.end as usize;
    }
    out.push_str(text.get(at..)?);
    let parses = syn::parse_file(&out).is_ok();
    // The texts stay with this thread for the sake of spans that nobody has any more.
    proc_macro2::extra::invalidate_current_thread_spans();
    (count > 0 && out != text && parses).then_some(Applied { text: out, fixes: count })
}

/// Whether two edits touch: also where both add text at one place, for neither knows which comes first.
fn overlap(one: &Edit, other: &Edit) -> bool {
    one.span.start <= other.span.end && other.span.start <= one.span.end
}
