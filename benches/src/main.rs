//! Runs the shapes and prints one line of JSON per row on stdout, and a table on stderr.
//!
//! `locus-benches [FILTER] [--rounds N] [--quick]`

use std::process::{Command, ExitCode};

use locus_benches::harness::{Options, Row, print_table_head, run};
use locus_benches::shapes;

/// Counts allocations and bytes; a program of its own, which is built beside this one.
const ALLOCATIONS_PROGRAM: &str = "locus-allocations";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match Options::parse(&arguments).and_then(|options| measure(&options, &arguments)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("error: {message}\nusage: locus-benches [FILTER] [--rounds N] [--quick]");
            ExitCode::from(2)
        }
    }
}

fn measure(options: &Options, arguments: &[String]) -> Result<(), String> {
    options.check(&[shapes::timed(), shapes::counted()].concat())?;
    become_multi_threaded();
    print_table_head();
    for shape in options.choose(shapes::timed()) {
        let outcome = run(shape, options.rounds, options.work(shape));
        outcome.rows().iter().for_each(Row::print);
    }
    count_allocations(arguments)
}

/// A C library may skip the locks of its allocator until a process has its first further thread. Every service has
/// one, so every contestant is measured in a process that had one.
fn become_multi_threaded() {
    let thread = std::thread::spawn(|| {});
    thread.join().expect("a thread that does nothing does not panic");
}

/// Its rows go to the same stdout and stderr.
fn count_allocations(arguments: &[String]) -> Result<(), String> {
    let this = std::env::current_exe().map_err(|error| format!("cannot find this program: {error}"))?;
    let program = this.with_file_name(format!("{ALLOCATIONS_PROGRAM}{}", std::env::consts::EXE_SUFFIX));
    let status = Command::new(&program).args(arguments).status().map_err(|error| {
        format!("cannot run `{}`: {error}; build the whole package `locus-benches`", program.display())
    })?;
    if status.success() { Ok(()) } else { Err(format!("`{ALLOCATIONS_PROGRAM}` failed: {status}")) }
}
