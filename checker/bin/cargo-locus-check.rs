//! `cargo locus-check`: the same command where cargo looks for its subcommands.

use std::process::ExitCode;

/// The system's own asks the kernel for nearly every page that a thread needs.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    locus_checker::cli::cargo_main()
}
