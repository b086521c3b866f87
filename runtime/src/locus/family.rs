//! What siblings of one type have in common, once for all of them.
//!
//! A child keeps its number and a pointer to its family: paths, options and the description exist once for all of them.

use std::any::Any;
use std::rc::Rc;
use std::sync::Arc;

use crate::locus::describe::LocusOptions;

/// Where a part stands among the parts of main, and which of its replicas a locus is or belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stand {
    pub(crate) part: u32,
    pub(crate) replica: u32,
    pub(crate) replicas: u32,
}

/// The children of one type that one parent has; a part is a family by itself.
pub(crate) struct Family {
    /// The parent's path, or a part's own.
    base: Arc<str>,
    /// The name of the type; `None` for a part, which has the name of its field.
    name: Option<&'static str>,
    pub(crate) stand: Stand,
    pub(crate) options: LocusOptions,
    /// The `Describe` of the type.
    pub(crate) describe: Rc<dyn Any>,
}

impl Family {
    pub(crate) fn of_part(
        path: Arc<str>,
        stand: Stand,
        options: LocusOptions,
        describe: Rc<dyn Any>,
    ) -> Self {
        Self { base: path, name: None, stand, options, describe }
    }

    /// The path of the member with this number.
    pub(crate) fn path_of(&self, ordinal: u64) -> Arc<str> {
        match self.name {
            None => Arc::clone(&self.base),
            Some(name) => Arc::from(format!("{}/{name}#{ordinal}", self.base)),
        }
    }
}
