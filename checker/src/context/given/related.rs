//! Which packages a value may have come through to where it is asked about.
//!
//! Types are shared: what one package stores in a field of a type, another that knows nothing of it reads out of a value of
//! its own. A value comes only from packages that those on the way to the one that asks are built of, or that are built
//! of it.

use crate::context::Context;
use crate::load::reached;
use crate::names::{FnId, Names};
use std::collections::BTreeSet;

/// Packages by what they depend on, and the reverse.
pub(super) struct Related {
    uses: Vec<Vec<usize>>,
    used_by: Vec<Vec<usize>>,
}

impl Related {
    pub(super) fn of(names: &Names<'_>) -> Self {
        let uses = names.workspace.dependencies();
        let mut used_by = vec![Vec::new(); uses.len()];
        for (package, of) in uses.iter().enumerate() {
            of.iter().for_each(|used| used_by[*used].push(package));
        }
        Related { uses, used_by }
    }

    /// The packages that a value in `id` may come through; none where it may be any.
    pub(super) fn to(&self, names: &Names<'_>, context: &Context, id: FnId) -> Option<BTreeSet<usize>> {
        let of = |id: FnId| names.package_of(names.function(id).module);
        let own = of(id);
        if !names.workspace.packages[own].has_manifest {
            return None;
        }
        let (first, steps) = context.chain(id);
        let way: BTreeSet<usize> = steps.iter().map(|step| of(step.caller)).chain([of(first), own]).collect();
        let used = way.into_iter().flat_map(|package| reached(&self.uses, package));
        Some(used.chain(reached(&self.used_by, own)).collect())
    }
}
