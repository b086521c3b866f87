//! `locus.toml` with random changes: read without a panic, every problem told with a place inside the text.
//!
//! A case follows from its seed alone. `LOCUS_FUZZ_SECONDS=n` goes on for so long, `LOCUS_FUZZ_SEED=n` runs one case.

use std::panic::catch_unwind;
use std::time::{Duration, Instant};

use super::tests::read_places;
use crate::pool::rig::random::Random;

/// Cases in an ordinary test run: about a second.
const CASES: u64 = 3_000;

const TEXTS: &[&str] = &[
    "[place]\nlobby = \"rooms\"\nweb = { replicas = 2, cores = \"4..6\" }\n[limits]\ndrain_timeout = \"3s\"\n",
    "[place]\nweb = \"pinned\"\nlobby = { pool = \"io\" }\n[checker]\nanything = [1, 2]\n[limits]\nspin_time = \"20us\"\n",
    "place.lobby = { core = 3 }\nlimits.start_timeout = \"1m\"\n",
];

const WORDS: &[&str] = &[
    "[place]",
    "[[limits]]",
    "lobby",
    "web",
    "\"",
    "'''",
    "{",
    "}",
    "=",
    "\n",
    "..",
    "-1",
    "\"0s\"",
    "\"99999999999999999999s\"",
    "\"m\"",
    "\"éus\"",
    "replicas",
    "cores",
    "1e400",
    "#",
    "\u{0}",
    "é",
];

fn from_env(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

fn place(random: &mut Random, text: &str) -> usize {
    let mut at = random.below(text.len() + 1);
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

fn text(seed: u64) -> String {
    let mut random = Random::new(seed);
    let mut text = (*random.pick(TEXTS)).to_owned();
    for _ in 0..=random.below(5) {
        let (one, other) = (place(&mut random, &text), place(&mut random, &text));
        let (word, other_text) = (*random.pick(WORDS), *random.pick(TEXTS));
        match random.below(4) {
            0 => text.replace_range(one.min(other)..one.max(other), ""),
            1 => text.insert_str(one, word),
            2 => text.insert_str(one, other_text),
            _ => text.replace_range(one.min(other)..one.max(other), word),
        }
    }
    text
}

fn check(text: &str) -> Result<(), String> {
    let Err(problems) = read_places(text) else { return Ok(()) };
    let lines = text.lines().count().max(1) + 1;
    let told: Vec<&str> = problems.lines().filter(|line| line.starts_with("locus.toml:")).collect();
    if told.is_empty() {
        return Err(format!("no problem has a place: {problems}"));
    }
    for problem in told {
        let line: Option<usize> = problem.split(':').nth(1).and_then(|line| line.parse().ok());
        if !line.is_some_and(|line| (1..=lines).contains(&line)) {
            return Err(format!("there is no such line: {problem}"));
        }
    }
    Ok(())
}

#[test]
fn settings_files() {
    let single = from_env("LOCUS_FUZZ_SEED");
    let time = from_env("LOCUS_FUZZ_SECONDS").map(Duration::from_secs);
    let began = Instant::now();
    let first = single.unwrap_or(1);
    for seed in first.. {
        let is_over = match time {
            _ if single.is_some() => seed > first,
            Some(time) => began.elapsed() >= time,
            None => seed - first == CASES,
        };
        if is_over {
            return println!("settings files: {} cases", seed - first);
        }
        let text = text(seed);
        let result = catch_unwind(|| check(&text)).unwrap_or_else(|_| Err("it panicked".to_owned()));
        if let Err(what) = result {
            panic!("LOCUS_FUZZ_SEED={seed} (settings files): {what}, for\n{text}");
        }
    }
}
