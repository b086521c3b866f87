//! The code of one file: in memory, or still as it was stored.
//!
//! Stored code is read body by body, when it is asked for. A run in which nothing but another file has changed asks for
//! next to none.

use super::ir::{Body, BodyId};
use std::ops::Range;
use std::sync::{Arc, OnceLock};

/// The bodies of one file; a [`BodyId`] is an index.
#[derive(Debug)]
pub struct Bodies(Form);

#[derive(Debug)]
enum Form {
    Read(Vec<Body>),
    Stored(Stored),
}

/// Where in a store the bodies of one file lie.
#[derive(Debug)]
struct Stored {
    bytes: Arc<Vec<u8>>,
    at: Range<usize>,
    each: OnceLock<Vec<One>>,
}

/// One body of a store.
#[derive(Debug)]
struct One {
    at: Range<usize>,
    body: OnceLock<Box<Body>>,
}

impl Default for Bodies {
    fn default() -> Self {
        Bodies::new(Vec::new())
    }
}

impl Bodies {
    /// Those at `at` in `bytes`, which are known to be whole.
    pub(crate) fn stored(bytes: &Arc<Vec<u8>>, at: Range<usize>) -> Bodies {
        Bodies(Form::Stored(Stored { bytes: Arc::clone(bytes), at, each: OnceLock::new() }))
    }

    /// These.
    pub(crate) fn new(all: Vec<Body>) -> Bodies {
        Bodies(Form::Read(all))
    }

    /// As they are stored: how long each is, and one after the other.
    pub(crate) fn written(&self) -> Option<Vec<u8>> {
        match &self.0 {
            Form::Read(all) => {
                let each = all.iter().map(|body| postcard::to_allocvec(body).ok());
                let each = each.collect::<Option<Vec<Vec<u8>>>>()?;
                let lengths: Vec<usize> = each.iter().map(Vec::len).collect();
                let mut bytes = postcard::to_allocvec(&lengths).ok()?;
                bytes.extend(each.into_iter().flatten());
                Some(bytes)
            }
            Form::Stored(stored) => Some(stored.all().to_vec()),
        }
    }

    /// The one at `id`.
    pub fn get(&self, id: BodyId) -> Option<&Body> {
        match &self.0 {
            Form::Read(all) => all.get(id.0 as usize),
            Form::Stored(stored) => stored.get(id.0 as usize),
        }
    }
}

impl Stored {
    fn all(&self) -> &[u8] {
        self.bytes.get(self.at.clone()).unwrap_or_default()
    }

    fn get(&self, at: usize) -> Option<&Body> {
        let one = self.each.get_or_init(|| self.index()).get(at)?;
        let body = one.body.get_or_init(|| {
            let bytes = self.bytes.get(one.at.clone()).unwrap_or_default();
            Box::new(read(postcard::from_bytes(bytes)))
        });
        Some(body)
    }

    fn index(&self) -> Vec<One> {
        if self.at.is_empty() {
            return Vec::new();
        }
        let (lengths, rest): (Vec<usize>, &[u8]) = read(postcard::take_from_bytes(self.all()));
        let mut start = self.at.end - rest.len();
        let one = |length| {
            let at = start..start + length;
            start = at.end;
            One { at, body: OnceLock::new() }
        };
        lengths.into_iter().map(one).collect()
    }
}

fn read<T>(stored: Result<T, postcard::Error>) -> T {
    stored.expect("the store was found whole, and this program wrote it")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lower::{self, cfg::CfgEnv};

    #[test]
    fn each_body_comes_back_by_itself() {
        let text = "fn f() -> u8 { 1 } fn g(a: &[u8]) { for one in a { h(one); } } static S: u8 = 2;";
        let ir = lower::file(text, &CfgEnv::default()).unwrap();
        let written = ir.bodies.written().unwrap();
        let (bytes, end) = ([b"before".to_vec(), written.clone()].concat(), 6 + written.len());
        let stored = Bodies::stored(&Arc::new(bytes), 6..end);
        for number in (0..4).rev() {
            let (one, other) = (stored.get(BodyId(number)), ir.bodies.get(BodyId(number)));
            assert_eq!(format!("{one:?}"), format!("{other:?}"), "body {number}");
            assert_eq!(one.is_some(), number < 3);
        }
        assert_eq!(stored.written(), Some(written));
    }
}
