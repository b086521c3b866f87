//! The unsafe modules of the runtime under miri, once for each aliasing model, both at once: miri uses one core.
//!
//! Which modules those are is read from the source: a module may hold unsafe code only where its `mod` line opts in,
//! so a new one is covered without an entry here. Parts of the engine only work together and are tested so; any
//! other module without unit tests fails the part.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::{PATIENCE, RUNTIME};
use crate::ledger::{Ledger, Outcome};
use crate::tidy::{Tree, without_comments};
use crate::workspace::Workspace;
use crate::{process, provision};

/// Where the modules of the runtime are.
const SOURCE: &str = "runtime/src/";

/// The modules that only work together, and the tests that let them: whole programs of loci, turn by turn.
const ENGINE: [&str; 3] = ["bus", "locus", "pool"];
const ENGINE_TESTS: &str = "pool::rig";

/// The negative control: the test, what compiles it in, and what miri says about it.
const CONTROL_TEST: &str = "negative_u64_copy_is_rejected_by_miri";
const CONTROL_CFG: &str = "--cfg locus_negative=\"u64_copy\"";
const CONTROL_COMPLAINT: &str = "no provenance";

/// A model of which pointers may be used when.
struct Model {
    name: &'static str,
    flags: &'static str,
}

const MODELS: [Model; 2] = [
    Model { name: "stacked borrows", flags: "" },
    Model { name: "tree borrows", flags: "-Zmiri-tree-borrows" },
];

/// Enters one outcome for both models and one for the negative control.
pub(super) fn part(workspace: &Workspace, share: Duration, ledger: &mut Ledger) {
    let miri = provision::miri();
    ledger.planned("miri, both models", share, || match &miri {
        Outcome::Passed => both(workspace, share * PATIENCE).into(),
        lacking => lacking.clone(),
    });
    ledger.part("miri, negative control", || match &miri {
        Outcome::Passed => control(workspace).into(),
        lacking => lacking.clone(),
    });
}

/// Runs the unit tests of every unsafe module under each model, and shows what they said one after the other.
fn both(workspace: &Workspace, limit: Duration) -> Result<(), String> {
    let filters = filters(&Tree::load(&workspace.root)?)?;
    let outcomes = std::thread::scope(|scope| {
        let runs = MODELS.map(|model| {
            scope.spawn({
                let filters = &filters;
                move || run(workspace, &model, filters, limit)
            })
        });
        runs.map(|run| run.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    });
    for model in &MODELS {
        let said = said(workspace, model);
        let text = std::fs::read_to_string(&said).map_err(|error| told(&said, &error))?;
        println!("{}:\n{text}", model.name);
    }
    outcomes.into_iter().collect()
}

/// Runs the tests that `filters` name under `model`; what they say goes to its file.
fn run(workspace: &Workspace, model: &Model, filters: &[String], limit: Duration) -> Result<(), String> {
    let said = said(workspace, model);
    let file = File::create(&said).map_err(|error| told(&said, &error))?;
    let errors = file.try_clone().map_err(|error| told(&said, &error))?;
    let mut tests = miri(workspace, model.flags);
    tests.args(filters.iter().map(|module| format!("{module}::"))).stdout(file).stderr(errors);
    process::show_within(limit, &mut tests).map_err(|error| format!("{}: {error}", model.name))
}

/// Where what is said under `model` is kept until it is shown.
fn said(workspace: &Workspace, model: &Model) -> PathBuf {
    workspace.target.join(format!("miri, {}.txt", model.name))
}

fn told(path: &Path, error: &std::io::Error) -> String {
    format!("cannot use `{}`: {error}", path.display())
}

/// The paths to give to the test runner: of each unsafe module, or of the nearest one above it that has unit tests.
/// Modules of the engine may have none: they only work together, and are tested so.
fn filters(tree: &Tree) -> Result<Vec<String>, String> {
    let mut filters = Vec::new();
    for module in unsafe_modules(tree) {
        let top = module.split("::").next().unwrap_or_default();
        match tested_ancestor(tree, &module) {
            Some(tested) => filters.push(tested.to_owned()),
            None if ENGINE.contains(&top) => filters.push(ENGINE_TESTS.to_owned()),
            None => return Err(format!("the unsafe module `{module}` has no unit tests")),
        }
    }
    filters.sort();
    filters.dedup();
    Ok(filters)
}

/// Runs the negative control: copying records as integers strips pointers of their provenance, which miri must
/// refuse, or it would not see the mistake in the code either.
fn control(workspace: &Workspace) -> Result<(), String> {
    let mut miri = miri(workspace, "");
    let said = process::complaint(miri.arg(CONTROL_TEST).env("RUSTFLAGS", CONTROL_CFG))?;
    match said.lines().find(|line| line.contains(CONTROL_COMPLAINT)) {
        Some(line) => {
            println!("refused, as it must be: {}", line.trim());
            Ok(())
        }
        None => Err(format!("the control fails for another reason:\n{said}")),
    }
}

fn miri(workspace: &Workspace, flags: &str) -> Command {
    let mut miri = workspace.cargo();
    miri.args(["+nightly", "miri", "test", "--package", RUNTIME, "--lib", "--"]);
    // The outer cargo pins its own toolchain through this variable.
    miri.env_remove("RUSTUP_TOOLCHAIN").env("MIRIFLAGS", flags);
    miri
}

/// Paths of the modules whose `mod` line lifts the ban on unsafe code.
fn unsafe_modules(tree: &Tree) -> Vec<String> {
    let mut found = Vec::new();
    for file in &tree.files {
        let Some(inside) = file.path.strip_prefix(SOURCE).and_then(|path| path.strip_suffix(".rs")) else {
            continue;
        };
        let above = if inside == "lib" { String::new() } else { inside.replace('/', "::") + "::" };
        found.extend(opted_in(&without_comments(&file.text)).map(|module| format!("{above}{module}")));
    }
    found
}

/// Names of modules declared right after an attribute about `unsafe_code`.
fn opted_in(code: &str) -> impl Iterator<Item = &str> {
    let attributes =
        code.match_indices("unsafe_code").filter(|(at, _)| code[..*at].trim_end().ends_with('('));
    attributes.filter_map(|(at, _)| {
        let item = &code[at..at + code[at..].find(';')?];
        let (head, name) = item.rsplit_once("mod ")?;
        (!head.contains('{')).then_some(name.trim())
    })
}

/// The module itself, or the nearest one above it, that holds unit tests: some parts are only tested together.
fn tested_ancestor<'m>(tree: &Tree, module: &'m str) -> Option<&'m str> {
    let mut candidate = module;
    while !has_tests(tree, candidate) {
        candidate = candidate.rsplit_once("::")?.0;
    }
    Some(candidate)
}

