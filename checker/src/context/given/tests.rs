//! Programs whose growth is as sure as it is known who brings the keys.

use crate::finding::Confidence;
use crate::load::{TargetKind, Workspace};
use crate::lower::sym::Sym;
use crate::models::Models;
use crate::rules::check;

/// The shapes that are found in a workspace, and how sure each is.
fn found(workspace: &Workspace) -> Vec<(&'static str, Confidence)> {
    let findings = check(workspace, Models::shipped()).findings;
    let growth = findings.iter().filter(|finding| finding.rule.name == "unbounded-growth");
    growth.map(|finding| (finding.shape.name, finding.confidence)).collect()
}

/// What is found in a program that takes datagrams into `state`, as `taken` says of a text that came.
fn of_datagrams(state: &str, taken: &str) -> Vec<(&'static str, Confidence)> {
    let text = format!(
        "use std::collections::HashMap; #[derive(Default)] struct State {{ {state} }}
pub struct Message {{ name: String, tenant: String }}
fn main() {{ let socket = std::net::UdpSocket::bind(\"a\").unwrap(); let mut state = State::default();
let mut bytes = [0; 64];
loop {{ let (len, from) = socket.recv_from(&mut bytes).unwrap();
let text = String::from_utf8_lossy(&bytes[..len]).into_owned();
let message = Message {{ name: text.clone(), tenant: text }}; println!(\"{{from}}\"); {taken} }} }}"
    );
    found(&Workspace::of_texts(&[("main", TargetKind::Bin, &text)]))
}

#[test]
fn parts_of_what_is_deployed_are_not_made_by_messages() {
    use Confidence::{Certain, Nursery};
    let of_key = |key: &str| of_datagrams("m: HashMap<String, u8>", &format!("state.m.insert({key}, 1);"));
    assert_eq!(of_key("message.name"), [("field-only-grows", Certain)]);
    assert_eq!(of_key("message.tenant"), [("field-only-grows", Nursery)]);
    let under = |inner: &str| {
        let entry = "let inner = state.m.entry(message.tenant).or_default();";
        of_datagrams("m: HashMap<String, HashMap<String, u8>>", &format!("{entry} {inner}"))
    };
    assert_eq!(under("inner.insert(message.name, 1); inner.remove(\"a\");"), []);
}

#[test]
fn a_number_that_is_renewed_empties_nothing() {
    let renewed = "*state.m.entry(message.name).or_default() = 7;";
    assert_eq!(of_datagrams("m: HashMap<String, u8>", renewed), [("field-only-grows", Confidence::Certain)]);
    let slot = "*state.m.entry(message.name).or_default() = None;";
    assert_eq!(
        of_datagrams("m: HashMap<String, Option<u8>>", slot),
        [("outer-keys-stay", Confidence::Certain)]
    );
    let emptied = "let one = state.m.entry(message.name).or_default(); one.push(1); *one = Vec::new();";
    assert_eq!(
        of_datagrams("m: HashMap<String, Vec<u8>>", emptied),
        [("outer-keys-stay", Confidence::Certain)]
    );
}

#[test]
fn a_task_that_the_keeper_starts_does_not_hang_up() {
    let kept = |more: &str| {
        let kept = "let (tx, rx) = std::sync::mpsc::channel(); state.m.insert(message.name, tx);";
        of_datagrams("m: HashMap<String, std::sync::mpsc::Sender<u8>>", &format!("{kept} {more}"))
    };
    assert_eq!(
        kept("println!(\"{}\", rx.recv().is_ok());"),
        [("dead-subscribers-kept", Confidence::Certain)]
    );
    let started = "std::thread::spawn(move || rx.into_iter().for_each(|one| println!(\"{one}\")));";
    assert_eq!(kept(started), [("dead-subscribers-kept", Confidence::Nursery)]);
}

#[test]
fn the_system_says_who_a_peer_is() {
    let program = |key: &str| {
        let text = format!(
            "use std::collections::HashMap;
#[tokio::main] async fn main() {{ let at = tokio::net::UnixListener::bind(\"a\").unwrap(); let mut state = State {{ by: HashMap::new() }};
loop {{ let (stream, from) = at.accept().await.unwrap(); println!(\"{{from:?}}\"); state.by.insert({key}, 1_u8); }} }}
struct State<K> {{ by: HashMap<K, u8> }}"
        );
        found(&Workspace::of_texts(&[("main", TargetKind::Bin, &text)]))
    };
    assert_eq!(program("from"), [("field-only-grows", Confidence::Certain)]);
    assert_eq!(program("stream.peer_cred().unwrap().uid()"), [("field-only-grows", Confidence::Nursery)]);
}

/// Two programs that share a type: one makes values of it from datagrams, the other keeps their names.
fn of_two_programs(kept_uses_inbox: bool) -> Vec<(&'static str, Confidence)> {
    const TYPES: &str = "pub struct Named { pub name: String }
impl Named { pub fn name(&self) -> &str { &self.name } }";
    const INBOX: &str = "fn main() { let socket = std::net::UdpSocket::bind(\"a\").unwrap(); let mut bytes = [0; 64];
loop { let (len, _) = socket.recv_from(&mut bytes).unwrap();
let named = types::Named { name: String::from_utf8_lossy(&bytes[..len]).into_owned() }; println!(\"{}\", named.name()); } }";
    const KEPT: &str = "use std::collections::HashMap; struct State { seen: HashMap<String, u8> }
fn main() { let mut state = State { seen: HashMap::new() };
loop { std::thread::sleep(std::time::Duration::from_secs(1)); let named = outside::named();
let named: types::Named = named; state.seen.insert(named.name().to_owned(), 1); } }";
    let crates = [
        ("types", TargetKind::Lib, TYPES),
        ("inbox", TargetKind::Bin, INBOX),
        ("kept", TargetKind::Bin, KEPT),
    ];
    let mut workspace = Workspace::of_texts(&crates);
    for package in &mut workspace.packages {
        let uses = |name: &str| name == "types" || kept_uses_inbox && name == "inbox";
        package.dependencies.retain(|(_, name)| package.name != "types" && uses(name));
        package.dependencies.push((Sym::new("outside"), "outside".to_owned()));
        package.has_manifest = true;
    }
    found(&workspace)
}

#[test]
fn a_shared_type_brings_no_key_from_a_package_to_one_that_does_not_know_it() {
    assert_eq!(of_two_programs(true), [("field-only-grows", Confidence::Certain)]);
    assert_eq!(of_two_programs(false), [("field-only-grows", Confidence::Nursery)]);
}
