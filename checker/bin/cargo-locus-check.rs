//! `cargo locus-check`: the same command where cargo looks for its subcommands.

use std::process::ExitCode;

fn main() -> ExitCode {
    locus_checker::cli::cargo_main()
}
