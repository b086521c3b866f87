//! What has a fix, what has none although it is found, and what becomes of fixes that meet or break a file.

use super::{Edit, Fix, apply, fix_of};
use crate::finding::{FileId, SourceFile, Span};
use crate::load::{TargetKind, Workspace};
use crate::models::Models;
use crate::rules::check;

/// The findings of a program and, with their fixes in it, its new text.
fn fixed(text: &str) -> (usize, Option<String>) {
    let workspace = Workspace::of_texts(&[("main", TargetKind::Bin, text)]);
    assert!(workspace.files[0].ir.is_ok(), "{:?}", workspace.files[0].ir);
    let findings = check(&workspace, Models::shipped()).findings;
    let sources: Vec<SourceFile> = workspace.files.iter().map(|file| file.source.clone()).collect();
    let fixes: Vec<Fix> = findings.iter().filter_map(|finding| fix_of(finding, &sources)).collect();
    let applied = apply(text, &fixes.iter().collect::<Vec<_>>());
    (findings.len(), applied.map(|applied| applied.text))
}

/// A program that runs `body` with every `name` it receives.
fn with_each_name(imports: &str, body: &str) -> String {
    format!(
        "use std::fs::File; use std::sync::mpsc::Receiver; {imports}
fn serve(names: Receiver<String>) {{ while let Ok(name) = names.recv() {{ {body} }} }}
fn main() {{ let (_, names) = std::sync::mpsc::channel(); serve(names); }}"
    )
}

const INTO: &str = "use std::os::fd::IntoRawFd;";

#[test]
fn a_number_is_borrowed_only_where_it_is_done_with_in_time() {
    let open = "let Ok(file) = File::open(&name) else { continue };";
    let lent = with_each_name(INTO, &format!("{open} unsafe {{ libc::fsync(file.into_raw_fd()) }};"));
    let (found, text) = fixed(&lent);
    assert_eq!(found, 1, "{lent}");
    assert_eq!(text.unwrap(), lent.replace("IntoRawFd", "AsRawFd").replace("into_raw_fd", "as_raw_fd"));
    for body in [
        // A lock may be meant to last as long as the number is open.
        "unsafe { libc::flock(file.into_raw_fd(), 2) };",
        // Nothing asks for the number: to be lost may be what it is for.
        "let _number = file.into_raw_fd();",
        "let number = file.into_raw_fd(); unsafe { libc::fcntl(number, 1) };",
        // Borrowed, the owner would be in the closure for no longer than the call.
        "let sync = || unsafe { libc::fsync(file.into_raw_fd()) }; sync();",
    ] {
        let text = with_each_name(INTO, &format!("{open} {body}"));
        assert_eq!(fixed(&text), (1, None), "{text}");
    }
    // A value without a name is dropped before the call.
    let unnamed = with_each_name(
        INTO,
        "let number = File::open(&name).unwrap().into_raw_fd(); unsafe { libc::fsync(number) };",
    );
    assert_eq!(fixed(&unnamed), (1, None), "{unnamed}");
}

#[test]
fn the_trait_is_brought_into_sight_where_it_is_not() {
    let body =
        "let Ok(file) = File::open(&name) else { continue }; unsafe { libc::fsync(file.into_raw_fd()) };";
    let both = with_each_name("use std::os::fd::{AsRawFd, IntoRawFd};", body);
    assert_eq!(fixed(&both).1.unwrap(), both.replace("into_raw_fd", "as_raw_fd"));
    let path = |text: &str| text.replace("file.into_raw_fd()", "std::os::fd::AsRawFd::as_raw_fd(&file)");
    let glob = with_each_name("use std::os::fd::*;", body);
    assert_eq!(fixed(&glob).1.unwrap(), path(&glob));
    let inner = with_each_name(INTO, body).replace("fn serve", "mod inner { use super::*; pub fn serve");
    let inner = inner.replace("\nfn main() {", "}\nfn main() { use inner::serve;");
    assert_eq!(fixed(&inner).1.unwrap(), path(&inner));
}

/// A feed whose `tell` holds `body`.
fn feed(list: &str, imports: &str, body: &str) -> String {
    format!(
        "{imports}
struct Feed {{ to: {list} }}
impl Feed {{
    fn add(&mut self, one: One) {{ self.to.push(one); }}
    fn tell(&mut self, n: u64) {{ {body} }}
}}
fn serve(names: std::sync::mpsc::Receiver<One>) {{
    let mut feed = Feed {{ to: Vec::new() }};
    while let Ok(one) = names.recv() {{ feed.add(one); feed.tell(1); }}
}}
fn main() {{ let (_, names) = std::sync::mpsc::channel(); serve(names); }}"
    )
}

