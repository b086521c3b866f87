//! Small sources with the findings marked inline: `//~ rule` at the line, nothing else may be found.

use super::check;
use crate::finding::Confidence;
use crate::load::{TargetKind, Workspace};

/// Checks one program, or a program with the library `helper`, against its marks.
fn judge(crates: &[(&str, TargetKind, &str)]) {
    judge_down_to(crates, Confidence::Certain);
}

/// The same of all findings that are as sure as wanted, or surer.
fn judge_down_to(crates: &[(&str, TargetKind, &str)], wanted: Confidence) {
    let workspace = Workspace::of_texts(crates);
    for file in &workspace.files {
        assert!(file.ir.is_ok(), "{:?}", file.ir);
    }
    let checked = check(&workspace, crate::models::Models::shipped());
    // The sources are about growth and leaks, and take what they need for that from anywhere.
    let certain = checked.findings.iter().filter(|finding| finding.confidence <= wanted);
    let certain =
        certain.filter(|finding| ["unbounded-growth", "resource-leak"].contains(&finding.rule.name));
    let mut found: Vec<(usize, usize, &str)> = certain
        .map(|finding| {
            let span = finding.primary.span;
            let text = &workspace.files[span.file.0 as usize].source.text;
            let line = text[..span.start as usize].lines().count().max(1);
            let line = line + usize::from(text[..span.start as usize].ends_with('\n'));
            (span.file.0 as usize, line, finding.rule.name)
        })
        .collect();
    found.sort_unstable();
    let mut expected = Vec::new();
    for (index, (_, _, text)) in crates.iter().enumerate() {
        for (line, content) in text.lines().enumerate() {
            let marks = content.split("//~").skip(1).map(str::trim);
            expected.extend(marks.map(|rule| (index, line + 1, rule)));
        }
    }
    assert_eq!(found, expected, "\n{}", crates[0].2);
}

/// A locus `S` with the fields, handler body and further methods given.
fn locus(fields: &str, handler: &str, more: &str) {
    let text = format!(
        "use locus::prelude::*; use std::collections::*; use std::sync::*; use std::fs::File;
const MAX: usize = 100;
#[topic] pub struct Msg {{ id: u64, text: String, kind: Kind }}
#[derive(Clone, Copy)] pub enum Kind {{ A, B }}
#[locus] pub struct S {{ {fields} }}
#[locus] impl S {{ #[on] fn on_msg(&mut self, msg: &Msg, cx: &mut Cx<'_, Self>) {{
{handler}
}} {more} }}"
    );
    judge(&[("main", TargetKind::Lib, &text)]);
}

const GROWTH: &str = "//~ unbounded-growth";

#[test]
fn fields_that_only_grow() {
    for (fields, handler) in [
        ("m: HashMap<u64, String>", "self.m.insert(msg.id, msg.text.clone());"),
        ("m: BTreeMap<u64, String>", "self.m.entry(msg.id).or_default().push('x');"),
        ("v: Vec<u64>", "self.v.push(msg.id);"),
        ("q: VecDeque<u64>", "self.q.push_back(msg.id);"),
        ("s: HashSet<u64>", "if self.s.contains(&msg.id) { return; } self.s.insert(msg.id);"),
        ("s: String", "self.s.push_str(&msg.text);"),
        ("b: Vec<u8>", "self.b.extend_from_slice(msg.text.as_bytes());"),
        ("q: Arc<Mutex<Vec<u64>>>", "self.q.lock().unwrap().push(msg.id);"),
        ("o: Option<Vec<u64>>", "self.o.get_or_insert_with(Vec::new).push(msg.id);"),
        ("t: (Vec<u64>, u8)", "self.t.0.push(msg.id);"),
        ("j: Vec<tokio::task::JoinHandle<()>>", "self.j.push(tokio::spawn(async {}));"),
        ("h: BinaryHeap<u64>", "let h = &mut self.h; h.push(msg.id);"),
        ("v: Vec<u64>", "codec::encode(&self.v); self.v.push(msg.id);"),
    ] {
        locus(fields, &format!("{handler} {GROWTH}"), "");
    }
}

