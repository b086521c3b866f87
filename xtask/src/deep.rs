//! `cargo xtask deep`: what takes minutes. Each part has its share of time, printed beside what it took.

mod loom;
mod miri;
mod optimised;
mod stress;

use std::process::ExitCode;
use std::time::Duration;

use crate::ledger::{Ledger, Outcome};
use crate::workspace::Workspace;
use crate::{chat, provision};

/// The package that holds all unsafe code.
const RUNTIME: &str = "locus-runtime";

/// Shares of time. A part that takes [`PATIENCE`] times its share hangs, and is killed.
const MIRI: Duration = Duration::from_secs(8 * 60);
const LOOM: Duration = Duration::from_secs(5 * 60);
const OPTIMISED: Duration = Duration::from_secs(4 * 60);
const STRESS: Duration = Duration::from_secs(4 * 60);
const PATIENCE: u32 = 2;

/// Entry point of the command.
pub(crate) fn run(arguments: &[String]) -> Result<ExitCode, String> {
    crate::expect_no_arguments("deep", arguments)?;
    let workspace = Workspace::load()?;
    let mut ledger = Ledger::open();
    let miri = provision::miri();
    for model in miri::MODELS {
        ledger.planned(&format!("miri, {}", model.name), MIRI / 2, || match &miri {
            Outcome::Passed => miri::run(&workspace, model, MIRI / 2 * PATIENCE).into(),
            lacking => lacking.clone(),
        });
    }
    ledger.part("miri, negative control", || match &miri {
        Outcome::Passed => miri::control(&workspace).into(),
        lacking => lacking.clone(),
    });
    ledger.planned("loom", LOOM, || loom::run(&workspace, LOOM * PATIENCE).into());
    ledger.planned("tests, as optimised", OPTIMISED, || {
        optimised::run(&workspace, OPTIMISED * PATIENCE).into()
    });
    let built = ledger.part("build of the chat", || chat::build(&workspace).into());
    ledger.planned("stress: Ctrl-C under load", STRESS, || match built {
        true => stress::run(&workspace, STRESS).into(),
        false => Outcome::Skipped("build of the chat"),
    });
    Ok(ledger.close())
}
