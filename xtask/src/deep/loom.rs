//! The lock-free parts of the runtime under loom: every interleaving of the models, and the negative controls. And whole
//! pools under shuttle, switched at every atomic operation by schedules it draws.
//!
//! The controls are a test among the others: it weakens one memory ordering after the other, or plants one fault after
//! the other, and demands that what needs it then fails.

use std::time::Duration;

use super::{PATIENCE, RUNTIME};
use crate::ledger::Ledger;
use crate::process;
use crate::workspace::Workspace;

/// What runs the same code in its own way.
struct Explorer {
    /// Its name, the configuration that compiles it in, and how its tests begin: nothing else can run under it.
    name: &'static str,
    /// Loom's interleavings are fixed in number, and each is run; shuttle's schedules are few, and checked by assertions.
    is_optimised: bool,
}

const EXPLORERS: [Explorer; 2] =
    [Explorer { name: "loom", is_optimised: true }, Explorer { name: "shuttle", is_optimised: false }];

/// Enters an outcome for each, which share the time.
pub(super) fn part(workspace: &Workspace, share: Duration, ledger: &mut Ledger) {
    let share = share / EXPLORERS.len() as u32;
    for explorer in &EXPLORERS {
        ledger.planned(explorer.name, share, || run(workspace, explorer, share * PATIENCE).into());
    }
}

/// Runs everything that is explored, and every control.
fn run(workspace: &Workspace, explorer: &Explorer, limit: Duration) -> Result<(), String> {
    let Explorer { name, is_optimised } = explorer;
    let mut test = workspace.cargo();
    test.args(["test", "--package", RUNTIME, "--lib"]).args(is_optimised.then_some("--release"));
    test.arg(format!("{name}_"));
    // A directory of its own: other flags would make the ordinary build start over.
    test.env("RUSTFLAGS", format!("--cfg {name}")).env("CARGO_TARGET_DIR", workspace.target.join(name));
    process::show_within(limit, &mut test)
}
