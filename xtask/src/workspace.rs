//! Where the workspace is and what it holds: root, target directory, packages, files under version control.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::process;

/// What `cargo metadata --no-deps` says about this workspace.
pub(crate) struct Workspace {
    pub(crate) root: PathBuf,
    pub(crate) target: PathBuf,
    /// (kind, name) of every target of every package.
    targets: Vec<(String, String)>,
}

impl Workspace {
    /// Asks cargo about the workspace this binary belongs to.
    pub(crate) fn load() -> Result<Self, String> {
        let root = root()?;
        let mut ask = cargo(&root);
        ask.args(["metadata", "--no-deps", "--format-version", "1"]);
        let answer: Value = serde_json::from_str(&process::capture(&mut ask)?)
            .map_err(|error| format!("`cargo metadata` is not JSON: {error}"))?;
        let target =
            answer["target_directory"].as_str().ok_or("`cargo metadata` names no target directory")?;
        let targets = array(&answer["packages"])
            .flat_map(|package| array(&package["targets"]))
            .flat_map(kinds_and_name);
        Ok(Self { target: PathBuf::from(target), targets: targets.collect(), root })
    }

    /// A cargo command in the root of the workspace.
    pub(crate) fn cargo(&self) -> Command {
        cargo(&self.root)
    }

    /// Names of all targets of one kind: `test`, `example`, `bin`, ..
    pub(crate) fn targets(&self, kind: &str) -> impl Iterator<Item = &str> {
        self.targets.iter().filter(move |(found, _)| found == kind).map(|(_, name)| name.as_str())
    }

    /// Path of a built program, `kind` being the directory inside the profile (`""` or `"examples"`).
    pub(crate) fn program(&self, profile: &str, kind: &str, name: &str) -> PathBuf {
        self.target.join(profile).join(kind).join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
    }
}

/// Every file under version control, and new ones that are not ignored: paths relative to `root`, sorted.
pub(crate) fn tracked_files(root: &Path) -> Result<Vec<String>, String> {
    let mut list = Command::new("git");
    list.current_dir(root).args(["ls-files", "--cached", "--others", "--exclude-standard", "-z"]);
    let mut paths: Vec<String> =
        process::capture(&mut list)?.split('\0').filter(|path| !path.is_empty()).map(str::to_owned).collect();
    paths.sort();
    paths.dedup();
    Ok(paths)
}

/// The root of the workspace: the directory above this package.
pub(crate) fn root() -> Result<PathBuf, String> {
    let package = std::env::var_os("CARGO_MANIFEST_DIR").ok_or("run this through `cargo xtask`")?;
    Path::new(&package).parent().map(Path::to_owned).ok_or_else(|| "xtask has no parent directory".to_owned())
}

/// `cargo` in `root`, without what the outer `cargo run` set for this package: build scripts that watch those
/// variables would otherwise be built a second time.
fn cargo(root: &Path) -> Command {
    let mut command = Command::new("cargo");
    command.current_dir(root);
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
            command.env_remove(&name);
        }
    }
    command
}

fn kinds_and_name(target: &Value) -> impl Iterator<Item = (String, String)> {
    array(&target["kind"]).map(|kind| (text(kind), text(&target["name"])))
}

fn array(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
