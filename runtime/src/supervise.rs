//! Supervision: what a failure is, and how often a locus may restart.
//!
//! An `Err` is resumed: the message is dropped, the state kept. A panic restarts the locus by its factory after a
//! backoff, at most so many times in a window (the restart intensity of OTP supervisors), and then goes up.

use std::collections::VecDeque;
use std::hash::BuildHasher;
use std::time::{Duration, Instant};

use foldhash::fast::FixedState;

use crate::locus::describe::BoxError;

/// The first wait before a restart; it doubles with each further one.
const BACKOFF_FIRST: Duration = Duration::from_millis(10);

/// The longest wait before a restart, short beside the default window of 5 s.
const BACKOFF_MAX: Duration = Duration::from_secs(1);

/// Why an activation failed.
#[derive(Debug)]
pub(crate) enum Cause {
    Error(BoxError),
    Panic(String),
}

impl std::fmt::Display for Cause {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Error(error) => write!(f, "{error}"),
            Self::Panic(text) => write!(f, "panicked: {text}"),
        }
    }
}

/// The text of a caught panic.
pub(crate) fn panic_text(payload: &(dyn std::any::Any + Send)) -> String {
    if let Some(text) = payload.downcast_ref::<&'static str>() {
        (*text).to_owned()
    } else if let Some(text) = payload.downcast_ref::<String>() {
        text.clone()
    } else {
        "(no text)".to_owned()
    }
}

/// Counts the restarts of one locus.
#[derive(Debug)]
pub(crate) struct Intensity {
    restarts_max: usize,
    within: Duration,
    recent: VecDeque<Instant>,
    seed: u64,
}

impl Intensity {
    /// `path` tells the jitter of one locus from that of the others.
    pub(crate) fn new(restarts_max: u32, within: Duration, path: &str) -> Self {
        let seed = FixedState::default().hash_one(path) | 1;
        Self { restarts_max: restarts_max as usize, within, recent: VecDeque::new(), seed }
    }

    /// How long to wait before the next restart; `None` when there were too many and the failure goes up.
    pub(crate) fn next_restart(&mut self, now: Instant) -> Option<Duration> {
        while self.recent.front().is_some_and(|then| now.duration_since(*then) > self.within) {
            self.recent.pop_front();
        }
        if self.recent.len() >= self.restarts_max {
            return None;
        }
        let doublings = u32::try_from(self.recent.len()).unwrap_or(u32::MAX).min(16);
        self.recent.push_back(now);
        let wait = BACKOFF_FIRST.saturating_mul(1 << doublings).min(BACKOFF_MAX);
        Some(wait + self.jitter(wait))
    }

    /// Up to a quarter of `wait`, so that loci that failed together do not restart together.
    fn jitter(&mut self, wait: Duration) -> Duration {
        // xorshift64 (Marsaglia, 2003): good enough to spread restarts.
        self.seed ^= self.seed << 13;
        self.seed ^= self.seed >> 7;
        self.seed ^= self.seed << 17;
        wait.mul_f64((self.seed % 1000) as f64 / 4000.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fourth_restart_in_the_window_goes_up_and_a_later_one_does_not() {
        let mut intensity = Intensity::new(3, Duration::from_secs(5), "app/part");
        let start = Instant::now();
        let waits: Vec<_> =
            (0..3).map(|_| intensity.next_restart(start).expect("within intensity")).collect();
        assert!(waits[0] < waits[1] && waits[1] < waits[2], "{waits:?}");
        assert_eq!(intensity.next_restart(start), None);
        assert!(intensity.next_restart(start + Duration::from_secs(6)).is_some());
    }

    #[test]
    fn loci_that_failed_together_do_not_restart_together() {
        let now = Instant::now();
        let wait = |path| Intensity::new(3, Duration::from_secs(5), path).next_restart(now);
        assert_ne!(wait("app/part[0]"), wait("app/part[1]"));
    }
}