#[test]
fn dead_senders_are_let_go_and_nothing_else_is_lost() {
    let std = "use std::sync::mpsc::Sender; type One = Sender<u64>;";
    let told = |imports: &str, list: &str, body: &str| {
        let text = feed(list, imports, body);
        let (found, fixed) = fixed(&text);
        assert_eq!(found, 1, "{text}");
        fixed.map(|fixed| {
            let at = fixed.find("self.to.retain").expect("a retain");
            fixed[at..].split(" }").next().expect("its end").to_owned()
        })
    };
    let all = "for s in &self.to { let _ = s.send(n); }";
    let kept = Some("self.to.retain(|s| s.send(n).is_ok());".to_owned());
    assert_eq!(told(std, "Vec<Sender<u64>>", all), kept);
    assert_eq!(told(std, "Vec<Sender<u64>>", "for s in self.to.iter() { s.send(n).ok(); }"), kept);
    assert_eq!(told(std, "Vec<Sender<u64>>", "for s in &self.to { drop(s.send(n)); }"), kept);
    let by_mut = told(std, "Vec<Sender<u64>>", "for s in &mut self.to { let _ = s.send(n); }");
    assert_eq!(by_mut.as_deref(), Some("self.to.retain_mut(|s| s.send(n).is_ok());"));
    let tokio = "use tokio::sync::mpsc; type One = mpsc::Sender<u64>;";
    let full = told(tokio, "Vec<mpsc::Sender<u64>>", "for s in &self.to { let _ = s.try_send(n); }");
    let gone = "Err(tokio::sync::mpsc::error::TrySendError::Closed(_))";
    assert_eq!(full, Some(format!("self.to.retain(|s| !matches!(s.try_send(n), {gone}));")));
    for body in [
        "for s in &self.to { let _ = s.send(n); println!(); }",
        "for s in &self.to { /* each */ let _ = s.send(n); }",
        "for s in &self.to { let _ = s.send(self.to.len() as u64); }",
        "for s in &self.to { let _ = s.send(if n > 1 { return } else { n }); }",
        "for s in &self.to { s.send(n).unwrap(); }",
    ] {
        assert_eq!(told(std, "Vec<Sender<u64>>", body), None, "{body}");
    }
    // Who cannot be told apart from a slow one stays.
    let other = "use other::Sender; type One = Sender<u64>;";
    assert_eq!(told(other, "Vec<Sender<u64>>", all), None);
}

#[test]
fn those_that_lose_a_race_are_aborted_whoever_wins() {
    let race = |body: &str| {
        format!(
            "async fn ask() -> u64 {{ 1 }}
async fn fastest() -> u64 {{ {body} }}
#[tokio::main]
async fn main() {{ let listener = tokio::net::TcpListener::bind(\"x\").await.unwrap();
    loop {{ let _ = listener.accept().await; fastest().await; }} }}"
        )
    };
    let three = race(
        "let mut a = tokio::spawn(ask()); let b = tokio::spawn(ask());
    let won = tokio::select! { biased; r = &mut a => { r.unwrap_or(0) } r = b => r.unwrap_or(0), () = late() => return 0 };
    won",
    );
    let (found, text) = fixed(&three);
    assert_eq!(found, 1, "{three}");
    let text = text.unwrap();
    for part in [
        "let mut a = tokio::spawn(ask()); let mut b = tokio::spawn(ask());",
        "r = &mut a => { b.abort(); r.unwrap_or(0) }",
        "r = &mut b => { a.abort(); r.unwrap_or(0) },",
        "() = late() => { a.abort(); b.abort(); return 0 } }",
    ] {
        assert!(text.contains(part), "{part} in\n{text}");
    }
    assert_eq!(fixed(&text), (0, None), "{text}");
    // A handle from elsewhere would still be lost.
    let given = race(
        "let third = later(); let a = tokio::spawn(ask()); let b = tokio::spawn(ask());
    tokio::select! { r = a => r.unwrap_or(0), r = b => r.unwrap_or(0), r = third => r.unwrap_or(0) }",
    );
    assert_eq!(fixed(&given), (1, None));
    // In a loop the tasks outlive the race.
    let again = race(
        "let mut a = tokio::spawn(ask()); let mut b = tokio::spawn(ask());
    loop { tokio::select! { r = &mut a => return r.unwrap_or(0), r = &mut b => return r.unwrap_or(0), } }",
    );
    assert_eq!(fixed(&again).1, None);
}

#[test]
fn fixes_that_meet_wait_and_one_that_breaks_the_file_is_not_made() {
    let edit =
        |start, end, text: &str| Edit { span: Span { file: FileId(0), start, end }, text: text.to_owned() };
    let fix = |edits: &[Edit]| Fix { message: String::new(), edits: edits.to_vec() };
    let (text, name) = ("fn main() {}\n", edit(3, 7, "other"));
    let (one, other) = (fix(&[name.clone(), edit(11, 11, " ")]), fix(&[edit(5, 9, "x")]));
    let applied = apply(text, &[&one, &other]).unwrap();
    assert_eq!((applied.text.as_str(), applied.fixes), ("fn other() { }\n", 1));
    assert_eq!(apply(text, &[&fix(&[edit(3, 7, "")])]), None, "it does not parse");
    assert_eq!(apply(text, &[&fix(&[edit(3, 7, "main")])]), None, "it changes nothing");
    assert_eq!(apply(text, &[&fix(&[edit(3, 99, "x")])]), None, "it is about another text");
}
