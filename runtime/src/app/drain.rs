//! The drain: sources close, the bus empties, loci say their last words, then they dissolve.
//!
//! Whether the bus is empty is found out by counting: twice in a row every pool is idle, has done nothing in between,
//! and as many words were taken from lanes as were put in (Mattern's four-counter method, with activity counts).

use std::time::Duration;

use tokio::time::{Instant, sleep, timeout_at};

use crate::app::conduct::Conductor;
use crate::app::control::{Control, Probe, Report};
use crate::app::exit::Exit;
use crate::app::plan::Address;
use crate::watch::log::{self, Site};
use crate::watch::{ResidencyMode, dump_arena_residency_trimmed, dump_pool_residency};

/// Between two looks at the pools: short beside a drain, long beside a turn.
const PROBE_PERIOD: Duration = Duration::from_millis(1);

/// How many dissolves may take at the end of a drain that ran out of time.
const DISSOLVE_TIME: Duration = Duration::from_secs(1);

/// Loci that one line names.
const NAMED_MAX: usize = 8;

/// Why a drain cannot go on.
enum Stuck {
    /// The time is up; holds what was still under way.
    Timeout(Vec<String>),
    /// A pool's thread has died.
    Died(String),
}

impl Conductor {
    /// Drains the program, and dissolves every locus whatever happens.
    pub(crate) async fn drain(&mut self) -> Exit {
        let deadline = Instant::now() + self.limits.drain_timeout;
        self.cancels_at = Some(deadline - self.limits.drain_timeout / 2);
        let mut is_reported = self.residency == ResidencyMode::Off;
        let result = self.drain_until(deadline, &mut is_reported).await;
        if self.pool_residency != ResidencyMode::Off {
            dump_pool_residency();
        }
        if !is_reported {
            dump_arena_residency_trimmed();
        }
        self.dissolve(self.order.len()).await;
        match result {
            Ok(()) => Exit::Drained,
            Err(Stuck::Timeout(names)) => {
                eprintln!("locus: the drain ran out of time after {} s", self.limits.drain_timeout.as_secs());
                names.iter().for_each(|name| eprintln!("locus:   {name}"));
                Exit::DrainTimeout
            }
            Err(Stuck::Died(text)) => {
                eprintln!("locus: {text}");
                Exit::RootFailure
            }
        }
    }

    async fn drain_until(&mut self, deadline: Instant, is_reported: &mut bool) -> Result<(), Stuck> {
        self.app.close_gates();
        self.all(|| Control::CloseSources, deadline).await?;
        self.quiet(deadline, false).await?;
        if !*is_reported {
            // The bus is empty, and what the program held while it ran still stands.
            self.all(|| Control::Look, deadline).await?;
            dump_arena_residency_trimmed();
            *is_reported = true;
        }
        self.all(|| Control::EndOutside, deadline).await?;
        self.quiet(deadline, true).await?;
        self.all(|| Control::EndReceiving, deadline).await?;
        self.quiet(deadline, true).await?;
        for index in (0..self.order.len()).rev() {
            let Address { pool, cell, .. } = self.order[index];
            let mut more = true;
            while more {
                self.app.control(pool, Control::Drain { cell });
                more = self.drained(deadline).await?;
                self.quiet(deadline, true).await?;
            }
        }
        Ok(())
    }

    /// Dissolves the first `count` loci, the last of them first.
    pub(crate) async fn dissolve(&mut self, count: usize) {
        let deadline = Instant::now() + DISSOLVE_TIME;
        for index in (0..count).rev() {
            let Address { pool, cell, .. } = self.order[index];
            self.app.control(pool, Control::Dissolve { cell });
            // A pool that hangs has been named already, or is named at its end.
            let _ = self.answers(1, deadline).await;
        }
    }

    /// Waits until a level of a part's tree is drained; returns whether there are more above it.
    async fn drained(&mut self, deadline: Instant) -> Result<bool, Stuck> {
        loop {
            match timeout_at(deadline, self.reports.recv()).await {
                Ok(Some(Report::Drained { more })) => return Ok(more),
                Ok(Some(Report::Died { text })) => return Err(Stuck::Died(text)),
                Ok(Some(_)) => {}
                Ok(None) => return Err(Stuck::Died("all pools are gone".to_owned())),
                Err(_) => return Err(Stuck::Timeout(vec!["a pool does not answer".to_owned()])),
            }
        }
    }

    async fn all(&mut self, control: impl Fn() -> Control, deadline: Instant) -> Result<(), Stuck> {
        for pool in self.app.pool_ids() {
            self.app.control(pool, control());
        }
        self.answers(self.app.pools.len(), deadline).await
    }

