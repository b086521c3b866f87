//! How the runtime speaks: through `tracing`, or, where nobody listens to that, in one line on stderr.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Lines per second and site that reach stderr; a flood of failures must not become a flood of output.
const LINES_PER_SECOND: u32 = 10;

/// Which part of the runtime speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Site {
    Bus,
    Supervise,
    App,
    Pool,
}

#[derive(Clone, Copy)]
struct Second {
    since: Instant,
    lines: u32,
}

static SECONDS: Mutex<Option<HashMap<Site, Second>>> = Mutex::new(None);

/// Says something that somebody should look at. `text` is made only if it is heard.
pub(crate) fn warn(site: Site, text: impl FnOnce() -> String) {
    if tracing::dispatcher::has_been_set() {
        let text = text();
        match site {
            Site::Bus => tracing::warn!(target: "locus::bus", "{text}"),
            Site::Supervise => tracing::warn!(target: "locus::supervise", "{text}"),
            Site::App => tracing::warn!(target: "locus::app", "{text}"),
            Site::Pool => tracing::warn!(target: "locus::pool", "{text}"),
        }
    } else if may_print(site) {
        // In one piece, so that it is one write, which no other process cuts in two.
        let line = format!("locus: {}\n", text());
        eprint!("{line}");
    }
}

fn may_print(site: Site) -> bool {
    let mut seconds = SECONDS.lock().unwrap_or_else(PoisonError::into_inner);
    let now = Instant::now();
    let second = seconds.get_or_insert_default().entry(site).or_insert(Second { since: now, lines: 0 });
    if now.duration_since(second.since) >= Duration::from_secs(1) {
        *second = Second { since: now, lines: 0 };
    }
    second.lines += 1;
    second.lines <= LINES_PER_SECOND
}
