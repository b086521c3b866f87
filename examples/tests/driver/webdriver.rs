//! A browser under remote control: the part of the WebDriver protocol that a chat page needs, over plain HTTP.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// What a browser must not do in a test: talk to its maker, draw on a screen, or ask questions. A test run as root,
/// which containers do, has no sandbox to offer.
const BROWSER_FLAGS: [&str; 11] = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--lang=en-GB",
    "--force-color-profile=srgb",
];
const WAIT_MAX: Duration = Duration::from_secs(15);
/// How the protocol names an element in JSON.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// A headless Chromium with a fresh profile.
pub(crate) struct Browser {
    driver: Child,
    port: u16,
    session: String,
    profile: PathBuf,
}

impl Browser {
    /// Starts `chromedriver` on a free port, and a browser under it.
    ///
    /// # Panics
    /// If either of them is not installed: a test that cannot look at the page has not passed.
    pub(crate) fn start(scratch: &Path, name: &str) -> Self {
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| {
                panic!("`chromedriver` is not installed (Debian: chromium-driver): {error}")
            });
        let mut lines = BufReader::new(driver.stdout.take().expect("it is piped")).lines();
        let port = lines
            .find_map(|line| {
                line.ok()?.split_once("successfully on port ")?.1.trim_end_matches('.').parse().ok()
            })
            .expect("chromedriver says on which port it listens");
        std::thread::spawn(move || lines.for_each(drop)); // a full pipe would stop it
        let profile = scratch.join(format!("profile-{name}-{port}"));
        let mut browser = Self { driver, port, session: String::new(), profile };
        browser.open_session();
        browser
    }

    fn open_session(&mut self) {
        let mut flags = BROWSER_FLAGS.map(str::to_owned).to_vec();
        flags.push(format!("--user-data-dir={}", self.profile.display()));
        let options = json!({ "args": flags });
        let wanted = json!({ "capabilities": { "alwaysMatch": { "browserName": "chrome", "goog:chromeOptions": options } } });
        let answer = request(self.port, "POST", "/session", Some(&wanted));
        self.session =
            answer["sessionId"].as_str().unwrap_or_else(|| panic!("no browser: {answer}")).to_owned();
    }

    /// Opens another tab and goes on in it; returns its handle.
    pub(crate) fn new_tab(&self) -> String {
        let tab =
            self.post("window/new", &json!({ "type": "tab" }))["handle"].as_str().expect("a tab").to_owned();
        self.switch_to(&tab);
        tab
    }

    pub(crate) fn tab(&self) -> String {
        self.call("GET", "window", None).as_str().expect("a tab").to_owned()
    }

    pub(crate) fn switch_to(&self, tab: &str) {
        self.post("window", &json!({ "handle": tab }));
    }

    pub(crate) fn go(&self, url: &str) {
        self.post("url", &json!({ "url": url }));
    }

    pub(crate) fn resize(&self, width: u32, height: u32) {
        self.post("window/rect", &json!({ "width": width, "height": height }));
    }

    /// Types into the element that `css` selects; `\u{e007}` is Enter.
    pub(crate) fn type_into(&self, css: &str, text: &str) {
        let found = self.post("element", &json!({ "using": "css selector", "value": css }));
        let element = found[ELEMENT].as_str().unwrap_or_else(|| panic!("nothing is at `{css}`: {found}"));
        self.post(&format!("element/{element}/value"), &json!({ "text": text }));
    }

    /// Presses one key while Alt is held.
    pub(crate) fn press_alt(&self, key: &str) {
        let alt = "\u{e00a}";
        let keys = [("keyDown", alt), ("keyDown", key), ("keyUp", key), ("keyUp", alt)]
            .map(|(kind, value)| json!({ "type": kind, "value": value }));
        self.post("actions", &json!({ "actions": [{ "type": "key", "id": "keyboard", "actions": keys }] }));
    }

    /// Runs a script in the page and returns its value.
    pub(crate) fn run(&self, script: &str) -> Value {
        self.post("execute/sync", &json!({ "script": script, "args": [] }))
    }

    /// Waits until a script gives `true`.
    ///
    /// # Panics
    /// If it does not in time, with what the page shows then.
    pub(crate) fn wait_until(&self, script: &str) {
        let deadline = Instant::now() + WAIT_MAX;
        while self.run(script) != Value::Bool(true) {
            if Instant::now() > deadline {
                panic!(
                    "never true: {script}\nthe page shows:\n{}",
                    self.run("return document.body.innerText")
                );
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Pretends that the system prefers `scheme` ("dark" or "light").
    pub(crate) fn prefer(&self, scheme: &str) {
        let features = json!([{ "name": "prefers-color-scheme", "value": scheme }]);
        let command = json!({ "cmd": "Emulation.setEmulatedMedia", "params": { "features": features } });
        self.post("goog/cdp/execute", &command);
    }

    /// Writes what the tab shows as a PNG.
    pub(crate) fn screenshot(&self, path: &Path) {
        let picture = self.call("GET", "screenshot", None);
        let picture = decode_base64(picture.as_str().expect("a picture"));
        std::fs::write(path, picture).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    }

    fn post(&self, command: &str, body: &Value) -> Value {
        self.call("POST", command, Some(body))
    }

    fn call(&self, method: &str, command: &str, body: Option<&Value>) -> Value {
        let answer = request(self.port, method, &format!("/session/{}/{command}", self.session), body);
        assert!(answer.get("error").is_none(), "{method} {command}: {answer}");
        answer
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        if !self.session.is_empty() {
            request(self.port, "DELETE", &format!("/session/{}", self.session), None);
        }
        let _ = self.driver.kill();
        let _ = self.driver.wait();
        let _ = std::fs::remove_dir_all(&self.profile);
    }
}

/// One request, one connection; the answer's `value`.
fn request(port: u16, method: &str, path: &str, body: Option<&Value>) -> Value {
    let body = body.map(Value::to_string).unwrap_or_default();
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("chromedriver listens");
    stream.set_read_timeout(Some(Duration::from_secs(60))).expect("a positive time");
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all((head + &body).as_bytes()).expect("chromedriver reads");
    let mut reader = BufReader::new(stream);
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).expect("chromedriver answers");
        if line.trim().is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().expect("a length");
        }
    }
    let mut answer = vec![0; length];
    reader.read_exact(&mut answer).expect("a whole answer");
    let mut answer: Value = serde_json::from_slice(&answer).expect("an answer is JSON");
    answer["value"].take()
}

fn decode_base64(text: &str) -> Vec<u8> {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let (mut bytes, mut bits, mut held) = (Vec::with_capacity(text.len() * 3 / 4), 0_u32, 0);
    for digit in text.bytes().filter_map(|byte| ALPHABET.iter().position(|&letter| letter == byte)) {
        bits = bits << 6 | digit as u32;
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held) as u8);
            bits &= (1 << held) - 1;
        }
    }
    bytes
}
