//! The scratches of one pool: one per nesting depth, at stable addresses.
//!
//! Depth 0 is an activation, depth 1 a region opened inside it, and so on. A nested region is another scratch, never
//! a mark on the outer one: a copied outer reference stays usable inside.

use std::sync::Arc;

use super::scratch::{SCRATCH_BYTES_MAX, Scratch};

/// How deep activations and regions may nest; deeper is taken for runaway recursion.
pub const SCRATCH_DEPTH_MAX: usize = 64;

/// The scratches of one pool, reused by all its activations.
#[derive(Debug)]
pub struct ScratchStack {
    /// That of depth 0, which every activation looks at: it is found without a further load. Whoever lends it does not move
    /// the stack meanwhile.
    first: Scratch,
    /// Boxed at once and never moved: `&Scratch` of one depth outlives calls for others.
    nested: Box<[Scratch]>,
}

impl ScratchStack {
    /// Makes the scratches of a pool, without a chunk yet. `path` is shown in the residency report.
    #[must_use]
    pub fn new(path: &str) -> Self {
        let owner = |depth: usize| -> Arc<str> {
            if depth == 0 { path.into() } else { format!("{path} depth {depth}").into() }
        };
        let scratch = |depth| Scratch::owned_by(owner(depth));
        Self { first: scratch(0), nested: (1..SCRATCH_DEPTH_MAX).map(scratch).collect() }
    }

    #[inline]
    fn get(&self, depth: usize) -> Option<&Scratch> {
        if depth == 0 { Some(&self.first) } else { self.nested.get(depth - 1) }
    }

    /// The scratch for a depth, with the default ceiling.
    ///
    /// # Panics
    ///
    /// At [`SCRATCH_DEPTH_MAX`].
    #[inline]
    #[must_use]
    pub fn begin(&self, depth: usize) -> &Scratch {
        self.begin_with_ceiling(depth, SCRATCH_BYTES_MAX)
    }

    /// The scratch for a depth, with a ceiling for what happens until its [`end`](Self::end).
    ///
    /// # Panics
    ///
    /// At [`SCRATCH_DEPTH_MAX`].
    #[inline]
    #[must_use]
    pub fn begin_with_ceiling(&self, depth: usize, ceiling_bytes: usize) -> &Scratch {
        let Some(scratch) = self.get(depth) else { too_deep() };
        scratch.set_ceiling_bytes(ceiling_bytes);
        scratch
    }

    /// Frees what was allocated at a depth.
    ///
    /// # Safety
    ///
    /// Nothing that the scratch of this depth gave out since its `begin` is used again.
    #[inline]
    pub unsafe fn end(&self, depth: usize) {
        if let Some(scratch) = self.get(depth) {
            // SAFETY: promised by the caller.
            unsafe { scratch.reset_shared() }
        }
    }
}

#[cold]
fn too_deep() -> ! {
    panic!("activations and regions nest deeper than {SCRATCH_DEPTH_MAX}: is a method calling itself?")
}
