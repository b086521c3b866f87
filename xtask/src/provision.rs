//! Provides what a run needs and the machine lacks: the test runner, the browser, the editor's server, miri, Go.
//!
//! Root may install Debian packages; everybody else is told the one command. What comes through cargo or rustup
//! needs no root.

use std::process::Command;

use crate::ledger::Outcome;
use crate::process;

/// Downloads fail for reasons that pass; three tries with a pause between them outlast most of those.
const DOWNLOAD_ATTEMPTS: u32 = 3;

/// The browser the chat test drives, and the program that drives it.
const BROWSER_PROGRAMS: [&str; 2] = ["chromium", "chromedriver"];
const BROWSER_INSTALL: &str = "apt-get install -y chromium chromium-driver";

/// What the editor test speaks to.
const EDITOR_INSTALL: &str = "rustup component add rust-analyzer";

/// The toolchain of the Go peers, and the package that has it.
const GO_PROGRAM: &str = "go";
const GO_PACKAGE: &str = "golang-go";

/// What `cargo miri` takes beyond the nightly toolchain itself.
const MIRI_INSTALL: &str = "rustup component add --toolchain nightly miri rust-src";

/// Which program runs the tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Runner {
    /// `cargo nextest run`.
    Nextest,
    /// `cargo test`, where nextest is not to be had.
    CargoTest,
}

/// Finds nextest, installs it as root, and falls back to `cargo test`, which runs the same tests.
pub(crate) fn runner() -> Runner {
    if process::on_path("cargo-nextest") {
        return Runner::Nextest;
    }
    // Without debug information and optimisation it builds several times faster and runs tests as fast.
    let mut install = Command::new("cargo");
    install.args(["install", "--locked", "--debug", "cargo-nextest"]).env("CARGO_PROFILE_DEV_DEBUG", "0");
    if is_root() && process::retry(DOWNLOAD_ATTEMPTS, &mut install).is_ok() {
        Runner::Nextest
    } else {
        println!("nextest is not here: `cargo test` runs the tests (`cargo install --locked cargo-nextest`)");
        Runner::CargoTest
    }
}

/// Makes sure that a browser can be driven, or says what is missing.
pub(crate) fn browser() -> Outcome {
    if !have_browser()
        && is_root()
        && process::on_path("apt-get")
        && let Err(message) = install_packages(&["chromium", "chromium-driver"])
    {
        println!("{message}");
    }
    if have_browser() {
        Outcome::Passed
    } else {
        Outcome::NotRun {
            lacks: "no chromium with its driver".to_owned(),
            command: BROWSER_INSTALL.to_owned(),
        }
    }
}

/// Makes sure that rust-analyzer is here, or says what is missing.
pub(crate) fn editor() -> Outcome {
    // rustup leaves a proxy of that name on the path even where the component is missing.
    let answers = || process::capture(Command::new("rust-analyzer").arg("--version")).is_ok();
    if !answers() {
        let mut words = EDITOR_INSTALL.split(' ');
        let mut add = Command::new(words.next().unwrap_or_default());
        if let Err(message) = process::retry(DOWNLOAD_ATTEMPTS, add.args(words)) {
            println!("{message}");
        }
    }
    if answers() {
        Outcome::Passed
    } else {
        Outcome::NotRun { lacks: "no rust-analyzer".to_owned(), command: EDITOR_INSTALL.to_owned() }
    }
}

/// Makes sure that Go programs can be built, or says what is missing.
pub(crate) fn go() -> Outcome {
    if !process::on_path(GO_PROGRAM)
        && is_root()
        && process::on_path("apt-get")
        && let Err(message) = install_packages(&[GO_PACKAGE])
    {
        println!("{message}");
    }
    if process::on_path(GO_PROGRAM) {
        Outcome::Passed
    } else {
        Outcome::NotRun {
            lacks: "no Go toolchain".to_owned(),
            command: format!("apt-get install -y {GO_PACKAGE}"),
        }
    }
}

/// Makes sure that `cargo +nightly miri` works, or says what is missing.
pub(crate) fn miri() -> Outcome {
    if !have_miri() {
        let mut words = MIRI_INSTALL.split(' ');
        let mut add = Command::new(words.next().unwrap_or_default());
        if let Err(message) = process::retry(DOWNLOAD_ATTEMPTS, add.args(words)) {
            println!("{message}");
        }
    }
    if have_miri() {
        Outcome::Passed
    } else {
        Outcome::NotRun {
            lacks: "no nightly toolchain with miri".to_owned(),
            command: MIRI_INSTALL.to_owned(),
        }
    }
}

fn have_browser() -> bool {
    BROWSER_PROGRAMS.iter().all(|program| process::on_path(program))
}

fn have_miri() -> bool {
    let listed = process::capture(Command::new("rustup").args([
        "component",
        "list",
        "--toolchain",
        "nightly",
        "--installed",
    ]));
    listed.is_ok_and(|list| {
        ["miri", "rust-src"].iter().all(|name| list.lines().any(|line| line.starts_with(name)))
    })
}

fn install_packages(packages: &[&str]) -> Result<(), String> {
    process::retry(DOWNLOAD_ATTEMPTS, Command::new("apt-get").arg("update"))?;
    let mut install = Command::new("apt-get");
    install.args(["install", "-y", "--no-install-recommends"]).args(packages);
    process::retry(DOWNLOAD_ATTEMPTS, install.env("DEBIAN_FRONTEND", "noninteractive"))
}

fn is_root() -> bool {
    process::capture(Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0")
}
