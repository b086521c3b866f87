//! A drain waits for the `run`s of flows for half of its time, then cancels and counts them, and still ends well.

#![allow(missing_docs, reason = "a test's own messages and loci")]
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
#![allow(unsafe_code, reason = "sets the environment of a test that runs alone in its process")]

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use locus::prelude::*;

type Log = Arc<Mutex<Vec<&'static str>>>;

#[topic]
#[derive(Clone)]
pub struct Dial {
    /// Whether the call hears that the program drains.
    pub listens: bool,
}

#[topic]
#[derive(Clone)]
pub struct HungUp;

/// A flow whose `run` waits for a peer that never says a word.
#[locus(publishes(HungUp))]
pub struct Call {
    listens: bool,
    log: Log,
}

#[locus]
impl Call {
    async fn run(run: Run<Self>) {
        let listens = run.with(|me, _| me.listens).await;
        if listens {
            run.draining().await;
        } else {
            std::future::pending::<()>().await;
        }
        run.with(|_, cx| cx.publish(HungUp)).await;
    }

    fn dissolve(&mut self) {
        self.log.lock().unwrap().push(if self.listens { "polite" } else { "cancelled" });
    }
}

#[locus(children(Call = flow, max = 2))]
pub struct Exchange {
    log: Log,
}

#[locus]
impl Exchange {
    #[on]
    fn on_dial(&mut self, dial: &Dial, cx: &mut Cx<'_, Self>) {
        cx.spawn(Call { listens: dial.listens, log: Arc::clone(&self.log) }).unwrap();
    }

    #[on]
    fn on_hung_up(&mut self, _: &HungUp) {
        self.log.lock().unwrap().push("hung up");
    }

    fn dissolve(&mut self) {
        self.log.lock().unwrap().push("exchange");
    }
}

#[locus(main)]
pub struct Town {
    exchange: Exchange,
}

// One test: the environment belongs to the process.
#[test]
fn runs_of_flows_have_half_of_the_drain() {
    let file = std::env::temp_dir().join(format!("locus-flow-drain-{}.toml", std::process::id()));
    std::fs::write(&file, "[limits]\ndrain_timeout = \"2s\"\n").unwrap();
    // SAFETY: this test is alone in its process, and no other thread runs now.
    unsafe { std::env::set_var("LOCUS_CONFIG", &file) };

    let log = Log::default();
    let inner = Arc::clone(&log);
    let app = locus::start(move || Town { exchange: Exchange { log: Arc::clone(&inner) } }).unwrap();
    for listens in [true, false] {
        app.topic::<Dial>().publish_blocking(Dial { listens }).unwrap();
    }
    let begun = Instant::now();
    let ended = tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(app.drain());
    std::fs::remove_file(&file).unwrap();

    assert_eq!(ended.exit, Exit::Drained);
    assert!((Duration::from_secs(1)..Duration::from_secs(2)).contains(&begun.elapsed()));
    let mut noted = log.lock().unwrap().clone();
    noted[..2].sort_unstable();
    assert_eq!(noted, ["hung up", "polite", "cancelled", "exchange"]);
    let calls = ended.loci.iter().find(|account| account.path.ends_with("/Call")).unwrap();
    assert_eq!(calls.cancelled, 1);
}
