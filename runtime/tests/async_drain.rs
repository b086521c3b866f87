//! A drain waits for handlers for half of its time, then cancels and counts them, and still ends well.

#![allow(missing_docs, reason = "a test's own messages and loci")]
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
#![allow(unsafe_code, reason = "sets the environment of a test that runs alone in its process")]

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use locus::prelude::*;

type Log = Arc<Mutex<Vec<&'static str>>>;

#[topic]
#[derive(Clone)]
pub struct Job(Duration);

/// Notes when it is dropped.
struct Held(Log);

impl Drop for Held {
    fn drop(&mut self) {
        self.0.lock().unwrap().push("dropped");
    }
}

#[locus]
pub struct Worker {
    log: Log,
}

#[locus]
impl Worker {
    #[on]
    async fn on_job(&mut self, job: &Job) {
        self.log.lock().unwrap().push("begin");
        let _held = Held(Arc::clone(&self.log));
        tokio::time::sleep(job.0).await;
        self.log.lock().unwrap().push("end");
    }

    fn drain(&mut self) {
        self.log.lock().unwrap().push("drain");
    }

    fn dissolve(&mut self) {
        self.log.lock().unwrap().push("dissolve");
    }
}

#[locus(main)]
pub struct Shop {
    worker: Worker,
}

/// Drains while jobs are under way; gives the account, what was noted, and how long it took.
fn drain(jobs: &[Duration]) -> (u64, Vec<&'static str>, Duration) {
    let log = Log::default();
    let inner = Arc::clone(&log);
    let app = locus::start(move || Shop { worker: Worker { log: Arc::clone(&inner) } }).unwrap();
    jobs.iter().for_each(|job| app.topic::<Job>().publish_blocking(Job(*job)).unwrap());
    let begun = Instant::now();
    let ended = tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(app.drain());
    assert_eq!(ended.exit, Exit::Drained);
    let noted = log.lock().unwrap().clone();
    (ended.loci[0].cancelled, noted, begun.elapsed())
}

// One test: the environment belongs to the process.
#[test]
fn handlers_have_half_of_the_drain() {
    let file = std::env::temp_dir().join(format!("locus-async-drain-{}.toml", std::process::id()));
    std::fs::write(&file, "[limits]\ndrain_timeout = \"2s\"\n").unwrap();
    // SAFETY: this test is alone in its process, and no other thread runs now.
    unsafe { std::env::set_var("LOCUS_CONFIG", &file) };
    let (short, long) = (Duration::from_millis(20), Duration::from_secs(3600));

    let (cancelled, noted, _) = drain(&[short]);
    assert_eq!((cancelled, &*noted), (0, &["begin", "end", "dropped", "drain", "dissolve"][..]));

    let (cancelled, noted, took) = drain(&[long, long]);
    let expected = ["begin", "dropped", "begin", "dropped", "drain", "dissolve"];
    assert_eq!((cancelled, &*noted), (2, &expected[..]));
    assert!(took >= Duration::from_secs(1), "{took:?}");
    std::fs::remove_file(&file).unwrap();
}
