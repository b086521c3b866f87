//! `cargo xtask docs`: rustdoc without a warning, and documents whose links lead somewhere.

mod links;

use std::process::ExitCode;

use crate::ledger::{Ledger, Outcome};
use crate::process;
use crate::tidy::Tree;
use crate::workspace::Workspace;

/// Entry point of the command.
pub(crate) fn run(arguments: &[String]) -> Result<ExitCode, String> {
    crate::expect_no_arguments("docs", arguments)?;
    let workspace = Workspace::load()?;
    let mut ledger = Ledger::open();
    ledger.part("links", || links(&workspace));
    ledger.part("rustdoc", || rustdoc(&workspace));
    Ok(ledger.close())
}

/// Checks every relative link of every document.
pub(crate) fn links(workspace: &Workspace) -> Outcome {
    let tree = match Tree::load(&workspace.root) {
        Ok(tree) => tree,
        Err(message) => return Outcome::Failed(message),
    };
    let problems = links::problems(&tree);
    for problem in &problems {
        println!("{problem}");
    }
    if problems.is_empty() {
        Outcome::Passed
    } else {
        Outcome::Failed(format!("{} dead links", problems.len()))
    }
}

/// Builds the API documentation of the default members, warnings being errors.
pub(crate) fn rustdoc(workspace: &Workspace) -> Outcome {
    let mut doc = workspace.cargo();
    doc.args(["doc", "--no-deps", "--keep-going"]).env("RUSTDOCFLAGS", "-D warnings");
    process::show(&mut doc).into()
}
