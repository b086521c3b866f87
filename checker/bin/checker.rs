//! The `checker` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    locus_checker::cli::main()
}
