//! The text of a file, read when it is first asked for.

use std::fmt;
use std::ops::Deref;
use std::sync::LazyLock;

/// The text of a file. Of one that is known not to have changed hardly anybody asks: it is read by the first who does.
pub struct Text(LazyLock<String, Box<dyn FnOnce() -> String + Send>>);

impl Text {
    /// What `read` gives, once somebody asks.
    pub(crate) fn later(read: impl FnOnce() -> String + Send + 'static) -> Text {
        Text(LazyLock::new(Box::new(read)))
    }
}

impl From<String> for Text {
    fn from(text: String) -> Text {
        Text::later(|| text)
    }
}

impl Default for Text {
    fn default() -> Text {
        Text::from(String::new())
    }
}

impl Clone for Text {
    fn clone(&self) -> Text {
        Text::from(self.to_string())
    }
}

impl Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, to)
    }
}
