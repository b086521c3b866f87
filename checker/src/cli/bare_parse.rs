//! `--time-bare-parse`: the whole run beside a bare syn parse of the same files, in the same process.
//!
//! The files are read once before anything is timed, so that neither side pays for a cold disk. Both sides
//! read the files again, on the same threads, in turns; the fastest of [`ROUNDS`] counts, because whatever
//! else the machine does can only add. One line per figure, name first, for `xtask soak field`.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rayon::prelude::*;

use super::{Args, Failure, Outcome, run};
use crate::report::Summary;
use crate::rule::level::Levels;

/// How often each side runs.
const ROUNDS: usize = 3;

/// Times both sides and prints the figures.
pub(super) fn measure(args: &Args, levels: &Levels, out: &mut dyn Write) -> Result<Outcome, Failure> {
    let paths = files(args)?;
    let lines = read_all(&paths);

    let (mut whole, mut bare) = (Duration::MAX, Duration::MAX);
    let (mut parsed, mut findings, mut summary) = (0, 0, Summary::default());
    for _ in 0..ROUNDS {
        let began = Instant::now();
        let (mut analysis, _) = run::analyse(args)?;
        let (found, counts) = run::judge(&mut analysis, levels);
        whole = whole.min(began.elapsed());
        (findings, summary) = (found.len(), counts);

        let began = Instant::now();
        parsed = paths.par_iter().filter(|path| parse(path)).count();
        bare = bare.min(began.elapsed());
    }

    writeln!(out, "files {}", paths.len())?;
    writeln!(out, "lines {lines}")?;
    writeln!(out, "threads {}", rayon::current_num_threads())?;
    writeln!(out, "bare_parse_seconds {:.3}", bare.as_secs_f64())?;
    writeln!(out, "run_seconds {:.3}", whole.as_secs_f64())?;
    writeln!(out, "bare_parse_ns_per_line {:.0}", ns_per_line(bare, lines))?;
    writeln!(out, "run_ns_per_line {:.0}", ns_per_line(whole, lines))?;
    writeln!(out, "ratio {:.2}", whole.as_secs_f64() / bare.as_secs_f64().max(f64::MIN_POSITIVE))?;
    writeln!(out, "functions {}", summary.functions)?;
    writeln!(out, "calls {}", summary.calls)?;
    writeln!(out, "calls_unresolved {}", summary.calls_unresolved)?;
    writeln!(out, "calls_unresolved_percent {:.1}", summary.unresolved_percent())?;
    writeln!(out, "macros_unknown {}", summary.macros_unknown)?;
    writeln!(out, "files_unparsed {}", paths.len() - parsed)?;
    writeln!(out, "findings {findings}")?;
    Ok(Outcome::Clean)
}

/// Prints the files the run reads, a path a line.
pub(super) fn list(args: &Args, out: &mut dyn Write) -> Result<Outcome, Failure> {
    files(args)?.iter().try_for_each(|path| writeln!(out, "{}", path.display()))?;
    Ok(Outcome::Clean)
}

/// Parses the files that `list` names, a path a line,.
pub(super) fn parse_listed(list: &Path, out: &mut dyn Write) -> Result<Outcome, Failure> {
    let text = run::read_text(list)?;
    let paths: Vec<PathBuf> = text.lines().map(PathBuf::from).collect();
    let parsed = paths.par_iter().filter(|path| parse(path)).count();
    writeln!(out, "parsed {parsed}")?;
    Ok(Outcome::Clean)
}

/// The files the run reads, found by its own loading.
fn files(args: &Args) -> Result<Vec<PathBuf>, Failure> {
    let workspace = run::read(args)?;
    Ok(workspace.files.iter().map(|file| workspace.root.join(&file.source.path)).collect())
}

/// Reads every file once and counts the lines.
fn read_all(paths: &[PathBuf]) -> usize {
    paths.par_iter().map(|path| std::fs::read_to_string(path).map_or(0, |text| text.lines().count())).sum()
}

/// Parses one file and gives back only whether that worked: the tree is dropped here, on this thread.
fn parse(path: &Path) -> bool {
    let parsed = std::fs::read_to_string(path).is_ok_and(|text| syn::parse_file(&text).is_ok());
    // As the run itself does, so that the texts of thousands of files do not pile up.
    proc_macro2::extra::invalidate_current_thread_spans();
    parsed
}

fn ns_per_line(time: Duration, lines: usize) -> f64 {
    time.as_secs_f64() * 1e9 / lines.max(1) as f64
}
