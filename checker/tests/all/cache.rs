//! The store: what a run says does not depend on it, whatever happened to the code or to the store in between.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use crate::harness::command::{Run, checker_in, tests_folder};
use crate::harness::workspace::Copy;

/// Edits of the service, each on top of the ones before: what is replaced in `main.rs`, by what. Each changes something
/// else of what other code can see.
const EDITS: [(&str, &str); 12] = [
    // Nothing; then a body; then a comment that moves all that follows.
    ("mod lost;", "mod lost;"),
    ("first(self);", "first(self); self.names.push(String::new());"),
    ("mod lost;", "// A comment.\n\nmod lost;"),
    // A function more before all others; a method more; a constant, which a body elsewhere counts with.
    ("fn edited() {}", "fn more() {} fn edited() {}"),
    ("impl Kept {", "impl Kept { pub fn another(&self) {}"),
    ("const MOST: usize = 8;", "const MOST: usize = 9;"),
    // What is called elsewhere grows, is renamed, and has another of its name before it.
    ("pub fn put(&mut self, key: u64) {", "pub fn put(&mut self, key: u64) { self.more.push(key);"),
    ("pub fn take(&mut self, key: u64) { self.held.remove(&key); }", "pub fn takes(&mut self) {}"),
    ("impl Other {", "impl Other { pub fn put(&mut self, key: u64) {}"),
    // A field of another type, and an implementation that takes effect without a name.
    ("pub held: HashMap<u64, u64>", "pub held: BTreeMap<u64, u64>"),
    // What a macro of another file writes.
    ("$of.more.push(1)", "$of.more.clear()"),
    ("impl Default for Other {", "impl Drop for Kept { fn drop(&mut self) {} } impl Default for Other {"),
];

/// What is edited: two files, the one using what the other declares.
const EDITED: &str = "\
use std::collections::{BTreeMap, HashMap};
pub const MOST: usize = 8;
#[macro_export]
macro_rules! keep { ($of:expr) => { $of.more.push(1) }; }
fn edited() {}
pub struct Kept { pub held: HashMap<u64, u64>, pub more: Vec<u64> }
impl Kept {
    pub fn put(&mut self, key: u64) { self.held.insert(key, key); }
    pub fn take(&mut self, key: u64) { self.held.remove(&key); }
}
pub struct Other;
impl Other {
    pub fn put_all(&mut self) {}
}
impl Default for Other {
    fn default() -> Self { edited(); Other }
}
";

const USING: &str = "\
use crate::edited::{Kept, MOST};
use locus::prelude::*;
#[locus]
pub struct Lost { kept: Kept, names: Vec<String>, few: Vec<u8> }
#[locus]
impl Lost {
    #[on]
    fn on_posted(&mut self, posted: &crate::Posted, _cx: &mut Cx<'_, Self>) {
        self.names.push(posted.text.clone());
        crate::keep!(self.kept);
        first(self);
    }
}
fn first(lost: &mut Lost) {
    if lost.few.len() < MOST { lost.few.push(1); }
    lost.kept.put(1);
    lost.kept.take(2);
}
";

