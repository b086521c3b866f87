//! What code says, without where it stands: a form in which a declaration that only moved is still the same.
//!
//! While it is on, on one thread, places and numbers of bodies are written as nothing. Such bytes are compared, and
//! never read.

use serde::Serialize;
use std::cell::Cell;

thread_local! {
    static ON: Cell<bool> = const { Cell::new(false) };
}

/// Whether places are to be left out.
pub(super) fn is_on() -> bool {
    ON.get()
}

/// Appends `value` to `bytes` without places.
pub(crate) fn write(value: &impl Serialize, bytes: Vec<u8>) -> Vec<u8> {
    ON.set(true);
    let written = postcard::to_extend(value, bytes);
    ON.set(false);
    written.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use crate::lower::{self, cfg::CfgEnv};

    #[test]
    fn what_moved_is_the_same() {
        let items = |text: &str| lower::file(text, &CfgEnv::default()).unwrap().items;
        let write = |text: &str| super::write(&items(text), Vec::new());
        assert_eq!(write("fn f(a: u8) {}"), write("\n\n  fn f(a: u8) {  }"));
        assert_ne!(write("fn f(a: u8) {}"), write("fn f(a: u16) {}"));
        assert!(!super::is_on());
    }
}
