//! Small texts and what they become.

use super::cfg::CfgEnv;
use super::ir::{Body, ExprKind, FileIr, FnIr, ItemKind, Stmt};
use super::sym::Sym;

fn lower(text: &str) -> FileIr {
    super::file(text, &CfgEnv::default()).unwrap()
}

fn only_fn(ir: &FileIr) -> &FnIr {
    match &ir.items[0].kind {
        ItemKind::Fn(function) => function,
        other => panic!("{other:?}"),
    }
}

fn only_body(ir: &FileIr) -> &Body {
    ir.bodies.get(only_fn(ir).body.as_ref().unwrap().code).unwrap()
}

#[test]
fn locals_resolve_by_scope() {
    let ir = lower("fn f(a: u8) { { let a = 1; a; } a; }");
    let body = only_body(&ir);
    let locals: Vec<u32> = body
        .exprs
        .iter()
        .filter_map(|expr| match expr.kind {
            ExprKind::Local(local) => Some(local.0),
            _ => None,
        })
        .collect();
    assert_eq!(locals, [1, 0]);
}

#[test]
fn ranges_count_bytes_behind_wide_characters() {
    let text = "fn f() { \"äöü\".len(); x }";
    let ir = lower(text);
    let body = only_body(&ir);
    let last = body.exprs.iter().find(|expr| matches!(expr.kind, ExprKind::Path(_))).unwrap();
    assert_eq!(&text[last.at.start as usize..last.at.end as usize], "x");
}

#[test]
fn code_that_is_off_is_left_out() {
    let ir = lower("#[cfg(test)] mod tests {} #[test] fn t() {} fn f() { #[cfg(windows)] a(); }");
    assert_eq!(ir.items.len(), 1);
    let body = only_body(&ir);
    assert!(matches!(&body.expr(body.root.unwrap()).kind, ExprKind::Block(stmts, None) if stmts.is_empty()));
}