/// A program beside the service, about which questions lead from body to body: where a key comes from, what drives a
/// task, who falls behind.
const PEER: &str = "\
mod names;
use names::{Seen, answered, key_of, stored};
use tokio::net::{TcpListener, TcpStream};
#[tokio::main]
async fn main() -> std::io::Result<()> {
    let at = TcpListener::bind(\"127.0.0.1:0\").await?;
    let (lines, mut read) = tokio::sync::mpsc::unbounded_channel();
    tokio::spawn(async move { while let Some(line) = read.recv().await { stored(line).await; } });
    let mut seen = Seen::default();
    loop {
        let (socket, from) = at.accept().await?;
        seen.note(&key_of(from.to_string()));
        seen.number();
        lines.send(from).ok();
        tokio::spawn(served(socket));
    }
}
async fn served(socket: TcpStream) { answered(socket).await; }
";

const NAMES: &str = "\
use std::collections::HashMap;
use std::net::SocketAddr;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
#[derive(Default)]
pub struct Seen { by_key: HashMap<String, u64>, by_number: HashMap<u64, u64>, last: u64 }
impl Seen {
    pub fn note(&mut self, key: &str) { self.by_key.insert(key.to_owned(), 1); }
    pub fn number(&mut self) { self.last += 1; self.by_number.insert(self.last, 1); }
}
pub fn key_of(from: String) -> String { from }
pub async fn answered(mut socket: TcpStream) { let mut bytes = [0; 8]; socket.read(&mut bytes).await.ok(); }
pub async fn stored(_: SocketAddr) { tokio::time::sleep(std::time::Duration::from_secs(1)).await; }
";

/// Edits of that program: each changes an answer, in a file that the question only passes through.
const ANSWERS: [(&str, &str); 4] = [
    ("{ from }", "{ drop(from); \"all\".to_owned() }"),
    ("self.last += 1;", "self.last = 1;"),
    ("tokio::time::sleep(std::time::Duration::from_secs(1)).await;", "drop(());"),
    ("socket.read(&mut bytes).await.ok();", "drop((socket, bytes));"),
];

fn service(name: &str) -> Copy {
    let copy = Copy::of_service(name);
    copy.write("src/edited.rs", EDITED);
    copy.write("src/lost.rs", USING);
    copy.replace("src/main.rs", "use locus::prelude::*;", "mod lost;\nmod edited;\nuse locus::prelude::*;");
    copy
}

fn checked(copy: &Copy, store: &[&str]) -> Run {
    let levels = ["-W", "all", "-W", "likely", "-W", "nursery", "--format", "human"];
    checker_in(copy.path(), &[&levels[..], store].concat())
}

/// All that is said, without how long it took.
fn said(run: &Run) -> (Option<i32>, String, &str) {
    let (report, time) = run.stdout.trim_end().rsplit_once(", ").expect("the last line ends with the time");
    assert!(time.ends_with(" s"), "{time}");
    (run.code, report.to_owned(), &run.stderr)
}

fn folder(copy: &Copy) -> PathBuf {
    copy.path().join("store")
}

fn with_and_without(copy: &Copy) -> String {
    let folder = folder(copy);
    let stored = checked(copy, &["--cache", folder.to_str().expect("a plain name")]);
    let bare = checked(copy, &["--no-cache"]);
    assert_eq!(said(&stored), said(&bare));
    assert!(said(&bare).1.contains("warning["), "there is something to say: {}", bare.stdout);
    said(&bare).1
}

fn edit(copy: &Copy, from: &str, to: &str) {
    for file in ["src/edited.rs", "src/lost.rs", "src/main.rs", "src/bin/peer/names.rs"] {
        let text = std::fs::read_to_string(copy.path().join(file)).unwrap_or_default();
        if text.contains(from) {
            copy.write(file, &text.replacen(from, to, 1));
            return;
        }
    }
    panic!("`{from}` is nowhere");
}

fn files_of(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).expect("a store was written");
    let mut names: Vec<String> =
        entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// Waits until the file system's word is taken for what was written so far.
fn settle() {
    thread::sleep(Duration::from_secs(5));
}

#[test]
fn the_report_is_the_same_after_each_edit() {
    let copy = service("cache_edits");
    settle();
    let mut reports = vec![with_and_without(&copy)];
    for (from, to) in EDITS {
        edit(&copy, from, to);
        reports.push(with_and_without(&copy));
        with_and_without(&copy);
    }
    reports.sort();
    reports.dedup();
    assert!(reports.len() >= 6, "the edits change what there is to say: {reports:#?}");
    // And all the way back.
    for (from, to) in EDITS.iter().rev() {
        edit(&copy, to, from);
        with_and_without(&copy);
    }
}

#[test]
fn a_file_that_seems_the_same_is_read_again() {
    const FROM: &str = "self.names.push(posted.text.clone());";
    let copy = service("cache_same");
    settle();
    let before = with_and_without(&copy);
    let path = copy.path().join("src/lost.rs");
    let state = || std::fs::metadata(&path).expect("it is there");
    let first = state();
    edit(&copy, FROM, &format!("{:1$}", "drop(posted.text.len());", FROM.len()));
    let file = File::options().write(true).open(&path).expect("the copy is ours to write");
    file.set_modified(first.modified().expect("the system keeps it")).expect("the copy is ours");
    assert_eq!((first.len(), first.modified().ok()), (state().len(), state().modified().ok()));
    settle();
    assert_ne!(before, with_and_without(&copy));
}

#[test]
fn answers_follow_what_they_come_from() {
    let copy = service("cache_answers");
    copy.replace("Cargo.toml", "locus-runtime = \"0.1\"", "locus-runtime = \"0.1\"\ntokio = \"1\"");
    std::fs::create_dir_all(copy.path().join("src/bin/peer")).expect("the copy is ours to write");
    copy.write("src/bin/peer/main.rs", PEER);
    copy.write("src/bin/peer/names.rs", NAMES);
    settle();
    let mut reports = vec![with_and_without(&copy)];
    with_and_without(&copy);
    assert_eq!(files_of(&folder(&copy)), ["base", "models", "packages"], "the second run learns nothing new");
    for (from, to) in ANSWERS {
        edit(&copy, from, to);
        reports.push(with_and_without(&copy));
        assert!(reports.is_sorted_by(|one, next| one != next), "{from}: {reports:#?}");
        with_and_without(&copy);
    }
    for (from, to) in ANSWERS.iter().rev() {
        edit(&copy, to, from);
        with_and_without(&copy);
    }
    assert_eq!(Some(&with_and_without(&copy)), reports.first());
}

#[test]
fn a_broken_store_costs_time_only() {
    let copy = service("cache_broken");
    with_and_without(&copy);
    edit(&copy, "fn edited() {}", "fn edited() { let a = 1; }");
    with_and_without(&copy);
    let whole: Vec<(String, Vec<u8>)> = files_of(&folder(&copy))
        .into_iter()
        .map(|name| (name.clone(), std::fs::read(folder(&copy).join(name)).expect("it is there")))
        .collect();
    for (name, bytes) in &whole {
        let path = folder(&copy).join(name);
        let half = bytes.len() / 2;
        let flipped: Vec<u8> =
            bytes.iter().enumerate().map(|(at, byte)| byte ^ u8::from(at == half)).collect();
        for broken in [&[][..], &bytes[..half], &flipped, b"locusck1 and then something else"] {
            std::fs::write(&path, broken).expect("the store is ours to break");
            with_and_without(&copy);
        }
        std::fs::write(&path, bytes).expect("the store is ours to mend");
    }
    std::fs::remove_dir_all(folder(&copy)).expect("the store is ours to remove");
    std::fs::write(folder(&copy), "not a folder").expect("the place is free");
    with_and_without(&copy);
}

#[test]
fn runs_at_the_same_time_share_a_store() {
    let copy = service("cache_shared");
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| (0..3).for_each(|_| drop(with_and_without(&copy))));
        }
    });
    with_and_without(&copy);
    assert!(
        files_of(&folder(&copy))
            .iter()
            .all(|name| ["base", "delta", "models", "packages"].contains(&name.as_str()))
    );
}

