//! The lock-free parts of the runtime under loom: every interleaving of the models, and the negative controls.
//!
//! The controls are a test among the others: it weakens one memory ordering after the other and demands that the model
//! which needs it then fails.

use std::time::Duration;

use super::RUNTIME;
use crate::process;
use crate::workspace::Workspace;

/// How the tests that explore models begin; nothing else can run under loom.
const MODELS: &str = "loom_";

/// Runs every model and every control.
pub(super) fn run(workspace: &Workspace, limit: Duration) -> Result<(), String> {
    let mut test = workspace.cargo();
    // Optimised: the number of interleavings is fixed, and each is run.
    test.args(["test", "--release", "--package", RUNTIME, "--lib", MODELS]);
    // A directory of its own: other flags would make the ordinary build start over.
    test.env("RUSTFLAGS", "--cfg loom").env("CARGO_TARGET_DIR", workspace.target.join("loom"));
    process::show_within(limit, &mut test)
}
