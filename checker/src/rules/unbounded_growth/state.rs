//! Collections that handlers and connections share without a type of the workspace around them.

use crate::context::{Key, is_shared_in};
use crate::rules::judged::Judged;

/// Whether a local is one handle of several: what it stands for goes on living in the hands of others.
pub(super) fn is_shared(judged: &Judged<'_, '_>, key: Key) -> bool {
    let Key::Local(id, local) = key else { return false };
    let inferred = (judged.insides)(id);
    inferred.is_some_and(|inferred| is_shared_in(judged.program, &inferred.types, inferred.local(local)))
}