#[test]
fn bounds_that_are_tested_and_removals_in_place() {
    for (fields, handler, more) in [
        ("v: Vec<u64>", "match self.v.len() { n if n < MAX => self.v.push(msg.id), _ => {} }", ""),
        (
            "v: Vec<u64>",
            "if self.room().is_err() { return; } self.v.push(msg.id);",
            "fn room(&self) -> Result<(), ()> { if self.v.len() >= MAX { return Err(()); } Ok(()) }",
        ),
        (
            "v: Vec<u64>",
            "if let Err(_) = self.room() { return; } self.v.push(msg.id);",
            "fn room(&self) -> Result<(), ()> { if self.v.len() >= MAX { return Err(()); } Ok(()) }",
        ),
        (
            "v: Vec<u64>",
            "let _ = self.add(msg.id);",
            "fn add(&mut self, id: u64) -> Result<(), ()> { self.room()?; self.v.push(id); Ok(()) } fn room(&self) -> Result<(), ()> { if self.v.len() >= MAX { return Err(()); } Ok(()) }",
        ),
        (
            "h: BinaryHeap<u64>",
            "self.h.push(msg.id); if let Some(top) = self.h.peek_mut() { std::collections::binary_heap::PeekMut::pop(top); }",
            "",
        ),
        (
            "m: BTreeMap<u64, u64>",
            "self.m.insert(msg.id, 1); while let Some(e) = self.m.first_entry() { e.remove(); }",
            "",
        ),
        ("v: Vec<u64>", "self.v.push(msg.id); evict!(self.v);", ""),
        (
            "m: HashMap<u64, String>",
            "self.m.insert(msg.id, String::new());",
            "#[every(\"1s\")] fn t(&mut self, cx: &mut Cx<'_, Self>) { self.m.clear(); }",
        ),
        ("v: Vec<u64>", "if self.v.len() < MAX { self.v.push(msg.id); }", ""),
        (
            "v: Vec<u64>",
            "if self.full() { return; } self.v.push(msg.id);",
            "fn full(&self) -> bool { self.v.len() >= MAX }",
        ),
        ("q: VecDeque<u64>", "self.q.push_back(msg.id); if self.q.len() > MAX { self.q.pop_front(); }", ""),
        (
            "q: VecDeque<u64>",
            "self.q.push_back(msg.id); while self.q.len() > MAX { self.q.pop_front(); }",
            "",
        ),
        ("v: Vec<u64>", "self.v.push(msg.id); let old = std::mem::take(&mut self.v);", ""),
        ("v: Vec<u64>", "self.v = vec![msg.id]; self.v.push(1);", ""),
        ("r: Ring<u64, 8>", "self.r.push_evict(msg.id);", ""),
    ] {
        locus(fields, handler, more);
    }
}

#[test]
fn what_else_keeps_a_field_small() {
    for (fields, handler, more) in [
        ("t: Text<8>", "self.t.push_str(&msg.text);", ""),
        ("m: HashMap<Kind, u64>", "*self.m.entry(msg.kind).or_insert(0) += 1;", ""),
        ("m: HashMap<&'static str, u64>", "*self.m.entry(\"posts\").or_insert(0) += 1;", ""),
        ("o: Option<String>", "self.o = Some(msg.text.clone()); self.o.replace(String::new());", ""),
        ("v: Vec<u64>", "self.v.push(msg.id); for x in self.v.drain(..) {}", ""),
        (
            "v: Vec<u64>, bytes: usize",
            "if self.bytes + 8 > MAX { return; } self.bytes += 8; self.v.push(msg.id);",
            "",
        ),
        ("l: lru::LruCache<u64, u64>", "self.l.put(msg.id, 1);", ""),
        (
            "v: Vec<Option<u64>>",
            "match self.v.iter().position(|s| s.is_none()) { Some(i) => self.v[i] = Some(1), None => self.v.push(Some(1)) }",
            "",
        ),
        (
            "v: Vec<u64>",
            "let mut all = self.v.clone(); all.push(msg.id);",
            "fn birth(&mut self, cx: &mut Cx<'_, Self>) { self.v.push(1); }",
        ),
        (
            "v: Vec<u64>",
            "self.sweep(); self.v.push(msg.id);",
            "fn sweep(&mut self) { self.list().retain(|x| *x > 1); } fn list(&mut self) -> &mut Vec<u64> { &mut self.v }",
        ),
        ("q: VecDeque<u64>", "if let Some(x) = self.q.pop_front() { self.q.push_back(x); }", ""),
        ("v: Vec<u64>", "assert!(self.v.len() < MAX); self.v.push(msg.id);", ""),
        (
            "v: Vec<u64>, w: Vec<u64>",
            "self.v.push(msg.id); std::mem::swap(&mut self.w, &mut self.v); self.w = Vec::new();",
            "",
        ),
        (
            "b: bytes::BytesMut",
            "self.b.extend_from_slice(msg.text.as_bytes()); codec::decode(&mut self.b);",
            "",
        ),
        (
            "v: Vec<u64>",
            "self.v.push(msg.id);",
            "#[on(bounded = 8, on_full = drop_old, missed = lost)] fn other(&mut self, msg: &Msg, cx: &mut Cx<'_, Self>) {} fn lost(&mut self, n: u64, cx: &mut Cx<'_, Self>) { self.v.clear(); }",
        ),
        (
            "j: HashMap<u64, u64>",
            "self.j.insert(msg.id, 1); cx.go(work(), |me, done: u64, cx| { me.j.remove(&done); });",
            "",
        ),
    ] {
        locus(fields, handler, more);
    }
}

