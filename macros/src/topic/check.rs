//! What a topic may ask for and this version cannot do.

use crate::diag::refuse;
use locus_syntax::{Errors, TopicAttr};

/// Reports every setting that is not built.
pub(super) fn built(attr: &TopicAttr, errors: &mut Errors) {
    refuse(attr.encode.as_ref(), "`encode`", errors);
}
