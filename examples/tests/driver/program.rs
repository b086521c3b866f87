//! Starts an example as a process of its own, as a user would, and watches what it says and how it ends.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

/// What a program printed, and how it ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: Vec<String>,
    pub(crate) stderr: Vec<String>,
}

/// A running example; dropped, it is killed.
pub(crate) struct Program {
    child: Child,
    name: String,
    lines: Receiver<Line>,
    stdout: Vec<String>,
    stderr: Vec<String>,
}

enum Line {
    Out(String),
    Err(String),
}

impl Program {
    /// Builds the example if it is out of date, and starts it with nothing of our environment that would change it.
    pub(crate) fn start(name: &str, args: &[&str], variables: &[(&str, &str)]) -> Self {
        let mut child = Command::new(built(name))
            .args(args)
            .env_remove("LOCUS_CONFIG")
            .envs(variables.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("`{name}` does not start: {error}"));
        let (sender, lines) = channel();
        let errors = sender.clone();
        let stdout = child.stdout.take().expect("it is piped");
        let stderr = child.stderr.take().expect("it is piped");
        thread::spawn(move || pump(stdout, |line| sender.send(Line::Out(line)).is_ok()));
        thread::spawn(move || pump(stderr, |line| errors.send(Line::Err(line)).is_ok()));
        Self { child, name: name.to_owned(), lines, stdout: Vec::new(), stderr: Vec::new() }
    }

    /// Waits for the first line, on stdout or stderr, that holds `part`.
    ///
    /// # Panics
    /// If the program ends or stays silent first; with all that it has said.
    pub(crate) fn wait_for(&mut self, part: &str, limit: Duration) -> String {
        let deadline = Instant::now() + limit;
        loop {
            match self.lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(line) => {
                    let (text, heard) = match line {
                        Line::Out(text) => (text, &mut self.stdout),
                        Line::Err(text) => (text, &mut self.stderr),
                    };
                    heard.push(text.clone());
                    if text.contains(part) {
                        return text;
                    }
                }
                Err(_) => {
                    panic!("`{}` never said `{part}`\n{:#?}\n{:#?}", self.name, self.stdout, self.stderr)
                }
            }
        }
    }

    /// Sends a signal by its short name.
    pub(crate) fn signal(&self, signal: &str) {
        let id = self.child.id().to_string();
        let status =
            Command::new("kill").args([&format!("-{signal}"), &id]).status().expect("`kill` is everywhere");
        assert!(status.success(), "signal {signal} could not be sent to `{}`", self.name);
    }

    /// Waits until the program has ended.
    ///
    /// # Panics
    /// If it has not after `limit`; with all that it has said.
    pub(crate) fn wait(mut self, limit: Duration) -> Ended {
        let deadline = Instant::now() + limit;
        loop {
            match self.lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(Line::Out(line)) => self.stdout.push(line),
                Ok(Line::Err(line)) => self.stderr.push(line),
                Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => break,
                Err(std::sync::mpsc::RecvTimeoutError::Timeout) => {
                    panic!("`{}` runs on\n{:#?}\n{:#?}", self.name, self.stdout, self.stderr)
                }
            }
        }
        let status = self.child.wait().expect("it has closed its outputs");
        Ended { status, stdout: std::mem::take(&mut self.stdout), stderr: std::mem::take(&mut self.stderr) }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The port in a line that names an address on loopback.
pub(crate) fn port_in(line: &str) -> u16 {
    let after = line.split("127.0.0.1:").nth(1).unwrap_or_else(|| panic!("no address in `{line}`"));
    let digits = after.split(|c: char| !c.is_ascii_digit()).next().expect("a split has a first part");
    digits.parse().unwrap_or_else(|_| panic!("no port in `{line}`"))
}

fn pump(from: impl std::io::Read, mut send: impl FnMut(String) -> bool) {
    for line in BufReader::new(from).lines() {
        let Ok(line) = line else { return };
        if !send(line) {
            return;
        }
    }
}

/// The path of an up to date example, of the profile this test was built with.
///
/// A test that is built alone does not build the examples, so cargo is asked; it says nothing when there is nothing to do.
fn built(name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("a test has a path");
    let directory = test.parent().and_then(Path::parent).expect("tests are built in `<profile>/deps`");
    let profile = match directory.file_name().and_then(|profile| profile.to_str()) {
        Some("debug") | None => "dev",
        Some(profile) => profile,
    };
    let target = directory.parent().expect("profiles are built in the target directory");
    let status = Command::new(env!("CARGO"))
        .args([
            "build",
            "--quiet",
            "--package",
            env!("CARGO_PKG_NAME"),
            "--example",
            name,
            "--profile",
            profile,
        ])
        .arg("--target-dir")
        .arg(target)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .status()
        .expect("cargo ran this test");
    assert!(status.success(), "the example `{name}` does not build");
    directory.join("examples").join(name)
}
