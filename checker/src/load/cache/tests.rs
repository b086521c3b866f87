//! What makes facts stale, and stores that are broken.

use super::Surface;
use super::pack::{Entry, Pack, Writing};
use crate::lower::cfg::CfgEnv;
use crate::lower::{self, sym::Sym};
use std::path::PathBuf;

const BUILD: u64 = 7;

fn surface(text: &str) -> Surface {
    Surface::of(&lower::file(text, &CfgEnv::default()).unwrap())
}

/// The names that differ between two texts; none if more than names does.
fn changed(before: &str, now: &str) -> Option<Vec<Sym>> {
    let mut names = Vec::new();
    surface(before).differ(&surface(now), &mut names).then(|| {
        names.sort_unstable();
        names.dedup();
        names
    })
}

#[test]
fn code_and_places_are_seen_by_nobody_else() {
    let before = "struct A; impl A { fn f(&self) -> u8 { 1 } } fn g() {}";
    let now = "struct A;\n// more\nimpl A { fn f(&self) -> u8 { self.f() + 2 } } fn g() { let a = 1; }";
    assert_eq!(changed(before, now), Some(Vec::new()));
}

#[test]
fn functions_and_statics_are_seen_by_name() {
    let f = [Sym::new("f")];
    for (before, now) in [
        ("", "fn f() {}"),
        ("fn f() {}", "pub fn f() {}"),
        ("fn f() {}", "fn f(a: u8) {}"),
        ("static f: u8 = 0;", "static f: u16 = 0;"),
        ("struct A; impl A { }", "struct A; impl A { fn f() {} }"),
        ("mod m { fn f() {} } mod n {}", "mod m {} mod n { fn f() {} }"),
        ("impl A { fn f(&self) {} } impl B { fn f() {} }", "impl B { fn f() {} } impl A { fn f(&self) {} }"),
    ] {
        assert_eq!(changed(before, now).as_deref(), Some(&f[..]), "{before} > {now}");
    }
}

#[test]
fn what_takes_effect_unnamed_counts_for_all() {
    for (before, now) in [
        ("struct A { a: u8 }", "struct A { a: u16 }"),
        ("struct A;", "struct A; impl Drop for A { fn drop(&mut self) {} }"),
        ("trait T { fn f(); }", "trait T { fn f() {} }"),
        ("const C: u8 = 1;", "const C: u8 = 2;"),
        ("use a::b;", "use a::c as b;"),
        ("type A = u8;", "type A = u16;"),
        ("fn f() {}", "fn f() { use a::*; }"),
        (
            "impl I for A { fn next() { const C: u8 = 1; } }",
            "impl I for A { fn next() { const C: u8 = 2; } }",
        ),
    ] {
        assert_eq!(changed(before, now), None, "{before} > {now}");
    }
}

fn store() -> Vec<u8> {
    let mut to = Writing::default();
    (to.head.build, to.head.id) = (BUILD, 1);
    let mut blob = |bytes: &[u8]| to.blob(bytes).unwrap();
    let (file, bodies) = (blob(b"file"), blob(b"bodies"));
    let (facts, insides) = (blob(b"facts"), blob(b"insides"));
    let surface = surface("fn f() {}");
    to.head.entries.push(Entry {
        path: 1,
        key: 2,
        cfg: 3,
        stamp: None,
        surface,
        file,
        bodies,
        facts,
        insides,
    });
    to.finish().unwrap()
}

fn read(name: &str, bytes: &[u8], build: u64) -> Option<Pack> {
    let folder = std::env::temp_dir().join(format!("locus-checker-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path: PathBuf = folder.join(name);
    std::fs::write(&path, bytes).unwrap();
    Pack::read(&path, build)
}

#[test]
fn a_store_comes_back() {
    let pack = read("whole", &store(), BUILD).unwrap();
    let [entry] = pack.head.entries.as_slice() else { panic!("{:?}", pack.head) };
    assert_eq!((pack.blob(entry.file), pack.blob(entry.bodies)), (&b"file"[..], &b"bodies"[..]));
    assert_eq!((pack.blob(entry.facts), pack.blob(entry.insides)), (&b"facts"[..], &b"insides"[..]));
    assert!(read("of_another_program", &store(), BUILD + 1).is_none());
}

#[test]
fn a_broken_store_is_none() {
    let whole = store();
    for at in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x20;
        assert!(read("flipped", &bytes, BUILD).is_none(), "byte {at}");
        assert!(read("cut", &whole[..at], BUILD).is_none(), "cut at {at}");
    }
    assert!(read("longer", &[whole, vec![0]].concat(), BUILD).is_none());
}
