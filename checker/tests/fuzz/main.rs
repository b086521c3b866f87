//! Foreign bytes: the grammar of our attributes, ceilings files, and source through the whole of a run.
//!
//! Texts that are right are changed at random, and whatever comes out must be read without a panic, twice the same, with
//! every problem inside the text. A case follows from its seed alone. `LOCUS_FUZZ_SECONDS=n` runs each target for so
//! long instead of a fixed number of cases, `LOCUS_FUZZ_SEED=n` runs a single case.

mod mutate;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use locus_checker::analysis::{Analysis, analyse};
use locus_checker::budget;
use locus_checker::finding::{FileId, Span};
use locus_checker::load::{TargetKind, Workspace};
use locus_syntax::{Errors, Site, read};
use mutate::Mutator;
use syn::parse::Parser;

/// Cases of each target in an ordinary test run: some seconds in all.
const CASES: u64 = 300;

/// Cases between two lines of progress in a long run: an abort is somewhere behind the last line.
const PROGRESS_EVERY: u64 = 5_000;

fn from_env(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// The stack of a target, as large as the program's own threads have it.
const STACK_BYTES: usize = 256 << 20;

/// Runs `case` on texts that follow from their seeds, and says which one fails.
fn fuzz(target: &str, texts: &[&str], words: &[&str], case: impl Fn(&str) -> Result<(), String> + Sync) {
    std::thread::scope(|scope| {
        let builder = std::thread::Builder::new().stack_size(STACK_BYTES);
        let running = builder.spawn_scoped(scope, || run_seeds(target, texts, words, &case));
        let ended = running.expect("a thread starts").join();
        ended.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    });
}

fn run_seeds(target: &str, texts: &[&str], words: &[&str], case: impl Fn(&str) -> Result<(), String>) {
    let single = from_env("LOCUS_FUZZ_SEED");
    let time = from_env("LOCUS_FUZZ_SECONDS").map(Duration::from_secs);
    let began = Instant::now();
    let first = single.unwrap_or(1);
    for seed in first.. {
        let ran = seed - first;
        let is_over = match time {
            _ if single.is_some() => ran == 1,
            Some(time) => began.elapsed() >= time,
            None => ran == CASES,
        };
        if is_over {
            println!("{target}: {ran} cases in {:.1} s", began.elapsed().as_secs_f64());
            return;
        }
        if time.is_some() && ran > 0 && ran.is_multiple_of(PROGRESS_EVERY) {
            eprintln!("{target}: {ran} cases");
        }
        let text = Mutator::new(seed).text(texts, words);
        let failure = match catch_unwind(AssertUnwindSafe(|| case(&text))) {
            Ok(Ok(())) => continue,
            Ok(Err(what)) => what,
            Err(_) => "it panicked".to_owned(),
        };
        panic!("LOCUS_FUZZ_SEED={seed} ({target}): {failure}, for\n{text}");
    }
}

const ATTRIBUTES: &[&str] = &[
    r#"#[locus(publishes(Relayed, chat::Closed), receives(Tick, key = self.room, bounded = 64, on_full = drop_old), children(Conn = flow, max = 4096), strategy = rest_for_one, restarts = 3, within = "5s", scratch_bytes_max = "16MiB", idle = "10m")]"#,
    r#"#[topic(key = (room, user), bounded = 1024, on_full = drop_old, subject = "chat.relayed", reply = usize)]"#,
    r#"#[on(key = self.id, bounded = 64, on_full = drop_new, missed = on_missed)] #[on(batch)] #[on(keys, max = 256)]"#,
    r#"#[every("250ms", late = catch_up)] #[place(pinned, cores = 4..8, replicas = 4)] #[bind(Posted = nats(subject = "a.b"))]"#,
    r#"#[get("/rooms/{name}")] #[locus::allow(unbounded_growth, reason = "bounded by the rooms")] #[locus::max_alloc(0)]"#,
    r#"#[cfg_attr(any(), locus::bounded(by = N))] #[locus(main, panics = abort)] #[locus::deny(resource_leak)]"#,
];

const ATTRIBUTE_WORDS: &[&str] = &[
    "#[",
    "]",
    "(",
    ")",
    ",",
    "=",
    "\"",
    "..",
    "::",
    "self.",
    "key",
    "bounded",
    "on_full",
    "drop_old",
    "fail",
    "missed",
    "max",
    "main",
    "reply",
    "\"5s\"",
    "\"16MiB\"",
    "-1",
    "18446744073709551616",
    "0",
    "_",
    "'a",
    "r#in",
];

const SITES: [Site; 5] = [Site::Item, Site::Main, Site::MainField, Site::Method, Site::Elsewhere];

#[test]
fn attributes() {
    let problems = |text: &str, site| {
        let Ok(attrs) = syn::Attribute::parse_outer.parse_str(text) else { return Vec::new() };
        let mut errors = Errors::new();
        let _ = read(&attrs, site, &mut errors);
        errors.into_problems().iter().map(|problem| problem.text()).collect::<Vec<String>>()
    };
    fuzz("attributes", ATTRIBUTES, ATTRIBUTE_WORDS, |text| {
        for site in SITES {
            let said = problems(text, site);
            if said != problems(text, site) {
                return Err(format!("two readings differ on {site:?}"));
            }
            if said.iter().any(|text| text.trim().is_empty()) {
                return Err("a problem without words".to_owned());
            }
        }
        Ok(())
    });
}

const BUDGETS: &[&str] = &[
    include_str!("../../../budget.toml"),
    "pinned_threads = 2\ncooperative_pools = 3\n[bin.chat]\npinned_threads = 4\nchildren_max = 1_000\n",
    "[bin]\nchat.listeners = 1\n\"bin\".fd_open_sites = 0x10\n",
];

const BUDGET_WORDS: &[&str] = &[
    "[bin.chat]",
    "[[bin]]",
    "bin",
    "=",
    "\n",
    "-1",
    "99999999999999999999",
    "1.5",
    "\"",
    "'''",
    "#",
    "{",
    "}",
    "pinned_threads",
    "inf",
    "0x",
    "é",
    "\u{0}",
];

#[test]
fn ceilings_files() {
    fuzz("ceilings files", BUDGETS, BUDGET_WORDS, |text| {
        let (_, problems) = budget::parse(text, FileId(0));
        let (_, again) = budget::parse(text, FileId(0));
        if format!("{problems:?}") != format!("{again:?}") {
            return Err("two readings differ".to_owned());
        }
        let spans = problems.iter().filter_map(|problem| problem.primary.as_ref()).map(|label| label.span);
        inside(text, spans)
    });
}

const SOURCES: &[&str] = &[
    include_str!("../../../examples/rooms.rs"),
    include_str!("../../../examples/leaky/main.rs"),
    include_str!("../../../runtime/tests/ui/pass/everything.rs"),
    include_str!("../../../checker/src/budget/file.rs"),
];

const SOURCE_WORDS: &[&str] = &[
    "fn f() {",
    "}",
    "{",
    "(",
    ")",
    "<",
    ">",
    "loop {",
    "while let Some(x) = ",
    "match self {",
    "=>",
    ";",
    "::",
    "impl ",
    "self.all.push(x)",
    "self.all.clear()",
    "static ALL: Mutex<Vec<u8>> = ",
    "tokio::spawn(async move {",
    "|x| x",
    "&mut ",
    "macro_rules! m { () => {} }",
    "m!(",
    "if let ",
    "where T: ",
    "'a",
    "\"",
    "/*",
    "*/",
    "//",
    "0..",
    "?",
    ".await",
    "é",
];

#[test]
fn sources_through_a_whole_run() {
    let run = |text: &str| analyse(Workspace::of_texts(&[("program", TargetKind::Bin, text)]));
    fuzz("sources", SOURCES, SOURCE_WORDS, |text| {
        let first = run(text);
        let said = |analysis: &Analysis| format!("{:?} {:?}", analysis.findings, analysis.stats);
        if said(&first) != said(&run(text)) {
            return Err("two runs differ".to_owned());
        }
        inside(text, first.findings.iter().map(|finding| finding.primary.span))
    });
}

/// Fails for a span that is not whole characters of the text.
fn inside(text: &str, spans: impl Iterator<Item = Span>) -> Result<(), String> {
    for span in spans {
        let (start, end) = (span.start as usize, span.end as usize);
        if text.get(start..end).is_none() {
            return Err(format!("{start}..{end} is no part of the text of {} bytes", text.len()));
        }
    }
    Ok(())
}
