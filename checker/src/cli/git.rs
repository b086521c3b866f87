//! The git repository around some code: the tree of one of its revisions, and whether a file is as it was committed.
//!
//! Asks the `git` program. A tree is written through an index of its own into a folder of its own: the user's working
//! tree, index, hooks and list of worktrees are left as they are.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::cli::Failure;

/// What git sets for the hooks it runs, which would lead a command past the repository it is asked about.
const OF_A_HOOK: [&str; 5] = ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_COMMON_DIR"];

/// Settings under which a command leaves nothing behind in the repository.
const LEAVE_NO_TRACE: [&str; 6] =
    ["-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false", "-c", "core.splitIndex=false"];

/// Help where git has run before.
const AGAIN: &str = "it ran a moment ago; try again";

/// A repository with a working tree.
pub(super) struct Repository {
    top: PathBuf,
}

impl Repository {
    /// The repository that `folder` lies in; `help` says what to do where there is none.
    ///
    /// # Errors
    /// When there is none, or no git.
    pub(super) fn around(folder: &Path, help: &str) -> Result<Self, Failure> {
        let output = run(git(folder).args(["rev-parse", "--show-toplevel"]), help)?;
        if !output.status.success() {
            let why = first_line(&output.stderr);
            return Err(Failure(format!(
                "`{}` is not in a git repository: {why}\nhelp: {help}",
                folder.display()
            )));
        }
        let top = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim_end_matches(['\n', '\r']));
        Ok(Self { top: top.canonicalize().unwrap_or(top) })
    }

    /// Where `path`, which is canonical, lies within the repository.
    ///
    /// # Errors
    /// When it lies elsewhere.
    pub(super) fn within<'p>(&self, path: &'p Path) -> Result<&'p Path, Failure> {
        path.strip_prefix(&self.top).map_err(|_| {
            let help = "`--diff-base` compares within one repository; check the others on their own";
            Failure(format!(
                "`{}` lies outside the repository `{}`\nhelp: {help}",
                path.display(),
                self.top.display()
            ))
        })
    }

    /// The commit that `revision` names.
    ///
    /// # Errors
    /// When it names none that is here.
    pub(super) fn commit(&self, revision: &str) -> Result<String, Failure> {
        // What begins with a dash is an option to git and never a revision.
        if !revision.starts_with('-') {
            let named = format!("{revision}^{{commit}}");
            let output = run(git(&self.top).args(["rev-parse", "--verify", "--quiet", &named]), AGAIN)?;
            if output.status.success() {
                return Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned());
            }
        }
        let shallow = run(git(&self.top).args(["rev-parse", "--is-shallow-repository"]), AGAIN)?;
        let why = match shallow.stdout.starts_with(b"true") {
            true => {
                "this clone is shallow and ends before it\nhelp: fetch more: `git fetch --unshallow`, or `fetch-depth: 0` \
                 with actions/checkout"
            }
            false => {
                "no commit has that name\nhelp: name a branch, a tag or a commit, for example `origin/main`"
            }
        };
        Err(Failure(format!("unknown revision `{revision}`: {why}")))
    }

    /// Whether `file` is not, in the working tree, what is committed.
    ///
    /// # Errors
    /// When git cannot tell.
    pub(super) fn is_dirty(&self, file: &Path) -> Result<bool, Failure> {
        let known = run(git(&self.top).args(["ls-files", "--error-unmatch", "--"]).arg(file), AGAIN)?;
        let changed = run(git(&self.top).args(["status", "--porcelain", "--"]).arg(file), AGAIN)?;
        Ok(!known.status.success() || !changed.stdout.is_empty())
    }

    /// Writes the tree of `commit` into the folder `to`, with the file `index` as the index.
    ///
    /// # Errors
    /// When git cannot.
    pub(super) fn write_tree(&self, commit: &str, index: &Path, to: &Path) -> Result<(), Failure> {
        // A prefix is put before each path as it is.
        let mut prefix = std::ffi::OsString::from("--prefix=");
        prefix.push(to.join(""));
        let steps: [&[&std::ffi::OsStr]; 2] = [
            &["read-tree".as_ref(), commit.as_ref()],
            &["checkout-index".as_ref(), "--all".as_ref(), "--quiet".as_ref(), &prefix],
        ];
        for step in steps {
            let output = run(git(&self.top).args(step).env("GIT_INDEX_FILE", index), AGAIN)?;
            if !output.status.success() {
                let why = first_line(&output.stderr);
                let help = "see whether `git checkout` of it works";
                return Err(Failure(format!("cannot read the tree of `{commit}`: {why}\nhelp: {help}")));
            }
        }
        Ok(())
    }
}

fn git(folder: &Path) -> Command {
    let mut command = Command::new("git");
    OF_A_HOOK.iter().for_each(|name| {
        command.env_remove(name);
    });
    // Large files that are kept elsewhere hold no Rust.
    command
        .env("GIT_LFS_SKIP_SMUDGE", "1")
        .env("GIT_OPTIONAL_LOCKS", "0")
        .arg("-C")
        .arg(folder)
        .args(LEAVE_NO_TRACE);
    command
}

fn run(command: &mut Command, help: &str) -> Result<Output, Failure> {
    command.output().map_err(|error| Failure(format!("cannot run git: {error}\nhelp: {help}")))
}

fn first_line(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    let line = text.lines().next().unwrap_or("git does not say why");
    line.strip_prefix("fatal: ").unwrap_or(line).to_owned()
}
