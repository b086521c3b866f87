//! Runs the real binary and reads what it says.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use cargo_metadata::diagnostic::{Diagnostic, DiagnosticLevel};
use cargo_metadata::{CompilerMessage, Message};

use super::marks::Found;

/// What one run said and how it ended.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Run {
    /// The diagnostics of a `--format json` run, read by cargo's own types: what they cannot read, editors
    /// cannot read.
    pub(crate) fn messages(&self) -> Vec<CompilerMessage> {
        let (mut messages, mut finished) = (Vec::new(), 0);
        for message in Message::parse_stream(self.stdout.as_bytes()) {
            match message.unwrap_or_else(|error| panic!("{error} in {}", self.stdout)) {
                Message::CompilerMessage(message) => messages.push(message),
                Message::BuildFinished(_) => finished += 1,
                other => panic!("a line that is not cargo's: {other:?}"),
            }
        }
        assert_eq!(finished, 1, "one summary: {}", self.stdout);
        messages
    }

    /// Path, line and rule of each diagnostic; paths are taken relative to `base`.
    pub(crate) fn found(&self, base: &Path) -> Found {
        let messages = self.messages();
        let found: Found = messages.iter().map(|message| place(&message.message, base)).collect();
        assert_eq!(found.len(), messages.len(), "something is reported twice: {}", self.stdout);
        found
    }

    /// The last line of a `--format json` run.
    pub(crate) fn summary(&self) -> serde_json::Value {
        let last = self.stdout.lines().last().expect("a summary is printed");
        serde_json::from_str::<serde_json::Value>(last).expect("each line is an object")["summary"].clone()
    }
}

fn place(diagnostic: &Diagnostic, base: &Path) -> (PathBuf, usize, String) {
    let primary = diagnostic.spans.iter().find(|span| span.is_primary).expect("a finding has a primary span");
    let code = diagnostic.code.as_ref().expect("a finding names its rule").code.clone();
    (base.join(&primary.file_name), primary.line_start, code)
}

/// Whether the diagnostic says what to do.
pub(crate) fn has_help(diagnostic: &Diagnostic) -> bool {
    diagnostic.children.iter().any(|child| child.level == DiagnosticLevel::Help && !child.message.is_empty())
}

/// Runs `checker` with `args` in `folder`.
pub(crate) fn checker_in<S: AsRef<OsStr>>(folder: &Path, args: &[S]) -> Run {
    let mut command = Command::new(env!("CARGO_BIN_EXE_checker"));
    // What runs keep for each other stays out of the fixtures.
    command.env("CARGO_TARGET_DIR", Path::new(env!("CARGO_TARGET_TMPDIR")).join("target"));
    let output = command.args(args).current_dir(folder).output().expect("the binary was built for this test");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("the report is UTF-8");
    Run { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

/// Runs `checker` on one file, with all that it could say. The runs share a store, for what they read of the models.
pub(crate) fn checker_on(path: &Path) -> Run {
    let store = Path::new(env!("CARGO_TARGET_TMPDIR")).join("models");
    let asked = ["-W", "likely", "-W", "nursery", "--format", "json", "--cache"].map(OsStr::new);
    checker_in(&tests_folder(), &[&[path.as_os_str()][..], &asked, &[store.as_os_str()]].concat())
}

/// The folder of this crate's tests.
pub(crate) fn tests_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests")
}
