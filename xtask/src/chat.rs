//! Drives the example `chat` and its load generator, for the soak and the stress runs.
//!
//! The server gets a free port, which it prints; nothing here waits for a guessed time. Both programs are ended when
//! their handles are dropped, so that a failed run leaves nothing behind.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

use serde_json::Value;

use crate::process;
use crate::workspace::Workspace;

/// How long the server may take to say where it listens.
const START_TIMEOUT: Duration = Duration::from_secs(30);
/// How long the load may take to join all its clients, which it bounds itself with a minute.
const JOIN_TIMEOUT: Duration = Duration::from_secs(90);
/// How long after the last post the load may take to settle and report.
pub(crate) const REPORT_TIMEOUT: Duration = Duration::from_secs(60);
/// What the server prints before its port.
const ADDRESS_MARK: &str = "127.0.0.1:";
/// What the load prints when every client is in.
const JOINED_MARK: &str = "have joined";

/// Builds both programs, optimised.
pub(crate) fn build(workspace: &Workspace) -> Result<(), String> {
    let mut build = workspace.cargo();
    build.args([
        "build",
        "--release",
        "--package",
        "locus-examples",
        "--example",
        "chat",
        "--example",
        "chat_load",
    ]);
    process::show(&mut build)
}

/// A running chat server.
pub(crate) struct Server {
    child: Child,
    pub(crate) port: u16,
}

impl Server {
    /// Starts a server on a free port and waits until it says which.
    pub(crate) fn start(workspace: &Workspace) -> Result<Self, String> {
        let mut command = Command::new(workspace.program("release", "examples", "chat"));
        command.args(["--port", "0"]).stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = command.spawn().map_err(|error| format!("cannot start `chat`: {error}"))?;
        let lines = lines_of(child.stdout.take(), "chat");
        let mut server = Self { child, port: 0 };
        let line = wait_for(&lines, START_TIMEOUT, ADDRESS_MARK)?;
        server.port = port_in(&line).ok_or_else(|| format!("`chat` printed no port: {line}"))?;
        Ok(server)
    }

    /// Resident memory, in KiB.
    pub(crate) fn resident_kib(&self) -> Result<u64, String> {
        let text =
            process::capture(Command::new("ps").args(["-o", "rss=", "-p", &self.child.id().to_string()]))?;
        text.trim().parse().map_err(|_| format!("`ps` says `{}` for resident memory", text.trim()))
    }

    /// Presses Ctrl-C and waits for the end.
    pub(crate) fn interrupt(mut self, limit: Duration) -> Result<ExitStatus, String> {
        process::signal("INT", self.child.id())?;
        process::wait_within(limit, &mut self.child)?
            .ok_or_else(|| format!("`chat` was still running {} s after Ctrl-C", limit.as_secs()))
    }
}

/// Posts of each client at once when the load begins: more than a reader's ring and a flush hold, so that every buffer
/// reaches its size before memory is first looked at.
const BURST_POSTS: u64 = 5;

/// A running load generator whose clients have all joined.
pub(crate) struct Load {
    child: Child,
    output: Receiver<String>,
}

impl Load {
    /// Starts `clients` clients that post for `seconds`, and returns when they have joined.
    pub(crate) fn start(
        workspace: &Workspace,
        port: u16,
        clients: u32,
        seconds: u64,
    ) -> Result<Self, String> {
        let mut command = Command::new(workspace.program("release", "examples", "chat_load"));
        let flags = [
            ("--port", u64::from(port)),
            ("--clients", u64::from(clients)),
            ("--seconds", seconds),
            ("--burst", BURST_POSTS),
        ];
        command.args(flags.iter().flat_map(|(flag, value)| [(*flag).to_owned(), value.to_string()]));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(|error| format!("cannot start `chat_load`: {error}"))?;
        let output = whole(child.stdout.take());
        let progress = lines_of(child.stderr.take(), "chat_load");
        let load = Self { child, output };
        wait_for(&progress, JOIN_TIMEOUT, JOINED_MARK)?;
        Ok(load)
    }

    /// Waits for the report.
    pub(crate) fn report(mut self, limit: Duration) -> Result<Report, String> {
        let status = process::wait_within(limit, &mut self.child)?
            .ok_or_else(|| format!("`chat_load` was still running after {} s", limit.as_secs()))?;
        let text = self.output.recv().unwrap_or_default();
        if !status.success() {
            return Err(format!("`chat_load` failed: {status}\n{text}"));
        }
        Report::read(&text)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        end(&mut self.child);
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        end(&mut self.child);
    }
}

/// The account the load generator gives: what was posted, accepted, received, missed and lost.
pub(crate) struct Report(Value);

impl Report {
    fn read(text: &str) -> Result<Self, String> {
        serde_json::from_str(text)
            .map(Self)
            .map_err(|error| format!("the report of `chat_load`: {error}\n{text}"))
    }

