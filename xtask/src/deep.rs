//! `cargo xtask deep`: what takes minutes. Each part has its share of time, printed beside what it took.

mod fuzz;
mod loom;
mod miri;
mod seeds;
mod stress;

use std::process::ExitCode;
use std::time::Duration;

use crate::ledger::Ledger;
use crate::workspace::Workspace;

/// The package that holds all unsafe code.
const RUNTIME: &str = "locus-runtime";

/// A part that takes this many times its share hangs, and is killed: a slow machine that others use takes three times its
/// share.
const PATIENCE: u32 = 5;

/// One part: what it is called on the command line, its share of time, and what enters its outcome.
struct Part {
    name: &'static str,
    share: Duration,
    run: fn(&Workspace, Duration, &mut Ledger),
}

const PARTS: &[Part] = &[
    Part { name: "miri", share: Duration::from_secs(8 * 60), run: miri::part },
    Part { name: "loom", share: Duration::from_secs(5 * 60), run: loom::part },
    Part { name: "seeds", share: Duration::from_secs(6 * 60), run: seeds::part },
    Part { name: "fuzz", share: Duration::from_secs(2 * 60), run: fuzz::part },
    Part { name: "stress", share: Duration::from_secs(4 * 60), run: stress::part },
];

/// Entry point of the command; its arguments name the parts to run, none meaning all.
pub(crate) fn run(arguments: &[String]) -> Result<ExitCode, String> {
    if let Some(unknown) = arguments.iter().find(|name| PARTS.iter().all(|part| part.name != **name)) {
        let names: Vec<&str> = PARTS.iter().map(|part| part.name).collect();
        return Err(format!("`{unknown}` is no part of `deep`; the parts are {}", names.join(", ")));
    }
    let workspace = Workspace::load()?;
    let mut ledger = Ledger::open();
    for part in PARTS {
        if arguments.is_empty() || arguments.iter().any(|name| name == part.name) {
            (part.run)(&workspace, part.share, &mut ledger);
        }
    }
    Ok(ledger.close())
}
