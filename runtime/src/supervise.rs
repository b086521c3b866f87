//! Supervision: what a failure is, and how often a locus may restart.
//!
//! What is decided is the parent's to say, in its `on_failure`. Where it says nothing, an `Err` is resumed: the message is
//! dropped, the state kept. A panic restarts the locus by its factory after a backoff, at most so many times in a window (the
//! restart intensity of OTP supervisors), and then goes up.

use std::collections::VecDeque;
use std::hash::BuildHasher;
use std::sync::Arc;
use std::time::{Duration, Instant};

use foldhash::fast::FixedState;

use crate::locus::children::ChildId;
use crate::locus::describe::BoxError;

/// The first wait before a restart; it doubles with each further one.
const BACKOFF_FIRST: Duration = Duration::from_millis(10);

/// The longest wait before a restart, short beside the default window of 5 s.
const BACKOFF_MAX: Duration = Duration::from_secs(1);

/// A failure of a child, or of a part of main, as `on_failure` sees it.
#[derive(Debug)]
pub struct Failure {
    pub(crate) path: Arc<str>,
    pub(crate) phase: &'static str,
    pub(crate) cause: Cause,
    pub(crate) count: u64,
    pub(crate) child: Option<ChildId>,
}

impl Failure {
    /// Where the locus stands in the tree.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The child, where it is one.
    #[must_use]
    pub fn child(&self) -> Option<ChildId> {
        self.child
    }

    /// What it did: the name of the method, such as `on_post`, `birth` or `run`.
    #[must_use]
    pub fn phase(&self) -> &str {
        self.phase
    }

    /// Whether it panicked; else it returned an `Err`.
    #[must_use]
    pub fn is_panic(&self) -> bool {
        matches!(self.cause, Cause::Panic(_))
    }

    /// The error, or the text of the panic.
    #[must_use]
    pub fn cause(&self) -> String {
        match &self.cause {
            Cause::Error(error) => error.to_string(),
            Cause::Panic(text) => text.clone(),
        }
    }

    /// How many of its activations have failed, this one included.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }
}

/// What happens to a locus that failed: what `on_failure` returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Decision {
    /// The message is dropped, the state kept. A locus that could not be born is dissolved instead.
    Resume,
    /// It is built anew by its factory, after a backoff; too many restarts go up. Without a factory it is dissolved.
    Restart,
    /// It ends; its parent goes on.
    Dissolve,
    /// It ends, and its parent fails in its place. A part's failure is the program's.
    Bubble,
}

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
