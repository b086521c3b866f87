//! The page of `chat` in a real browser: two tabs in two rooms, each sees its own room's lines and no other's.
//!
//! Needs `chromium` and `chromedriver` on the path, and fails without them.

#[path = "driver/program.rs"]
#[allow(dead_code, reason = "each test uses its part of the driver")]
mod program;
#[path = "driver/webdriver.rs"]
mod webdriver;

use std::path::Path;
use std::time::Duration;

use program::Program;
use serde_json::Value;
use webdriver::Browser;

const ENTER: &str = "\u{e007}";
const DOWN: &str = "\u{e015}";
const STARTED: Duration = Duration::from_secs(20);

#[test]
fn two_tabs_post_in_two_rooms_and_see_only_their_own() {
    let (server, url) = start_chat();
    let pictures = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let browser = Browser::start(pictures, "two-tabs");
    browser.resize(1180, 800);

    let lobby = browser.tab();
    enter(&browser, &url, "lobby", "Ada Lovelace");
    let rust = browser.new_tab();
    enter(&browser, &url, "rust", "grace");

    browser.switch_to(&lobby);
    say(&browser, "Good morning, lobby!");
    say(&browser, "The docs are at https://doc.rust-lang.org/book/ — start with `ownership`.");
    browser.switch_to(&rust);
    say(&browser, "Why does `&mut T` not implement `Copy`?");

    assert_eq!(lines(&browser), ["Why does &mut T not implement Copy?"]);
    browser.screenshot(&pictures.join("chat-rust.png"));
    browser.switch_to(&lobby);
    let expected =
        ["Good morning, lobby!", "The docs are at https://doc.rust-lang.org/book/ — start with ownership."];
    assert_eq!(lines(&browser), expected);
    browser.screenshot(&pictures.join("chat-lobby.png"));

    // The other room is one key away, with what was said there before.
    browser.press_alt(DOWN);
    browser.wait_until("return location.hash === '#rust' && document.querySelectorAll('.body').length === 1");
    assert_eq!(lines(&browser), ["Why does &mut T not implement Copy?"]);

    // Now this tab has joined both; what comes in the room it does not show is counted.
    browser.run("document.querySelector('[data-room=lobby]').click()");
    browser.switch_to(&rust);
    say(&browser, "Because two of them would be two ways to write.");
    browser.switch_to(&lobby);
    browser.wait_until("return document.querySelector('[data-room=rust] .badge')?.textContent === '1'");
    assert_eq!(lines(&browser), expected);

    // The other writer, in the dark, on a narrow screen.
    enter(&browser, &url, "lobby", "Ada Lovelace");
    browser.switch_to(&rust);
    enter(&browser, &url, "lobby", "grace");
    say(
        &browser,
        "<b>Hello</b> Ada, glad you are here. This line is long enough to need more than one row on any screen that is narrower than a desk.",
    );
    assert_eq!(browser.run("return document.querySelectorAll('.body b').length"), 0, "text is never markup");
    browser.prefer("dark");
    browser.screenshot(&pictures.join("chat-dark.png"));
    browser.resize(500, 760);
    browser.screenshot(&pictures.join("chat-narrow.png"));

    server.signal("INT");
    browser.wait_until("return !document.querySelector('#banner').hidden");
    browser.screenshot(&pictures.join("chat-lost.png"));
    let ended = server.wait(Duration::from_secs(12));
    assert_eq!(ended.status.code(), Some(0), "{ended:#?}");
}

/// What a server under load would send; a real one is loaded in `chat_drain_load`.
const SLOW_SERVER: &str = r#"
    window.WebSocket = class {
        constructor() { setTimeout(() => this.say(), 0); }
        close() {}
        send() {}
        say() {
            const start = Date.now() - 90_000;
            const line = (n, user, text) => ({ n, at: start + n * 1000, user, text });
            this.frame({ joined: "help", recent: [line(1, "linus", "Anyone awake?"), line(2, "margaret", "Always.")] });
            this.frame({ missed: 12 });
            this.frame(line(15, "linus", "So that is how it works."));
            this.frame(line(15, "linus", "So that is how it works."));
            this.frame(line(16, "barbara", "It is. The list of `missed` lines comes in band, before the oldest survivor."));
        }
        frame(frame) { this.onmessage({ data: JSON.stringify(frame) }); }
    };
    document.querySelector("[data-room=help]").click();
"#;

#[test]
fn a_reader_that_was_too_slow_is_told_how_many_lines_it_missed() {
    let (_server, url) = start_chat();
    let pictures = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let browser = Browser::start(pictures, "missed");
    browser.resize(1180, 800);
    enter(&browser, &url, "lobby", "Ada Lovelace");

    browser.run(SLOW_SERVER);
    browser.wait_until("return document.querySelectorAll('.body').length >= 4");

    assert_eq!(lines(&browser).len(), 4, "a line that comes twice is shown once");
    let order = "return [...document.querySelectorAll('.body, .missed')].map((each) => each.textContent)";
    assert_eq!(browser.run(order)[2], "12 lines missed");
    browser.screenshot(&pictures.join("chat-missed.png"));
}

fn start_chat() -> (Program, String) {
    let mut server = Program::start("chat", &["--port", "0"], &[]);
    let line = server.wait_for("open http://", STARTED);
    let url =
        line.split_whitespace().find(|word| word.starts_with("http://")).expect("an address").to_owned();
    (server, url)
}

/// Opens a room in the current tab, giving a name if the page asks for one.
fn enter(browser: &Browser, url: &str, room: &str, name: &str) {
    browser.go(&format!("{url}/#{room}"));
    // Tabs of one browser share the last name; this one is somebody else.
    browser.run(&format!(
        "sessionStorage.clear(); localStorage.clear(); location.hash = '{room}'; location.reload()"
    ));
    browser.wait_until("return document.querySelector('#naming')?.open ?? false");
    browser.type_into("#name", &format!("{name}{ENTER}"));
    browser.wait_until("return document.querySelector('#status').dataset.state === 'live'");
}

/// Posts as a person would, and waits until the room has relayed it.
fn say(browser: &Browser, text: &str) {
    let before = lines(browser).len();
    browser.type_into("#text", &format!("{text}{ENTER}"));
    browser.wait_until(&format!(
        "return document.querySelectorAll('.line:not(.pending):not(.failed) .body').length === {} \
         && !document.querySelector('.pending')",
        before + 1
    ));
}

/// The texts of the open room.
fn lines(browser: &Browser) -> Vec<String> {
    let texts = browser.run("return [...document.querySelectorAll('.body')].map((body) => body.textContent)");
    let Value::Array(texts) = texts else { panic!("not a list: {texts}") };
    texts.iter().map(|text| text.as_str().expect("a text").to_owned()).collect()
}
