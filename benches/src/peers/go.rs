//! Go, in a process of its own: `benches/go`, which `cargo xtask bench` builds beside this program.
//!
//! Default settings of the toolchain; its own clock at its own receiver, so that starting the process is not measured.
//! With one thread it runs on the core of ours; with two, its scheduler places its goroutines, as it does in a service.

use std::path::PathBuf;
use std::process::Command;

use crate::harness::{Contestant, Measured, Peer, SINK_CORE, Target, Work, pin};

const PROGRAM: &str = "locus-benches-go";

/// A list of functions, each called at once.
pub(crate) const fn handlers(target: Target) -> Peer {
    peer("go-handlers", |work| on_one_core("handlers", work), target)
}

/// A buffered channel between two goroutines of one thread.
pub(crate) const fn channel(target: Target) -> Peer {
    peer("go-channel", |work| on_one_core("channel", work), target)
}

/// A buffered channel between two goroutines, with two threads to run them on.
pub(crate) const fn channel_across(target: Target) -> Peer {
    peer("go-channel", |work| run("channel-across", work), target)
}

const fn peer(name: &'static str, run: fn(Work) -> Measured, target: Target) -> Peer {
    Peer { contestant: Contestant { name, run, lacks }, target }
}

fn lacks() -> Option<String> {
    let program = program();
    (!program.is_file()).then(|| {
        "no Go program beside this one; `apt-get install golang-go`, then `cargo xtask bench`".to_owned()
    })
}

fn program() -> PathBuf {
    let this = std::env::current_exe().expect("a running program has a path");
    this.with_file_name(format!("{PROGRAM}{}", std::env::consts::EXE_SUFFIX))
}

fn on_one_core(shape: &str, work: Work) -> Measured {
    // The process inherits the core of the thread that starts it.
    pin(SINK_CORE);
    run(shape, work)
}

fn run(shape: &str, work: Work) -> Measured {
    let numbers = [work.warmup, work.measured, work.turn].map(|number| number.to_string());
    let output =
        Command::new(program()).arg(shape).args(numbers).output().expect("it was there a moment ago");
    let said = String::from_utf8_lossy(&output.stdout);
    let numbers: Vec<u64> = said.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    match numbers[..] {
        [elapsed_ns, taken, residue] => {
            let fault = (taken != work.total() || residue != 0)
                .then(|| format!("took {taken} of {} messages, residue {residue}", work.total()));
            Measured::figure(elapsed_ns as f64 / work.measured as f64, fault)
        }
        _ => Measured::figure(0.0, Some(String::from_utf8_lossy(&output.stderr).into_owned())),
    }
}