#[test]
fn macros_by_shape() {
    let ir = lower(
        "fn f() { tokio::select! { biased; Some(x) = rx.recv(), if open => x.go(), else => {} }
           tracing::info!(target: \"a\", peer = %p, ?q, \"{} {}\", a.b(), c); weird!(~ self.sweep() ~); }",
    );
    let body = only_body(&ir);
    let select = body.exprs.iter().find_map(|expr| match &expr.kind {
        ExprKind::Select(arms) => Some(arms.len()),
        _ => None,
    });
    assert_eq!(select, Some(2));
    let opaque = body.exprs.iter().find_map(|expr| match &expr.kind {
        ExprKind::Opaque(_, names) => Some(names.to_vec()),
        _ => None,
    });
    assert_eq!(opaque, Some(vec![Sym::new("sweep")]));
    assert_eq!((ir.macros, ir.macros_opaque), (3, 1));
}

#[test]
fn statics_of_macros_are_statics() {
    let ir = lower(
        "thread_local! { static A: u8 = const { 0 }; pub static B: u8 = 1; } lazy_static! { static ref C: u8 = 2; }",
    );
    let names: Vec<&str> = ir.items.iter().map(|item| ir.texts.get(item.name)).collect();
    assert_eq!(names, ["A", "B", "C"]);
}

#[test]
fn an_allow_at_the_top_of_a_file_stands_on_all_of_it() {
    let text = "//! Generated.\n#![cfg_attr(any(), locus::allow(unbounded_growth, reason = \"ok\"))]\nfn f() {}\nfn g() {}";
    let ir = lower(text);
    let target = ir.allows[0].target;
    assert_eq!((ir.allows.len(), &text[target.end as usize - 9..target.end as usize]), (1, "fn g() {}"));
    assert!((target.start as usize) < text.find("fn f").unwrap());
}

#[test]
fn allows_know_what_they_stand_on() {
    let text = "#[locus::allow(unbounded_growth, reason = \"ok\")] fn f() {
        #[cfg_attr(any(), locus::allow(resource_leak, reason = \"b\"))] x.push(1); }";
    let ir = lower(text);
    let targets: Vec<&str> =
        ir.allows.iter().map(|allow| &text[allow.target.start as usize..allow.target.end as usize]).collect();
    assert_eq!(targets.len(), 2);
    assert!(targets.iter().any(|target| target.ends_with("x.push(1)")), "{targets:?}");
}

#[test]
fn depth_is_bounded() {
    let deep = format!("fn f() {{ {}1{} }}", "(".repeat(2_000), ")".repeat(2_000));
    assert!(super::file(&deep, &CfgEnv::default()).is_err());
    let chain = format!("fn f() {{ x{} }}", ".a()".repeat(900));
    let ir = std::thread::Builder::new()
        .stack_size(64 << 20)
        .spawn(move || lower(&chain))
        .unwrap()
        .join()
        .unwrap();
    assert!(only_body(&ir).exprs.iter().any(|expr| matches!(expr.kind, ExprKind::Unknown)));
}

#[test]
fn a_let_is_a_statement() {
    let ir = lower("fn f() { let x: u8 = 1; }");
    let body = only_body(&ir);
    let ExprKind::Block(stmts, None) = &body.expr(body.root.unwrap()).kind else { panic!() };
    assert!(matches!(stmts[0], Stmt::Let(_, Some(_), Some(_), None)));
}

#[test]
fn a_format_text_mentions_locals() {
    let ir = lower("fn f(peer: u8, n: u8) { format!(\"{peer:?} {{n}} {other}\"); }");
    let body = only_body(&ir);
    let mentioned = body.exprs.iter().filter(|expr| matches!(expr.kind, ExprKind::Local(_))).count();
    assert_eq!(mentioned, 2, "`{{{{n}}}}` is counted too: one mention too many silences, one too few alarms");
}

/// Names of the methods that are called, in their order, and how many macro calls were not understood.
fn methods(text: &str) -> (Vec<String>, u32) {
    let ir = lower(text);
    let bodies = (0..).map_while(|at| ir.bodies.get(super::ir::BodyId(at)));
    let called = bodies.flat_map(|body| &body.exprs).filter_map(|expr| match &expr.kind {
        ExprKind::Method(call) => Some(ir.texts.get(call.name).to_owned()),
        _ => None,
    });
    (called.collect(), ir.macros_opaque)
}

#[test]
fn macros_of_the_file_are_written_out() {
    let each = "macro_rules! each { ($of:expr; $($name:ident = $value:expr),* $(,)?) => { $( $of.put(stringify!($name), $value.get()); )* }; }";
    let called = |call: &str| methods(&format!("{each} fn f() {{ {call} }}"));
    assert_eq!(
        called("each!(m; a = x, b = y + z.len(),);"),
        (["get", "put", "len", "get", "put"].map(String::from).to_vec(), 0)
    );
    assert_eq!(called("each!(m;);").0.len(), 0);
    // What the definition does not take is not understood, and said to be so.
    assert_eq!(called("each!(m => a.b());").1, 1);
}

#[test]
fn arms_are_tried_in_their_order_and_may_call_macros() {
    let text =
        "macro_rules! add { () => {}; ($one:tt $($rest:tt)*) => { total.push($one); add!($($rest)*); }; }
        fn f() { add!(1 2 3); }";
    assert_eq!(methods(text).0.len(), 3);
    let items = "macro_rules! getter { ($($name:ident: $ty:ty),*) => { impl S { $( fn $name(&self) -> $ty { self.$name.clone() } )* } } }
        getter!(a: u8, b: Vec<u8>);";
    assert_eq!(methods(items).0, ["clone", "clone"]);
}

#[test]
fn what_a_macro_writes_stands_at_its_call() {
    let text = "macro_rules! add { ($to:ident) => { $to.items.push(1) }; } fn f() { add!(list); }";
    let ir = lower(text);
    let body = (0..).map_while(|at| ir.bodies.get(super::ir::BodyId(at))).next().unwrap();
    let push = body.exprs.iter().find(|expr| matches!(expr.kind, ExprKind::Method(_))).unwrap();
    let start = text.rfind("add!").unwrap();
    assert!((start..start + "add!(list)".len()).contains(&(push.at.start as usize)), "{:?}", push.at);
}

#[test]
fn a_macro_that_writes_itself_out_for_ever_is_left() {
    let twice =
        "macro_rules! twice { ($($all:tt)*) => { twice!($($all)* $($all)*) }; } fn f() { twice!(a b c); }";
    assert_eq!(methods(twice).1, 1);
    let deep = format!(
        "macro_rules! m {{ ($a:tt) => {{ m!({}$a{}) }}; }} fn f() {{ m!(x); }}",
        "(".repeat(90),
        ")".repeat(90)
    );
    let on_large_stack = std::thread::Builder::new().stack_size(64 << 20).spawn(move || methods(&deep).1);
    assert_eq!(on_large_stack.unwrap().join().unwrap(), 1);
}
