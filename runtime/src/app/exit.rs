//! How a program starts wrong and how it ends.

use std::fmt;
use std::process::{ExitCode, Termination};
use std::sync::Arc;
use std::time::Duration;

/// Why a program did not start.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum StartError {
    /// A constructor or `birth` failed; holds the path and the reason.
    Birth(String),
    /// A birth did not end in time; holds the path.
    BirthTimeout {
        /// The locus that hangs.
        path: String,
        /// How long it was waited for.
        after: Duration,
    },
    /// More `#[on(any)]` handlers of one topic, on parts with replicas, than a topic may have.
    TooManyShares {
        /// The topic.
        subject: &'static str,
        /// How many it may have.
        max: usize,
    },
    /// More pools than one app may have.
    TooManyPools {
        /// Pools asked for.
        pools: usize,
        /// Pools there may be.
        max: usize,
    },
    /// A `LOCUS_*` variable is not understood.
    Environment(String),
    /// `locus.toml` cannot be read or understood; holds every problem with its line.
    Settings(String),
    /// [`run`](crate::run) was called inside another runtime.
    InsideRuntime,
    /// The program is compiled with `panic = "abort"`, so no panic can be supervised.
    PanicAborts,
    /// A pool failed while the program started.
    Pool(String),
    /// A signal came before the start was over.
    Interrupted,
    /// The program has ended.
    Ended,
    /// A thread could not be made.
    Thread(Arc<std::io::Error>),
}

impl StartError {
    pub(crate) fn thread(error: std::io::Error) -> Self {
        Self::Thread(Arc::new(error))
    }
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Birth(reason) => write!(f, "the start was refused by {reason}"),
            Self::BirthTimeout { path, after } => {
                write!(f, "the birth of {path} did not end within {} s", after.as_secs())
            }
            Self::TooManyPools { pools, max } => {
                write!(
                    f,
                    "{pools} pools are asked for, and {max} is the most\nhelp: place more parts in one pool"
                )
            }
            Self::TooManyShares { subject, max } => write!(
                f,
                "more than {max} `#[on(any)]` handlers take `{subject}`, each among replicas\n\
                 help: let one of them take it and publish what the others need"
            ),
            Self::Environment(reason) | Self::Settings(reason) => f.write_str(reason),
            Self::InsideRuntime => f.write_str(
                "`locus::run` needs a thread of its own and was called inside a tokio runtime\n\
                 help: call `locus::start` there, or `locus::run` from a plain `fn main`",
            ),
            Self::PanicAborts => f.write_str(
                "panics abort this program, so none can be supervised\n\
                 help: remove `panic = \"abort\"` from the profile",
            ),
            Self::Pool(reason) => write!(f, "a pool failed: {reason}"),
            Self::Interrupted => f.write_str("a signal came before the start was over"),
            Self::Ended => f.write_str("the program has ended"),
            Self::Thread(error) => write!(f, "a thread could not be made: {error}"),
        }
    }
}

impl std::error::Error for StartError {}

/// How a program ended; return it from `main`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Drained: code 0.
    Drained,
    /// The start was refused: code 1.
    StartRefused,
    /// A part failed for good: code 2.
    RootFailure,
    /// Something would not stop within the drain timeout: code 3.
    DrainTimeout,
}

impl Exit {
    /// The exit code.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::Drained => 0,
            Self::StartRefused => 1,
            Self::RootFailure => 2,
            Self::DrainTimeout => 3,
        }
    }

    /// Says why the start was refused.
    pub(crate) fn refused(error: &StartError) -> Self {
        eprintln!("locus: {error}");
        Self::StartRefused
    }
}

impl Termination for Exit {
    fn report(self) -> ExitCode {
        ExitCode::from(self.code())
    }
}
