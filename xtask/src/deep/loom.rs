//! The lock-free parts of the runtime under loom: every interleaving of the models, and the negative controls.
//!
//! The controls are a test among the others: it weakens one memory ordering after the other and demands that the model
//! which needs it then fails.

use std::time::Duration;

use super::{PATIENCE, RUNTIME};
use crate::ledger::Ledger;
use crate::process;
use crate::workspace::Workspace;

/// How the tests that explore models begin; nothing else can run under loom.
const MODELS: &str = "loom_";

/// Enters the outcome of all of them together.
pub(super) fn part(workspace: &Workspace, share: Duration, ledger: &mut Ledger) {
    ledger.planned("loom", share, || run(workspace, share * PATIENCE).into());
}

/// Runs every model and every control.
fn run(workspace: &Workspace, limit: Duration) -> Result<(), String> {
    let mut test = workspace.cargo();
    // Optimised: the number of interleavings is fixed, and each is run.
    test.args(["test", "--release", "--package", RUNTIME, "--lib", MODELS]);
    // A directory of its own: other flags would make the ordinary build start over.
    test.env("RUSTFLAGS", "--cfg loom").env("CARGO_TARGET_DIR", workspace.target.join("loom"));
    process::show_within(limit, &mut test)
}