    async fn answers(&mut self, mut count: usize, deadline: Instant) -> Result<(), Stuck> {
        while count > 0 {
            match timeout_at(deadline, self.reports.recv()).await {
                Ok(Some(Report::Done)) => count -= 1,
                Ok(Some(Report::Died { text })) => return Err(Stuck::Died(text)),
                Ok(Some(_)) => {}
                Ok(None) => return Err(Stuck::Died("all pools are gone".to_owned())),
                Err(_) => return Err(Stuck::Timeout(vec![format!("{count} pools do not answer")])),
            }
        }
        Ok(())
    }

    /// Waits until nothing is under way; with `runs`, until every `run` has returned or waits in `recv` too.
    async fn quiet(&mut self, deadline: Instant, runs: bool) -> Result<(), Stuck> {
        let mut before = None;
        for round in 0.. {
            let probes = self.probe(round, deadline).await?;
            let sent: u64 = probes.iter().map(|probe| probe.sent_words).sum();
            let received: u64 = probes.iter().map(|probe| probe.received_words).sum();
            let is_idle = probes.iter().all(|probe| probe.is_idle && (!runs || probe.runs.is_empty()));
            let activity: u64 = probes.iter().map(|probe| probe.activity).sum();
            if is_idle && sent == received && before == Some(activity) {
                return Ok(());
            }
            before = Some(activity);
            if self.cancels_at.take_if(|at| *at <= Instant::now()).is_some() {
                if let Some(waiting) = waiting(&probes) {
                    log::warn(Site::App, || {
                        format!("the drain cancels the handlers that still wait: {waiting}")
                    });
                }
                self.all(|| Control::CancelHandlers, deadline).await?;
            }
            if Instant::now() >= deadline {
                return Err(Stuck::Timeout(names(&probes, runs)));
            }
            sleep(PROBE_PERIOD).await;
        }
        unreachable!("the loop ends at the deadline")
    }

    async fn probe(&mut self, round: u64, deadline: Instant) -> Result<Vec<Probe>, Stuck> {
        for pool in self.app.pool_ids() {
            self.app.control(pool, Control::Probe { round });
        }
        let mut probes = Vec::new();
        // A moment longer than the drain, so that what is under way at its end can still be named.
        let deadline = deadline + DISSOLVE_TIME;
        while probes.len() < self.app.pools.len() {
            match timeout_at(deadline, self.reports.recv()).await {
                Ok(Some(Report::Probe(probe))) if probe.round == round => probes.push(probe),
                Ok(Some(Report::Died { text })) => return Err(Stuck::Died(text)),
                Ok(Some(_)) => {}
                Ok(None) => return Err(Stuck::Died("all pools are gone".to_owned())),
                Err(_) => {
                    let silent = self.app.pools.len() - probes.len();
                    return Err(Stuck::Timeout(vec![format!("{silent} pools are busy in a handler")]));
                }
            }
        }
        Ok(probes)
    }
}

/// Who keeps the bus from being quiet, as far as one line holds; `None` where it is but messages.
fn waiting(probes: &[Probe]) -> Option<String> {
    let all: Vec<&str> = probes.iter().flat_map(|probe| &probe.waiting).map(String::as_str).collect();
    let (named, more) = all.split_at(all.len().min(NAMED_MAX));
    let more = if more.is_empty() { String::new() } else { format!(", and {} more", more.len()) };
    (!named.is_empty()).then(|| named.join(", ") + &more)
}

fn names(probes: &[Probe], runs: bool) -> Vec<String> {
    let mut names: Vec<String> = probes.iter().flat_map(|probe| probe.waiting.clone()).collect();
    if runs {
        names.extend(
            probes.iter().flat_map(|probe| probe.runs.iter().map(|path| format!("the `run` of {path}"))),
        );
    }
    if names.is_empty() {
        names.push("messages keep coming".to_owned());
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    fn probe(waiting: &[&str]) -> Probe {
        let waiting = waiting.iter().map(|&name| name.to_owned()).collect();
        Probe {
            round: 0,
            is_idle: false,
            sent_words: 0,
            received_words: 0,
            activity: 0,
            runs: Vec::new(),
            waiting,
        }
    }

    #[test]
    fn those_that_wait_are_named_in_one_line() {
        assert_eq!(waiting(&[probe(&[]), probe(&[])]), None);
        assert_eq!(
            waiting(&[probe(&["a is Busy"]), probe(&["b is Busy"])]).as_deref(),
            Some("a is Busy, b is Busy")
        );
        let many = waiting(&[probe(&["x"; 5]), probe(&["y"; 5])]);
        assert_eq!(many.as_deref(), Some("x, x, x, x, x, y, y, y, and 2 more"));
    }
}
