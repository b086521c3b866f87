//! Findings show inline in an editor: a real rust-analyzer, with the three lines of settings that the docs give.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

const LEAK: &str = "\
use std::sync::Mutex;

static SEEN: Mutex<Vec<String>> = Mutex::new(Vec::new());

fn main() {
    let listener = std::net::TcpListener::bind(\"127.0.0.1:0\").unwrap();
    for stream in listener.incoming() {
        let peer = stream.unwrap().peer_addr().unwrap();
        SEEN.lock().unwrap().push(peer.to_string());
    }
}
";

const NUMBER: &str = include_str!("fix/number_given_to_a_call.rs");

/// rust-analyzer, spoken to as an editor does: Language Server Protocol 3.17 over its standard input and output.
struct Server {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Server {
    fn start(folder: &Path) -> Self {
        let mut command = Command::new("rust-analyzer");
        command.current_dir(folder).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child =
            command.spawn().expect("rust-analyzer is installed: `rustup component add rust-analyzer`");
        let (input, output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        Self { child, input, output: BufReader::new(output) }
    }

    fn send(&mut self, message: &Value) {
        let text = message.to_string();
        write!(self.input, "Content-Length: {}\r\n\r\n{text}", text.len()).unwrap();
        self.input.flush().unwrap();
    }

    fn notify(&mut self, method: &str, params: &Value) {
        self.send(&json!({ "jsonrpc": "2.0", "method": method, "params": params }));
    }

    /// The next message; answers on the way what the server asks its client.
    fn receive(&mut self) -> Value {
        loop {
            let mut length = 0;
            loop {
                let mut line = String::new();
                assert_ne!(self.output.read_line(&mut line).unwrap(), 0, "rust-analyzer ended");
                match line.trim().strip_prefix("Content-Length: ") {
                    Some(digits) => length = digits.parse().unwrap(),
                    None if line.trim().is_empty() => break,
                    None => {}
                }
            }
            let mut text = vec![0; length];
            self.output.read_exact(&mut text).unwrap();
            let message: Value = serde_json::from_slice(&text).unwrap();
            if message.get("method").is_some() && message.get("id").is_some() {
                self.send(&json!({ "jsonrpc": "2.0", "id": message["id"], "result": null }));
            } else {
                return message;
            }
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Ended already, if it failed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn uri(path: &Path) -> String {
    format!("file://{}", path.display())
}

/// A server that has checked a package with `text` for its program; the program's address, and what is shown of `rule`.
fn shown(name: &str, text: &str, rule: &str) -> (Server, String, Value) {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::create_dir_all(folder.join("src")).unwrap();
    let manifest = "[package]\nname = \"edited\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[workspace]\n";
    std::fs::write(folder.join("Cargo.toml"), manifest).unwrap();
    std::fs::write(folder.join("src/main.rs"), text).unwrap();
    let main = uri(&folder.join("src/main.rs"));

    let mut server = Server::start(&folder);
    let kinds = json!({ "codeActionKind": { "valueSet": ["", "quickfix"] } });
    server.send(&json!({
        "jsonrpc": "2.0", "id": 1, "method": "initialize",
        "params": {
            "processId": null,
            "rootUri": uri(&folder),
            "capabilities": { "textDocument": {
                "publishDiagnostics": { "relatedInformation": true },
                "codeAction": { "codeActionLiteralSupport": kinds },
            } },
            "initializationOptions": {
                "check": { "overrideCommand": [env!("CARGO_BIN_EXE_checker"), "--format", "json"] },
                "cachePriming": { "enable": false },
                "procMacro": { "enable": false },
            },
        },
    }));
    while server.receive()["id"] != 1 {}
    server.notify("initialized", &json!({}));
    let document = json!({ "uri": main, "languageId": "rust", "version": 1, "text": text });
    server.notify("textDocument/didOpen", &json!({ "textDocument": document }));
    server.notify("textDocument/didSave", &json!({ "textDocument": { "uri": main } }));

    loop {
        let message = server.receive();
        let ours = |diagnostic: &&Value| diagnostic["code"] == rule;
        if message["method"] == "textDocument/publishDiagnostics"
            && message["params"]["uri"] == main
            && let Some(shown) = message["params"]["diagnostics"].as_array().unwrap().iter().find(ours)
        {
            let shown = shown.clone();
            return (server, main, shown);
        }
    }
}

#[test]
fn a_finding_shows_inline() {
    let (_, _, shown) = shown("editor", LEAK, "unbounded-growth");
    assert_eq!(shown["range"]["start"]["line"], 8, "{shown:#}");
    assert!(shown["message"].as_str().unwrap().contains("SEEN"), "{shown:#}");
    assert!(!shown["relatedInformation"].as_array().unwrap().is_empty(), "{shown:#}");
}

#[test]
fn a_fix_is_offered_beside_its_finding() {
    let (mut server, main, shown) = shown("editor_fix", NUMBER, "resource-leak");
    server.send(&json!({
        "jsonrpc": "2.0", "id": 2, "method": "textDocument/codeAction",
        "params": {
            "textDocument": { "uri": main },
            "range": shown["range"],
            "context": { "diagnostics": [shown], "only": ["quickfix"] },
        },
    }));
    let answer = loop {
        let message = server.receive();
        if message["id"] == 2 {
            break message;
        }
    };
    let actions = answer["result"].as_array().unwrap_or_else(|| panic!("{answer:#}"));
    let borrows =
        |action: &&Value| action["title"].as_str().is_some_and(|title| title.contains("borrow the number"));
    let action = actions.iter().find(borrows).unwrap_or_else(|| panic!("{actions:#?}"));
    let text = action["edit"].to_string();
    assert!(text.contains("\"AsRawFd\"") && text.contains("\"as_raw_fd\""), "{action:#}");
}
