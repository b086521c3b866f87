//! Types found in small bodies.

use super::{Callee, Interner, Program, Ty, TyKind, infer};
use crate::load::{TargetKind, Workspace};
use crate::lower::ir::ExprKind;
use crate::lower::sym::Sym;
use crate::models::Models;
use crate::names::{FnId, Names};

/// Shows the type of the receiver of every call of a method named `probe` in the function `f`.
fn probes(text: &str) -> Vec<String> {
    let workspace = Workspace::of_texts(&[("main", TargetKind::Lib, text)]);
    let models = Models::shipped();
    let program = Program::of(Names::of(&workspace, models), models);
    let f = program.names.fns.iter().position(|function| function.name == Sym::new("f")).unwrap();
    let id = FnId(u32::try_from(f).unwrap());
    let inferred = infer(&program, id).unwrap();
    let body = program.names.body(id).unwrap();
    let mut found = Vec::new();
    for expr in &body.exprs {
        if let ExprKind::Method(call) = &expr.kind
            && call.name == Sym::new("probe")
        {
            found.push(show(&program, &inferred.types, inferred.expr(call.recv)));
        }
    }
    found
}

fn show(program: &Program<'_>, types: &dyn Interner, ty: Ty) -> String {
    let list = |args: &[Ty]| args.iter().map(|arg| show(program, types, *arg)).collect::<Vec<_>>().join(",");
    let with = |name: &str, args: &[Ty]| match args {
        [] => name.to_owned(),
        args => format!("{name}<{}>", list(args)),
    };
    match types.kind(ty) {
        TyKind::Unknown => "?".to_owned(),
        TyKind::Adt(adt, args) => with(program.names.text(program.names.adt(*adt).name), args),
        TyKind::Foreign(foreign, args) => match program.models.type_at(*foreign) {
            Some(model) => with(&program.models.ty(model).name, args),
            None => with(program.names.text(foreign.last), args),
        },
        TyKind::Prim(_) if ty == Ty::STR => "str".to_owned(),
        TyKind::Prim(_) if ty == Ty::BOOL => "bool".to_owned(),
        TyKind::Prim(_) => "number".to_owned(),
        TyKind::Tuple(parts) => format!("({})", list(parts)),
        TyKind::Seq(elem) => format!("[{}]", show(program, types, *elem)),
        TyKind::Param(name) => program.names.text(*name).to_owned(),
        TyKind::Trait(of, _) => format!("dyn {}", program.names.text(program.names.traits[of.ix()].name)),
        other => format!("{other:?}"),
    }
}

fn probe(text: &str) -> String {
    let mut found = probes(text);
    assert_eq!(found.len(), 1, "{found:?}");
    found.remove(0)
}

const PRELUDE: &str = "use std::collections::{*, hash_map}; use std::sync::*; use std::cell::RefCell; use std::rc::Rc;
    pub struct Conn { id: u64, out: Vec<u8> } impl Conn { fn new() -> Self { todo!() } fn out(&mut self) -> &mut Vec<u8> { &mut self.out } }
    pub struct S { m: HashMap<u64, Vec<Conn>>, l: Mutex<HashMap<String, Conn>>, a: Arc<RwLock<Vec<Conn>>>, o: Option<Conn>, c: Conn }
    trait T { fn go(&self) -> Conn; } impl T for Conn { fn go(&self) -> Conn { todo!() } }";

fn of(body: &str) -> String {
    probe(&format!("{PRELUDE} fn f(s: &mut S, d: &dyn T) {{ {body} }}"))
}

