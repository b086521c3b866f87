//! Our own bugs: caught, and reported with the file that was being read.
//!
//! Each per-file job says what it works on; the panic hook runs on the panicking thread and so can read
//! it. The message goes to the caller as a value: a crash is an exit status of its own, never an abort.
//!
//! This does not catch a stack that overflows; the command line therefore runs the analysis on threads
//! with large stacks.

use std::cell::RefCell;
use std::fmt;
use std::panic::{self, AssertUnwindSafe, PanicHookInfo};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

thread_local! {
    static WORKING_ON: RefCell<Option<PathBuf>> = const { RefCell::new(None) };
}

/// The first panic since [`catch`] began.
static FIRST: Mutex<Option<Crash>> = Mutex::new(None);

/// Held while [`catch`] runs: the panic hook belongs to the whole process.
static CATCHING: Mutex<()> = Mutex::new(());

/// One caught bug of the checker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Crash {
    /// What the panic said, and where in our code.
    pub message: String,
    /// The file being worked on, if the panic came from a per-file job.
    pub file: Option<PathBuf>,
}

impl fmt::Display for Crash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "the checker itself failed: {}", self.message)?;
        if let Some(file) = &self.file {
            writeln!(f, "note: it was working on `{}`", file.display())?;
        }
        write!(f, "help: this is a bug in the checker; please report it with the file above")
    }
}

/// Marks the current thread as working on one file until dropped.
#[derive(Debug)]
pub struct WorkingOn(Option<PathBuf>);

/// Says which file this thread works on from here to the end of the guard.
#[must_use]
pub fn working_on(path: &Path) -> WorkingOn {
    WorkingOn(WORKING_ON.replace(Some(path.to_owned())))
}

impl Drop for WorkingOn {
    fn drop(&mut self) {
        let before = self.0.take();
        // During thread teardown there is nobody left to tell.
        let _ = WORKING_ON.try_with(|current| current.replace(before));
    }
}

/// Runs `job`; a panic on this thread, or on one that hands its panics on, becomes a [`Crash`].
///
/// One at a time in a process; `job` must not call this again.
///
/// # Errors
/// The first panic.
pub fn catch<T>(job: impl FnOnce() -> T) -> Result<T, Crash> {
    let _alone = CATCHING.lock().unwrap_or_else(PoisonError::into_inner);
    *FIRST.lock().unwrap_or_else(PoisonError::into_inner) = None;
    panic::set_hook(Box::new(remember));
    let outcome = panic::catch_unwind(AssertUnwindSafe(job));
    drop(panic::take_hook());
    let first = FIRST.lock().unwrap_or_else(PoisonError::into_inner).take();
    outcome.map_err(|_| {
        first.unwrap_or_else(|| Crash { message: "a panic without a message".to_owned(), file: None })
    })
}

fn remember(info: &PanicHookInfo<'_>) {
    let text = info.payload_as_str().unwrap_or("a panic without a message");
    let at = info.location().map_or_else(String::new, |at| format!(" ({}:{})", at.file(), at.line()));
    let file = WORKING_ON.try_with(|current| current.borrow().clone()).ok().flatten();
    let mut first = FIRST.lock().unwrap_or_else(PoisonError::into_inner);
    first.get_or_insert(Crash { message: format!("{text}{at}"), file });
}

#[cfg(test)]
mod tests {
    use super::{catch, working_on};
    use std::path::Path;

    #[test]
    fn a_panic_names_its_file_and_work_goes_on() {
        let crash = catch(|| {
            let _outer = working_on(Path::new("outer.rs"));
            drop(working_on(Path::new("inner.rs")));
            panic!("index {} is out of range", 7)
        });
        let crash: super::Crash = crash.map(|(): ()| ()).unwrap_err();
        assert_eq!(crash.file.as_deref(), Some(Path::new("outer.rs")));
        assert!(crash.message.starts_with("index 7 is out of range ("), "{}", crash.message);
        assert!(crash.to_string().contains("it was working on `outer.rs`"));
        assert_eq!(catch(|| 3), Ok(3));
    }
}