#[test]
fn what_does_not_help() {
    for (fields, handler, more) in [
        ("v: Vec<u64>", "self.v.retain(|_| true); self.v.push(msg.id);", ""),
        ("v: Vec<u64>", "if self.v.len() < 1 { self.go(); } self.v.push(msg.id);", "fn go(&self) {}"),
        (
            "m: HashMap<u64, Vec<u64>>",
            "self.m.entry(msg.id).or_default().push(1);",
            "#[every(\"1s\")] fn t(&mut self, cx: &mut Cx<'_, Self>) { for v in self.m.values_mut() { v.clear(); } }",
        ),
        (
            "v: Vec<u64>",
            "self.v.push(msg.id);",
            "fn dissolve(&mut self, cx: &mut Cx<'_, Self>) { self.v.clear(); }",
        ),
        ("v: Vec<u64>", "self.v.push(msg.id); self.v.reserve(10);", ""),
        (
            "v: Vec<u64>, w: Vec<u64>",
            "self.v.push(msg.id);",
            "#[every(\"1s\")] fn t(&mut self, cx: &mut Cx<'_, Self>) { self.w.clear(); }",
        ),
        (
            "m: HashMap<u64, u64>",
            "self.m.insert(msg.id, 1); if let Err(_) = work() { self.m.remove(&msg.id); }",
            "",
        ),
    ] {
        let marked = handler.to_owned() + GROWTH;
        locus(fields, &marked, more);
    }
}

#[test]
fn growth_behind_a_trait() {
    let text = "use locus::prelude::*; #[topic] pub struct Msg { id: u64 } trait Sink { fn take(&mut self, id: u64); }
struct Memory { items: Vec<u64> } impl Sink for Memory { fn take(&mut self, id: u64) {
    self.items.push(id); //~ unbounded-growth
} } struct Last { items: Vec<u64> } impl Sink for Last { fn take(&mut self, id: u64) { self.items.clear(); self.items.push(id); } }
#[locus] pub struct S { sink: Box<dyn Sink + Send> }
#[locus] impl S { #[on] fn on_msg(&mut self, msg: &Msg, cx: &mut Cx<'_, Self>) { self.sink.take(msg.id); } }";
    judge(&[("main", TargetKind::Lib, text)]);
}

#[test]
fn growth_behind_calls_and_crates() {
    locus(
        "v: Vec<u64>",
        "self.note(msg.id);",
        &format!(
            "fn note(&mut self, id: u64) {{ self.keep(id) }}
fn keep(&mut self, id: u64) {{ self.v.push(id) {GROWTH}
}}"
        ),
    );
    let main = "use locus::prelude::*; #[topic] pub struct Msg; #[locus] pub struct S { list: Vec<u8>, book: helper::Book }
        #[locus] impl S { #[on] fn on_msg(&mut self, msg: &Msg, cx: &mut Cx<'_, Self>) {
            helper::add(&mut self.list); //~ unbounded-growth
            self.book.write();
        } }";
    let helper = "pub struct Book { lines: Vec<u8> } impl Book { pub fn write(&mut self) {
            self.lines.push(1); //~ unbounded-growth
        } } pub fn add(list: &mut Vec<u8>) { list.push(1); }";
    judge(&[("main", TargetKind::Lib, main), ("helper", TargetKind::Lib, helper)]);
}

#[test]
fn loops_and_what_they_keep() {
    let run = |body: &str| {
        let text = format!(
            "use locus::prelude::*; #[topic] pub struct Msg {{ id: u64 }} #[locus(receives(Msg))] pub struct S {{ v: Vec<u64> }}
#[locus] impl S {{ async fn run(run: Run<Self>) {{ let mut seen = Vec::new();
{body}
}} }}"
        );
        judge(&[("main", TargetKind::Lib, &text)]);
    };
    run("while let Some(m) = run.recv::<Msg>().await { seen.push(m.id); } //~ unbounded-growth");
    run("while let Some(m) = run.recv::<Msg>().await { seen.push(m.id); seen.clear(); }");
    run("while let Some(m) = run.recv::<Msg>().await { seen.push(m.id); } report(seen);");
    run("while let Some(m) = run.recv::<Msg>().await { let mut page = Vec::new(); page.push(m.id); }");
    run("loop { tokio::time::sleep(d).await; seen.push(1); //~ unbounded-growth
 if done() { seen.clear(); break; } }");
    run("for i in 0..10 { seen.push(i); }");
    run("loop { run.draining().await; run.with(|me, cx| me.v.push(1)).await; } //~ unbounded-growth");
    run("loop { run.draining().await; run.with(|me, cx| { me.v.push(1); me.v.clear(); }).await; }");
}