#[test]
fn what_is_gone_leaves_the_store() {
    let copy = service("cache_bounded");
    let size = || std::fs::metadata(folder(&copy).join("base")).expect("a store was written").len();
    with_and_without(&copy);
    let before = size();
    let many: String = (0..200).map(|at| format!("pub fn f{at}(a: u8) -> u8 {{ a + {at} }}\n")).collect();
    copy.write("src/many.rs", &many);
    edit(&copy, "mod lost;", "mod many; mod lost;");
    with_and_without(&copy);
    assert!(size() > before + 1_000, "{} > {before}", size());
    edit(&copy, "mod many; mod lost;", "mod lost;");
    with_and_without(&copy);
    assert!(size() <= before + before / 10, "{} <= {before}", size());
}

#[test]
fn the_store_lies_in_the_target_directory() {
    let copy = service("cache_place");
    let target = copy.path().join("elsewhere");
    let manifest = copy.manifest();
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_checker"));
    command.args(["--manifest-path", &manifest]).env("CARGO_TARGET_DIR", &target).current_dir(tests_folder());
    assert!(command.output().expect("the binary was built for this test").status.success());
    let stores = files_of(&target.join("locus-checker"));
    assert_eq!(stores.len(), 1);
    assert_eq!(files_of(&target.join("locus-checker").join(&stores[0])), ["base", "models", "packages"]);
    assert!(!copy.path().join("target").exists());
}
