//! `locus.toml` moves parts and sets limits without a rebuild.

#![allow(missing_docs, reason = "a test's own messages and loci")]
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
#![allow(unsafe_code, reason = "sets the environment of a test that runs alone in its process")]

use std::sync::mpsc;

use locus::prelude::*;

#[topic]
#[derive(Clone)]
pub struct Where {}

#[locus]
pub struct Part {
    heard: mpsc::Sender<(u32, String)>,
}

#[locus]
impl Part {
    #[on]
    fn on_where(&mut self, _where: &Where, cx: &mut Cx<'_, Self>) {
        let thread = std::thread::current().name().unwrap_or_default().to_owned();
        self.heard.send((cx.replica(), thread)).unwrap();
    }
}

#[locus(main)]
pub struct Moved {
    one: Part,
    #[place(pool = "rooms")]
    two: Part,
}

fn threads() -> Result<Vec<(u32, String)>, locus::StartError> {
    let (sender, heard) = mpsc::channel();
    let sender = std::sync::Mutex::new(sender);
    let part = move || Part { heard: sender.lock().unwrap().clone() };
    let app = locus::start(move || Moved { one: part(), two: part() })?;
    app.topic::<Where>().publish_blocking(Where {}).unwrap();
    drop(app);
    let mut heard: Vec<_> = heard.iter().collect();
    heard.sort();
    Ok(heard)
}

// One test: the environment belongs to the process.
#[test]
fn the_file_decides_where_parts_run() {
    let named = |replica, thread: &str| (replica, format!("moved:{thread}"));
    assert_eq!(threads().unwrap(), [named(0, "main"), named(0, "rooms")]);

    let file = std::env::temp_dir().join(format!("locus-settings-{}.toml", std::process::id()));
    // SAFETY: this test is alone in its process, and no other thread runs now.
    unsafe { std::env::set_var("LOCUS_CONFIG", &file) };
    std::fs::write(&file, "[place]\none = \"rooms\"\ntwo = { replicas = 2 }\n").unwrap();
    assert_eq!(threads().unwrap(), [named(0, "rooms"), named(0, "two[0]"), named(1, "two[1]")]);

    std::fs::write(&file, "[place]\nthree = \"rooms\"\n").unwrap();
    let error = threads().unwrap_err().to_string();
    assert!(error.contains(":2:1: unknown part `three`") && error.contains("help: "), "{error}");

    std::fs::remove_file(&file).unwrap();
    let error = threads().unwrap_err().to_string();
    assert!(error.contains(&file.display().to_string()), "a file that is named has to be there: {error}");
}