#[test]
fn shared_values_share_their_removals() {
    let text = |sweep: &str| {
        format!(
            "use std::sync::{{*, mpsc}}; use std::collections::*; type Map = Arc<Mutex<HashMap<u64, u64>>>;
struct Reader {{ map: Map }} struct Sweeper {{ map: Map }}
impl Reader {{ fn go(&mut self, rx: mpsc::Receiver<u64>) {{ for id in rx.iter() {{
self.map.lock().unwrap().insert(id, 1);{}
}} }} }}
impl Sweeper {{ fn go(&mut self) {{ loop {{ {sweep} }} }} }}
fn main() {{ let map: Map = Arc::new(Mutex::new(HashMap::new())); let (_, rx) = mpsc::channel();
let mut r = Reader {{ map: map.clone() }}; let mut s = Sweeper {{ map }};
std::thread::spawn(move || s.go()); r.go(rx); }}",
            if sweep.is_empty() { " //~ unbounded-growth" } else { "" }
        )
    };
    judge(&[("main", TargetKind::Bin, &text("self.map.lock().unwrap().retain(|_, v| *v > 1);"))]);
    judge(&[("main", TargetKind::Bin, &text(""))]);
}

#[test]
fn statics_and_programs_that_end() {
    let grow = "use std::sync::Mutex; static SEEN: Mutex<Vec<u64>> = Mutex::new(Vec::new());
fn note(id: u64) { SEEN.lock().unwrap().push(id);MARK
}";
    let program = |main: &str, marked: bool| {
        let mark = if marked { " //~ unbounded-growth" } else { "" };
        let text = format!("{}\nfn main() {{ {main} }}", grow.replace("MARK", mark));
        judge_down_to(&[("main", TargetKind::Bin, &text)], Confidence::Nursery);
    };
    program("note(1); for id in 0..10 { note(id); }", false);
    program("for line in std::io::stdin().lines() { note(1); }", false);
    program("let l = std::net::TcpListener::bind(\"a\").unwrap(); for c in l.incoming() { note(1); }", true);
    program("loop { std::thread::sleep(d); note(1); }", true);
}

#[test]
fn descriptors() {
    let leak = |fields: &str, handler: &str| locus(fields, &format!("{handler} //~ resource-leak"), "");
    leak("f: Vec<File>", "self.f.push(File::open(&msg.text).unwrap());");
    leak(
        "f: HashMap<u64, std::net::TcpStream>",
        "let s = std::net::TcpStream::connect(\"a\").unwrap(); self.f.insert(msg.id, s);",
    );
    leak("n: i32", "let f = File::open(\"a\").unwrap(); std::os::fd::IntoRawFd::into_raw_fd(f);");
    leak("n: i32", "std::mem::forget(File::open(\"a\").unwrap());");
    leak("n: i32", "std::process::Command::new(\"ls\").spawn().unwrap();");
    locus("f: Option<File>", "self.f = Some(File::open(&msg.text).unwrap());", "");
    locus("f: Vec<File>", "self.f.push(File::open(&msg.text).unwrap()); self.f.truncate(3);", "");
    locus("n: i32", "std::process::Command::new(\"ls\").status().unwrap();", "");
    locus("n: i32", "let _ = File::open(\"a\");", "");
}

#[test]
fn nothing_of_this_breaks_the_analysis() {
    for text in [
        "",
        "fn f() { f() } fn g() { h() } fn h() { g() }",
        "type A = B; type B = A; fn f(a: A) { a.push(1) }",
        "struct S { s: Option<Box<S>> } impl S { fn f(&mut self) { self.s.as_mut().unwrap().f() } }",
        "impl<T> Deref for W<T> { type Target = W<T>; } struct W<T>(T); fn f(w: W<u8>) { w.x(); w.y.z(); }",
        "trait T: T {} fn f(t: &dyn T) { t.go(); }",
        "use self::a::*; mod a { pub use super::*; } fn f() { x() }",
        "fn f() { let x = x; loop { let y = y.z(); y } }",
        "fn f<F: Fn(F) -> F>(f: F) { f(f) }",
        "struct I; impl I { fn into_iter(self) -> I { self } fn next(&mut self) -> J { J } } struct J; impl J { fn next(&mut self) -> I { I } } fn f(i: I) { for x in i { x.y() } }",
        "mod a { use super::b::x; pub fn y() {} } mod b { pub use super::a::y as x; } fn f() { b::x() }",
    ] {
        judge(&[("main", TargetKind::Lib, text)]);
    }
}
