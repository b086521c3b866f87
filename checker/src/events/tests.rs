//! What bodies do to which places, on small sources.

use super::{FnFacts, What, collect};
use crate::load::{TargetKind, Workspace};
use crate::lower::sym::Sym;
use crate::models::Models;
use crate::names::{FnId, Names};
use crate::types::Program;

/// Shows what the function `f` does: sign, field, depth, and `!` where a bound was tested.
fn facts(text: &str) -> (Vec<String>, FnFacts) {
    let workspace = Workspace::of_texts(&[("main", TargetKind::Lib, text)]);
    let models = Models::shipped();
    let program = Program::of(Names::of(&workspace, models), models);
    let f = program.names.fns.iter().position(|function| function.name == Sym::new("f")).unwrap();
    let facts = collect(&program, FnId(u32::try_from(f).unwrap()));
    let shown = facts.events.iter().map(|event| {
        let sign = match event.what {
            What::Grow | What::GrowMany => "+",
            What::Accumulate => "+=",
            What::Shrink => "-",
            What::Clear => "0",
            What::Replace => "=",
        };
        let field = event.place.field.map_or("", |(_, name)| program.names.text(name));
        let guard = if event.under.guarded { "!" } else { "" };
        format!("{sign}{field}{}{guard}", event.place.depth)
    });
    (shown.collect(), facts)
}

fn of(body: &str) -> String {
    let text = format!(
        "use std::collections::*; use std::sync::*; enum Kind {{ A, B }}
         struct S {{ m: HashMap<u64, Vec<u8>>, v: Vec<u64>, q: Arc<Mutex<VecDeque<u64>>>, k: HashMap<Kind, u8>, s: String, n: usize, i: Inner }}
         struct Inner {{ list: Vec<u8> }}
         impl S {{ fn f(&mut self, x: u64) {{ {body} }} }}"
    );
    facts(&text).0.join(" ")
}

#[test]
fn growth_and_shrinkage_at_places() {
    for (body, expected) in [
        ("self.v.push(x);", "+v0"),
        ("let v = &mut self.v; v.push(x);", "+v0"),
        ("self.i.list.push(1);", "+list0"),
        ("self.q.lock().unwrap().push_back(x);", "+q0"),
        ("let mut q = self.q.lock().unwrap(); q.push_back(x); q.pop_front();", "+q0 -q0"),
        ("self.m.entry(x).or_default().push(1);", "+m0 +m1"),
        ("if let Some(v) = self.m.get_mut(&x) { v.clear(); }", "0m1"),
        ("for (_, v) in self.m.iter_mut() { v.pop(); }", "-m1"),
        ("let old = std::mem::take(&mut self.v); for o in old {}", "0v0"),
        ("self.v = Vec::new();", "=v0"),
        ("self.s = format!(\"{}{}\", self.s, x);", "+=s0"),
        ("self.s += \"x\"; write!(self.s, \"{}\", x);", "+s0 +s0"),
        ("self.v.retain(|_| true);", ""),
        ("self.v.retain(|v| *v != x);", "-v0"),
        ("self.k.insert(Kind::A, 1); self.m.insert(7, vec![]);", ""),
        ("let c = self.v.clone(); let mut d = c; d.push(x);", "+0"),
        ("self.v.iter().map(|v| v + 1).collect::<Vec<_>>().push(1);", ""),
        ("let Self { v, .. } = self; v.push(x);", "+v0"),
        ("if let Some(x) = self.v.pop() { self.v.push(x); }", ""),
        ("if let Some(x) = self.v.pop() { if x > 1 { self.v.push(x); } }", "-v0"),
        ("let Some(x) = self.v.pop() else { return }; f(x); self.v.push(x);", ""),
        ("let Some(x) = self.v.pop() else { return }; if x > 1 { return; } self.v.push(x);", "-v0"),
        ("match self.v.pop() { Some(x) => self.v.push(x), None => {} }", ""),
    ] {
        assert_eq!(of(body), expected, "{body}");
    }
}

#[test]
fn upper_bounds() {
    for (body, expected) in [
        ("if self.v.len() < MAX { self.v.push(x); }", "+v0!"),
        ("if self.v.len() >= MAX { return; } self.v.push(x);", "+v0!"),
        ("if self.v.len() == self.v.capacity() { return; } self.v.push(x);", "+v0!"),
        ("let n = self.v.len(); if n > 100 { return; } self.v.push(x);", "+v0!"),
        ("if !self.m.is_empty() && self.v.len() < MAX { self.v.push(x); }", "+v0!"),
        ("if self.v.len() < 1 { self.v.push(x); }", "+v0"),
        ("if self.v.len() > MAX { self.v.push(x); }", "+v0"),
        ("if self.m.len() < MAX { self.v.push(x); }", "+v0"),
        ("if self.n > MAX { return; } self.v.push(x); self.n += 1;", "+v0!"),
        ("while self.v.len() >= MAX { self.v.pop(); } self.v.push(x);", "-v0 +v0!"),
        ("assert!(self.v.len() < MAX); self.v.push(x);", "+v0!"),
        ("if self.v.len() < self.v.capacity() { self.v.push(x); }", "+v0!"),
        ("let before = self.v.len(); assert!(self.v.len() >= before); self.v.push(x);", "+v0"),
        ("if self.v.len() == self.v.capacity() { return; } self.v.push(x);", "+v0!"),
    ] {
        assert_eq!(of(body), expected, "{body}");
    }
}

#[test]
fn loops_know_whether_they_wait_and_end() {
    let (_, facts) = facts(
        "async fn f(mut rx: tokio::sync::mpsc::Receiver<u8>) { loop { tick(); } while let Some(x) = rx.recv().await {} loop { break; } }",
    );
    let shown: Vec<(bool, bool)> = facts.loops.iter().map(|one| (one.no_exit, one.waits)).collect();
    assert_eq!(shown, [(true, false), (false, true), (false, false)]);
}

#[test]
fn resources_out_of_sight() {
    let lost = |body: &str| {
        let text = format!(
            "use std::fs::File; use std::os::fd::*; use std::process::Command; fn f(file: File) {{ {body} }}"
        );
        facts(&text).1.lost.len()
    };
    assert_eq!(lost("file.into_raw_fd();"), 1);
    assert_eq!(lost("let fd = file.into_raw_fd(); println!(\"{}\", fd);"), 1);
    assert_eq!(lost("let fd = file.into_raw_fd(); if fd < 0 { return; }"), 1);
    assert_eq!(lost("let mut fd = -1; if fd != 0 { fd = file.into_raw_fd(); }"), 1);
    assert_eq!(lost("let mut fd = -1; fd = file.into_raw_fd(); keep(fd);"), 0);
    assert_eq!(lost("let fd = file.into_raw_fd(); unsafe { OwnedFd::from_raw_fd(fd) };"), 0);
    assert_eq!(lost("std::mem::forget(file);"), 1);
    assert_eq!(lost("drop(file);"), 0);
    assert_eq!(lost("Command::new(\"ls\").spawn().unwrap();"), 1);
    assert_eq!(lost("let mut c = Command::new(\"ls\").spawn().unwrap(); c.wait();"), 0);
    assert_eq!(lost("Command::new(\"ls\").status();"), 0);
}
