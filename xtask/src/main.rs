//! `cargo xtask`: tests, soaks, benchmarks and housekeeping of this workspace.
//!
//! Each command is one module and one row of [`COMMANDS`]. A command decides what runs and in which order; how a
//! process is run, what a machine lacks and how results are told live in [`process`], [`provision`] and [`ledger`].

mod bench;
mod chat;
mod deep;
mod docs;
mod ledger;
mod oracle;
mod process;
mod provision;
mod soak;
mod test;
mod tidy;
mod workspace;

use std::process::ExitCode;

/// Exit code of a command line that names nothing we know, or that could not run at all.
const EXIT_COULD_NOT_RUN: u8 = 2;

/// One command: its name, its arguments as shown in the usage, what it does, and the function that does it.
struct CommandRow {
    name: &'static str,
    arguments: &'static str,
    does: &'static str,
    run: fn(&[String]) -> Result<ExitCode, String>,
}

const COMMANDS: &[CommandRow] = &[
    CommandRow { name: "test", arguments: "", does: "everything that gates a change", run: test::run },
    CommandRow {
        name: "deep",
        arguments: "[PART..]",
        does: "miri, loom, seeds, fuzzing, stress",
        run: deep::run,
    },
    CommandRow {
        name: "soak",
        arguments: "chat | drain | shuttle [MINUTES] | truth | field DIR | registry DIR",
        does: "ten minutes of load; a thousand drains; fresh schedules of whole pools; the checker beside the meter, and over foreign code",
        run: soak::run,
    },
    CommandRow {
        name: "bench",
        arguments: "[FILTER]",
        does: "ours beside the peers, interleaved",
        run: bench::run,
    },
    CommandRow {
        name: "oracle",
        arguments: "DIR..",
        does: "the checker's types beside rustc's, over whole workspaces",
        run: oracle::run,
    },
    CommandRow {
        name: "docs",
        arguments: "",
        does: "rustdoc without warnings, links that lead somewhere",
        run: docs::run,
    },
    CommandRow { name: "tidy", arguments: "", does: "sizes, headers, names and reasons", run: tidy::run },
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some(row) = arguments.first().and_then(|name| COMMANDS.iter().find(|row| row.name == name)) else {
        eprint!("{}", usage());
        return ExitCode::from(EXIT_COULD_NOT_RUN);
    };
    match (row.run)(&arguments[1..]) {
        Ok(code) => code,
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::from(EXIT_COULD_NOT_RUN)
        }
    }
}

fn usage() -> String {
    let mut text = String::from("usage: cargo xtask COMMAND\n\n");
    for row in COMMANDS {
        let call = format!("{} {}", row.name, row.arguments);
        text.push_str(&format!("  {call:<24}{}\n", row.does));
    }
    text
}

/// Fails unless `arguments` is empty, for commands that take none.
fn expect_no_arguments(command: &str, arguments: &[String]) -> Result<(), String> {
    match arguments.first() {
        None => Ok(()),
        Some(extra) => Err(format!("`{command}` takes no arguments, found `{extra}`")),
    }
}
