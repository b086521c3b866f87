//! `cargo xtask soak`: runs that take minutes and end in a table.

mod chat;
mod drain;
mod field;
mod registry;
mod shuttle;
mod speed;
mod truth;

use std::path::PathBuf;
use std::process::ExitCode;

use crate::workspace::Workspace;

/// Entry point of the command.
pub(crate) fn run(arguments: &[String]) -> Result<ExitCode, String> {
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let passed = match words[..] {
        ["chat"] => chat::run(&Workspace::load()?)?,
        ["drain"] => drain::run(&Workspace::load()?)?,
        ["field", directory] => field::run(&Workspace::load()?, &PathBuf::from(directory))?,
        ["shuttle"] => shuttle::run(&Workspace::load()?, None)?,
        ["shuttle", minutes] => shuttle::run(&Workspace::load()?, Some(minutes))?,
        ["truth"] => truth::run(&Workspace::load()?)?,
        ["registry", directory] => registry::run(&Workspace::load()?, &PathBuf::from(directory))?,
        ["speed", directory] => speed::run(&Workspace::load()?, &PathBuf::from(directory))?,
        _ => {
            return Err(
                "`soak` takes `chat`, `drain`, `shuttle [MINUTES]`, `truth`, `field DIR`, `registry DIR` or \
                        `speed DIR`"
                    .to_owned(),
            );
        }
    };
    Ok(if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
