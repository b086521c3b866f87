//! Runs the shapes and prints one line of JSON per row on stdout, and a table on stderr.
//!
//! `locus-benches [--shape NAME] [--rounds N] [--quick]`

use std::process::{Command, ExitCode};

use locus_benches::harness::{Rounds, Row, Shape, Work, print_table_head, run};
use locus_benches::shapes;

/// Medians of at least seven: one slow round, or three, do not move them.
const ROUNDS: usize = 7;
/// What `--quick` divides the messages by.
const QUICK_DIVISOR: u64 = 5;

/// The shape that a program of its own measures, and that program, which is built beside this one.
const ALLOCATIONS: &str = "allocations";
const ALLOCATIONS_PROGRAM: &str = "locus-allocations";

struct Options {
    shape: Option<String>,
    rounds: usize,
    quick: bool,
}

fn main() -> ExitCode {
    let options = match parse(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(message) => {
            eprintln!("error: {message}\nusage: locus-benches [--shape NAME] [--rounds N] [--quick]");
            return ExitCode::from(2);
        }
    };
    become_multi_threaded();
    print_table_head();
    for shape in shapes::all() {
        if options.wants(shape.name) {
            measure(shape, &options);
        }
    }
    if options.wants(ALLOCATIONS)
        && let Err(message) = count_allocations()
    {
        eprintln!("error: {message}");
        return ExitCode::from(2);
    }
    ExitCode::SUCCESS
}

/// A C library may skip the locks of its allocator until a process has its first further thread. Every service has
/// one, so every contestant is measured in a process that had one.
fn become_multi_threaded() {
    let thread = std::thread::spawn(|| {});
    thread.join().expect("a thread that does nothing does not panic");
}

impl Options {
    fn wants(&self, shape: &str) -> bool {
        self.shape.as_ref().is_none_or(|name| name == shape)
    }
}

fn measure(shape: Shape, options: &Options) {
    let messages = if options.quick { shape.messages / QUICK_DIVISOR } else { shape.messages };
    let outcome = run(shape, Rounds::new(options.rounds), Work::of(messages));
    outcome.rows().iter().for_each(Row::print);
}

/// Its rows go to the same stdout and stderr.
fn count_allocations() -> Result<(), String> {
    let this = std::env::current_exe().map_err(|error| format!("cannot find this program: {error}"))?;
    let program = this.with_file_name(format!("{ALLOCATIONS_PROGRAM}{}", std::env::consts::EXE_SUFFIX));
    let status = Command::new(&program).status().map_err(|error| {
        format!("cannot run `{}`: {error}; build the whole package `locus-benches`", program.display())
    })?;
    if status.success() { Ok(()) } else { Err(format!("`{ALLOCATIONS_PROGRAM}` failed: {status}")) }
}

fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Options, String> {
    let mut options = Options { shape: None, rounds: ROUNDS, quick: false };
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--quick" => options.quick = true,
            "--shape" => options.shape = Some(known_shape(arguments.next())?),
            "--rounds" => options.rounds = round_count(arguments.next())?,
            _ => return Err(format!("unknown argument `{argument}`")),
        }
    }
    Ok(options)
}

fn known_shape(name: Option<String>) -> Result<String, String> {
    let names: Vec<_> = shapes::all().iter().map(|shape| shape.name).chain([ALLOCATIONS]).collect();
    match name {
        Some(name) if names.contains(&name.as_str()) => Ok(name),
        _ => Err(format!("`--shape` takes one of {}", names.join(", "))),
    }
}

fn round_count(count: Option<String>) -> Result<usize, String> {
    match count.and_then(|count| count.parse().ok()) {
        Some(rounds) if rounds > 0 => Ok(rounds),
        _ => Err("`--rounds` takes a number of at least 1".to_owned()),
    }
}
