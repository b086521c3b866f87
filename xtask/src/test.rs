//! `cargo xtask test`: everything that gates a change.
//!
//! The parts share one target directory and one set of features (that of the default members), so that what one
//! part builds the next one finds: clippy and rustdoc share what they check, the tests, the doctests and the checker
//! what is built. A failed build skips what needs it; no other failure hides a later part.

use std::process::{Command, ExitCode};

use crate::ledger::{Ledger, Outcome, in_ci};
use crate::provision::{self, Runner};
use crate::workspace::Workspace;
use crate::{docs, process, tidy};

/// What some tests need beyond a toolchain.
struct Need {
    /// The names of their test targets contain it.
    word: &'static str,
    /// What the account calls it.
    part: &'static str,
    provide: fn() -> Outcome,
}

const NEEDS: [Need; 2] = [
    Need { word: "browser", part: "browser, for its tests", provide: provision::browser },
    Need { word: "editor", part: "rust-analyzer, for its tests", provide: provision::editor },
];

/// The ceilings the checker holds this workspace to.
const BUDGET: &str = "budget.toml";

/// Entry point of the command.
pub(crate) fn run(arguments: &[String]) -> Result<ExitCode, String> {
    crate::expect_no_arguments("test", arguments)?;
    let workspace = Workspace::load()?;
    let mut ledger = Ledger::open();
    ledger.part("fmt", || cargo(&workspace, &["fmt", "--all", "--check"]));
    ledger.part("tidy", || tidy::outcome(&workspace.root));
    ledger.part("clippy", || {
        cargo(&workspace, &["clippy", "--all-targets", "--keep-going", "--", "-D", "warnings"])
    });
    let built = ledger.part("build", || cargo(&workspace, &["test", "--no-run"]));
    let lacking = lacking(&workspace, &mut ledger);
    let mut after_build = |part: &str, work: &dyn Fn() -> Outcome| {
        ledger.part(part, || if built { work() } else { Outcome::Skipped("build") });
    };
    after_build("tests", &|| tests(&workspace, &lacking));
    after_build("doctests", &|| cargo(&workspace, &["test", "--doc", "--no-fail-fast"]));
    after_build("checker", &|| checker(&workspace));
    ledger.part("links", || docs::links(&workspace));
    ledger.part("rustdoc", || docs::rustdoc(&workspace));
    Ok(ledger.close())
}

/// The words of the tests that cannot run; each is entered in the account, unless there are no such tests.
fn lacking(workspace: &Workspace, ledger: &mut Ledger) -> Vec<&'static str> {
    let exist = |word: &str| workspace.targets("test").any(|name| name.contains(word));
    let mut lacking = Vec::new();
    for Need { word, part, provide } in NEEDS {
        if exist(word) && !ledger.part(part, provide) {
            lacking.push(word);
        }
    }
    lacking
}

fn tests(workspace: &Workspace, lacking: &[&str]) -> Outcome {
    let mut command = workspace.cargo();
    match provision::runner() {
        Runner::Nextest => {
            command.args(["nextest", "run", "--no-tests", "pass"]);
            command.args(if in_ci() { &["--profile", "ci"][..] } else { &["--no-fail-fast"] });
            if !lacking.is_empty() {
                let without: Vec<String> =
                    lacking.iter().map(|word| format!("not binary(~{word})")).collect();
                command.args(["--filter-expr", &without.join(" & ")]);
            }
        }
        Runner::CargoTest => {
            command.args(["test", "--no-fail-fast", "--lib", "--bins", "--examples"]);
            let wanted = |name: &&str| !lacking.iter().any(|word| name.contains(word));
            command.args(workspace.targets("test").filter(wanted).flat_map(|name| ["--test", name]));
        }
    }
    process::show(&mut command).into()
}

/// The checker as it was just built, over the whole workspace it was built from, with every rule denied. What is planted
/// in the example `leaky` is compared with the marks beside it.
fn checker(workspace: &Workspace) -> Outcome {
    let mut command = Command::new(workspace.program("debug", "", "checker"));
    command.current_dir(&workspace.root).args(["-D", "all", "--check-resource-budget", BUDGET]);
    process::show(&mut command).into()
}

fn cargo(workspace: &Workspace, arguments: &[&str]) -> Outcome {
    process::show(workspace.cargo().args(arguments)).into()
}
