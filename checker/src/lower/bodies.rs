//! The code of one file: in memory, or still as it was stored.
//!
//! Stored code is read when the first body of the file is asked for. A run in which nothing but another file has
//! changed asks for none.

use super::ir::{Body, BodyId};
use std::ops::Range;
use std::sync::{Arc, OnceLock};

/// The bodies of one file; a [`BodyId`] is an index.
#[derive(Debug, Default)]
pub struct Bodies {
    all: OnceLock<Vec<Body>>,
    stored: Option<Stored>,
}

/// Where in a store the bodies of one file lie.
#[derive(Debug)]
struct Stored {
    bytes: Arc<Vec<u8>>,
    at: Range<usize>,
}

impl Bodies {
    /// Those at `at` in `bytes`, which are known to be whole.
    pub(crate) fn stored(bytes: &Arc<Vec<u8>>, at: Range<usize>) -> Bodies {
        Bodies { all: OnceLock::new(), stored: Some(Stored { bytes: Arc::clone(bytes), at }) }
    }

    /// These.
    pub(crate) fn new(all: Vec<Body>) -> Bodies {
        Bodies { all: OnceLock::from(all), stored: None }
    }

    /// All of them, in order.
    pub fn all(&self) -> &[Body] {
        self.all.get_or_init(|| self.stored.as_ref().map(Stored::read).unwrap_or_default())
    }

    /// The one at `id`.
    pub fn get(&self, id: BodyId) -> Option<&Body> {
        self.all().get(id.0 as usize)
    }
}

impl Stored {
    fn read(&self) -> Vec<Body> {
        let bytes = self.bytes.get(self.at.clone()).unwrap_or_default();
        postcard::from_bytes(bytes).expect("the store was found whole, and this program wrote it")
    }
}