/// Whether the module, or a module below it, holds a unit test.
fn has_tests(tree: &Tree, module: &str) -> bool {
    let path = module.replace("::", "/");
    let own = format!("{SOURCE}{path}.rs");
    let below = format!("{SOURCE}{path}/");
    let files =
        tree.files.iter().filter(|file| file.path == own || Path::new(&file.path).starts_with(&below));
    files.into_iter().any(|file| file.text.contains("#[test]"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::testing::tree;

    #[test]
    fn modules_that_opt_in_are_found_by_path() {
        let tree = tree(&[
            ("runtime/src/lib.rs", "#[expect(unsafe_code, reason = \"a; b\")]\npub mod alloc;\nmod bus;\n"),
            (
                "runtime/src/bus.rs",
                "mod route;\n#[expect(\n    unsafe_code,\n    reason = \"x\"\n)]\nmod odd;\n#[expect(unsafe_code)]\nmod lane;\n",
            ),
            ("checker/src/lib.rs", "#[expect(unsafe_code)]\nmod other;\n"),
        ]);
        assert_eq!(unsafe_modules(&tree), ["alloc", "bus::odd", "bus::lane"]);
    }

    #[test]
    fn tests_stand_in_below_or_above_the_module() {
        let tree = tree(&[
            ("runtime/src/bus/lane.rs", "mod tests;"),
            ("runtime/src/bus/lane/tests.rs", "#[test]\nfn f() {}"),
            ("runtime/src/store.rs", ""),
        ]);
        assert_eq!(tested_ancestor(&tree, "bus::lane"), Some("bus::lane"));
        assert_eq!(tested_ancestor(&tree, "bus::record"), Some("bus"));
        assert_eq!(tested_ancestor(&tree, "store::ring"), None);
    }

    #[test]
    fn only_the_engine_may_lack_unit_tests() {
        let opted_in = "#[expect(unsafe_code)]\nmod raw;\n";
        let engine = tree(&[("runtime/src/locus.rs", opted_in), ("runtime/src/locus/raw.rs", "")]);
        assert_eq!(filters(&engine), Ok(vec![ENGINE_TESTS.to_owned()]));
        let other = tree(&[("runtime/src/store.rs", opted_in), ("runtime/src/store/raw.rs", "")]);
        assert!(filters(&other).unwrap_err().contains("`store::raw`"));
    }
}
