//! What the tests share: running the binary, reading marks, copying a workspace.

pub(crate) mod command;
pub(crate) mod marks;
pub(crate) mod workspace;