    /// Whether every client joined and every line of every room is accounted for by every client in it.
    pub(crate) fn is_balanced(&self, clients: u32) -> Result<(), String> {
        self.expect("clients joined", self.figure("joined"), u64::from(clients))?;
        self.expect("lines lost", self.figure("/total/lost"), 0)?;
        self.expect("lines out of order", self.figure("/total/disordered"), 0)?;
        let rooms = self.0["rooms"].as_object().ok_or("the report names no rooms")?;
        let mut relayed = 0;
        for (name, room) in rooms {
            let newest = room["through_max"].as_u64().unwrap_or_default();
            let all = format!("newest line of `{name}` that all have seen or know as missed");
            self.expect(&all, room["through_min"].as_u64().unwrap_or_default(), newest)?;
            relayed += newest;
        }
        let accepted = self.figure("/total/accepted");
        if accepted > relayed { Err(format!("{accepted} posts accepted, {relayed} relayed")) } else { Ok(()) }
    }

    /// One line for people.
    pub(crate) fn summary(&self) -> String {
        let [posted, accepted, received, missed] =
            ["posted", "accepted", "received", "missed"].map(|name| self.figure(&format!("/total/{name}")));
        format!("posted {posted}, accepted {accepted}, received {received}, missed {missed}")
    }

    fn figure(&self, path: &str) -> u64 {
        let value = if path.starts_with('/') { self.0.pointer(path) } else { self.0.get(path) };
        value.and_then(Value::as_u64).unwrap_or(u64::MAX)
    }

    fn expect(&self, what: &str, found: u64, expected: u64) -> Result<(), String> {
        if found == expected {
            Ok(())
        } else {
            Err(format!("{what}: {found}, expected {expected}\n{:#}", self.0))
        }
    }
}

/// The lines of a stream, each also shown. The thread ends with the stream.
fn lines_of(stream: Option<impl Read + Send + 'static>, name: &'static str) -> Receiver<String> {
    let (sender, lines) = mpsc::channel();
    if let Some(stream) = stream {
        std::thread::spawn(move || {
            for line in BufReader::new(stream).lines().map_while(Result::ok) {
                println!("{name}: {line}");
                // Nobody listens once the line waited for has come; the rest is only shown.
                let _ = sender.send(line);
            }
        });
    }
    lines
}

/// Everything a stream says, sent at its end.
fn whole(stream: Option<impl Read + Send + 'static>) -> Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    if let Some(mut stream) = stream {
        std::thread::spawn(move || {
            let mut text = String::new();
            // What cannot be read is missing from the text, and its reader says so.
            let _ = stream.read_to_string(&mut text);
            let _ = sender.send(text);
        });
    }
    receiver
}

fn wait_for(lines: &Receiver<String>, limit: Duration, mark: &str) -> Result<String, String> {
    let deadline = std::time::Instant::now() + limit;
    loop {
        let left = deadline.saturating_duration_since(std::time::Instant::now());
        match lines.recv_timeout(left) {
            Ok(line) if line.contains(mark) => return Ok(line),
            Ok(_) => {}
            Err(_) => return Err(format!("no line with `{mark}` came within {} s", limit.as_secs())),
        }
    }
}

fn port_in(line: &str) -> Option<u16> {
    let (_, after) = line.split_once(ADDRESS_MARK)?;
    let end = after.find(|next: char| !next.is_ascii_digit()).unwrap_or(after.len());
    after[..end].parse().ok()
}

fn end(child: &mut Child) {
    // It may have ended already, which is what is wanted.
    let _ = child.kill();
    let _ = child.wait();
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(lost: u64, seen_by_all: u64, accepted: u64) -> Report {
        let text = format!(
            r#"{{"joined":2,"total":{{"posted":9,"accepted":{accepted},"received":9,"missed":1,"lost":{lost},"disordered":0}},
                "rooms":{{"rust":{{"through_min":{seen_by_all},"through_max":7}}}}}}"#
        );
        Report::read(&text).unwrap()
    }

    #[test]
    fn a_report_balances_when_all_account_for_every_line() {
        assert_eq!(report(0, 7, 7).is_balanced(2), Ok(()));
        assert_eq!(report(0, 7, 7).summary(), "posted 9, accepted 7, received 9, missed 1");
    }

    #[test]
    fn what_does_not_balance_is_named() {
        assert!(report(1, 7, 7).is_balanced(2).unwrap_err().starts_with("lines lost: 1"));
        assert!(report(0, 6, 7).is_balanced(2).unwrap_err().contains("`rust`"));
        assert!(report(0, 7, 8).is_balanced(2).unwrap_err().contains("8 posts accepted, 7 relayed"));
        assert!(report(0, 7, 7).is_balanced(3).unwrap_err().starts_with("clients joined: 2"));
    }

    #[test]
    fn the_port_is_read_from_the_line_that_names_it() {
        assert_eq!(port_in("chat is on http://127.0.0.1:40123/"), Some(40123));
        assert_eq!(port_in("chat"), None);
    }
}