#[test]
fn receivers_of_method_calls() {
    let mut wrong = Vec::new();
    for (body, expected) in [
        ("s.m.probe()", "HashMap<number,Vec<Conn>>"),
        ("s.m.entry(1).or_default().probe()", "Vec<Conn>"),
        ("if let Some(v) = s.m.get_mut(&1) { v.probe() }", "Vec<Conn>"),
        ("for (k, v) in &mut s.m { v.probe() }", "Vec<Conn>"),
        ("for (k, v) in s.m.iter_mut() { for c in v { c.probe() } }", "Conn"),
        ("s.m.values_mut().for_each(|v| v.probe())", "Vec<Conn>"),
        ("let g = s.l.lock().unwrap(); g.probe()", "Guard<HashMap<String,Conn>>"),
        ("let mut g = s.l.lock().unwrap(); g.get_mut(\"a\").map(|c| c.probe());", "Conn"),
        ("s.a.write().unwrap().last_mut().unwrap().out().probe()", "Vec<number>"),
        ("let Some(c) = s.o.as_mut() else { return }; c.probe()", "Conn"),
        (
            "match s.m.entry(1) { hash_map::Entry::Occupied(mut e) => e.get_mut().probe(), _ => {} }",
            "Vec<Conn>",
        ),
        ("let mut v = Vec::new(); v.push(Conn::new()); v[0].probe()", "Conn"),
        ("let x: Vec<_> = s.m.values().flatten().map(|c| c.id).collect(); x.probe()", "Vec<number>"),
        (
            "let x = s.m.values().flatten().map(|c| c.id).collect::<HashSet<_>>(); x.probe()",
            "HashSet<number>",
        ),
        ("let t = (1u8, Conn::new()); t.1.probe()", "Conn"),
        ("let (a, b) = (1, s.m.len()); b.probe()", "number"),
        ("d.go().probe()", "Conn"),
        ("let r: RefCell<Vec<Conn>> = todo!(); r.borrow_mut().probe()", "Vec<Conn>"),
        ("let v = std::mem::take(&mut s.m); v.probe()", "HashMap<number,Vec<Conn>>"),
        ("let text = format!(\"{}\", 1); text.probe()", "String"),
        (
            "s.m.iter().filter(|(_, v)| v.is_empty()).map(|(k, _)| *k).collect::<Vec<_>>().probe()",
            "Vec<number>",
        ),
        ("let n = s.m.get(&1).map_or(0, |v| v.len()); n.probe()", "number"),
        ("let c = s.c; let Conn { out, .. } = c; out.probe()", "Vec<number>"),
        (
            "let c = Arc::new(Mutex::new(HashMap::new())); c.lock().unwrap().insert(1u8, Conn::new()); c.probe()",
            "Arc<Mutex<HashMap<number,Conn>>>",
        ),
        ("let part = &s.m[&1][1..]; part.probe()", "[Conn]"),
        ("let text = String::from_utf8_lossy(b\"a\"); text.probe()", "Cow<str>"),
        ("let n: Option<String> = todo!(); n.as_deref().unwrap_or(\"\").probe()", "str"),
        ("let n = match s.l.lock().unwrap().keys().next() { Some(k) => k, None => \"\" }; n.probe()", "str"),
        ("let b: Rc<RefCell<Vec<Conn>>> = todo!(); b.borrow().probe()", "Vec<Conn>"),
        ("let v: Vec<Conn> = s.m.drain().flat_map(|(_, v)| v).collect(); v.probe()", "Vec<Conn>"),
        ("thing().and_then(|x| Some(Conn::new())).unwrap().probe()", "Conn"),
        ("let f: Box<dyn Fn(Conn) -> u8> = Box::new(|c| c.probe());", "Conn"),
        ("let mut p: std::process::Child = todo!(); p.stdout.take().unwrap().probe()", "ChildStdout"),
        ("thing().probe()", "?"),
    ] {
        let found = of(body);
        if found != expected {
            wrong.push(format!("{body}: {found}, expected {expected}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn async_code_and_generics() {
    let text = "use tokio::sync::mpsc; async fn load<X>(x: X) -> Result<Vec<X>, ()> { todo!() }
        struct W<I> { inner: Option<I> } impl<I> W<I> { fn get(&mut self) -> &mut I { todo!() } }
        async fn f(mut rx: mpsc::Receiver<String>, w: &mut W<Vec<u8>>) -> Result<(), ()> {
            while let Some(m) = rx.recv().await { m.probe(); }
            load(1u8).await?.probe(); w.get().probe();
            tokio::select! { Some(x) = rx.recv() => x.probe(), else => {} } Ok(()) }";
    assert_eq!(probes(text), ["String", "Vec<number>", "Vec<number>", "String"]);
}

#[test]
fn calls_resolve_to_functions() {
    let text = "mod a { pub fn g() {} } trait T { fn m(&self); fn d(&self) {} } struct S; impl T for S { fn m(&self) {} }
        fn f(s: S, x: &dyn T) { a::g(); s.m(); s.d(); x.m(); T::m(&s); unknown(); let k = |x: u8| x; k(1); }";
    let workspace = Workspace::of_texts(&[("main", TargetKind::Lib, text)]);
    let models = Models::shipped();
    let program = Program::of(Names::of(&workspace, models), models);
    let f = program.names.fns.iter().position(|function| function.name == Sym::new("f")).unwrap();
    let inferred = infer(&program, FnId(u32::try_from(f).unwrap())).unwrap();
    let mut calls: Vec<_> = inferred.callees.iter().collect();
    calls.sort_by_key(|(id, _)| **id);
    let shown: Vec<String> = calls
        .iter()
        .map(|(_, callee)| match callee {
            Callee::Fns(fns) => {
                let mut names: Vec<_> =
                    fns.iter().map(|id| program.names.text(program.names.function(*id).name)).collect();
                names.dedup();
                format!("{}*{}", names.join("|"), fns.len())
            }
            other => format!("{other:?}"),
        })
        .collect();
    assert_eq!(shown, ["g*1", "m*1", "d*1", "m*2", "m*2", "Unresolved", "Value"]);
}

#[test]
fn tables_are_modules_with_columns() {
    let schema = "mod schema { diesel::table! { users (id) {
        id -> Text, #[sql_name = \"b\"] name -> Nullable<Text>, } } }";
    let by_path = "use schema::users; fn f() {
        users::name.probe(); users::table.filter(users::id.eq(1)).probe(); }";
    assert_eq!(probes(&format!("{schema} {by_path}")), ["Table", "Table"]);
    let by_glob = "fn f() { use schema::users::dsl::*; users.filter(name.eq(1)).probe(); name.probe(); }";
    assert_eq!(probes(&format!("{schema} {by_glob}")), ["Table", "Table"]);
}
