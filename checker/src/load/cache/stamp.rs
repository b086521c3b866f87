//! What the file system says of a file without its being read: whether it has been written since, as git asks it.
//!
//! I1: two writes of a file never leave the same stamp that is trusted. The time of the last change cannot be set by
//! hand, and a file that was changed less than [`SETTLED`] ago gets no stamp: the next write may fall into the same tick.

use serde::{Deserialize, Serialize};
use std::fs::Metadata;
use std::time::{Duration, SystemTime};

/// How long ago a file has to have been changed: longer than the ticks of any file system's clock.
#[cfg_attr(not(unix), expect(dead_code, reason = "other systems do not tell the time of the last change"))]
const SETTLED: Duration = Duration::from_secs(3);

/// Stands for one state of one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Stamp {
    bytes: u64,
    inode: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Stamp {
    /// Of a file at `now`; none where it may be written again under the same stamp, or the system has none.
    #[cfg(unix)]
    pub(crate) fn of(file: &Metadata, now: SystemTime) -> Option<Stamp> {
        use std::os::unix::fs::MetadataExt;
        use std::time::UNIX_EPOCH;

        let changed = (file.ctime(), file.ctime_nsec());
        let modified = (file.mtime(), file.mtime_nsec());
        let latest = Duration::new(changed.0.max(modified.0).try_into().ok()?, 0);
        let ago = now.duration_since(UNIX_EPOCH).ok()?.checked_sub(latest)?;
        (ago > SETTLED).then_some(Stamp { bytes: file.size(), inode: file.ino(), modified, changed })
    }

    #[cfg(not(unix))]
    pub(crate) fn of(_: &Metadata, _: SystemTime) -> Option<Stamp> {
        None
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::{SETTLED, Stamp};
    use std::fs::{self, File};
    use std::time::{Duration, SystemTime};

    #[test]
    fn a_file_that_was_just_written_has_none() {
        let path = std::env::temp_dir().join(format!("locus-checker-stamp-{}", std::process::id()));
        fs::write(&path, "one").unwrap();
        let (first, now) = (fs::metadata(&path).unwrap(), SystemTime::now());
        assert_eq!(Stamp::of(&first, now), None);
        assert_eq!(Stamp::of(&first, now - Duration::from_secs(60)), None, "the clock was set back");
        let later = now + SETTLED + Duration::from_secs(2);
        assert!(Stamp::of(&first, later).is_some());
        // The same length, and the time of the last write as before.
        std::thread::sleep(Duration::from_millis(50));
        fs::write(&path, "two").unwrap();
        File::options().write(true).open(&path).unwrap().set_modified(first.modified().unwrap()).unwrap();
        let second = fs::metadata(&path).unwrap();
        assert_eq!(first.modified().unwrap(), second.modified().unwrap());
        assert_ne!(Stamp::of(&first, later), Stamp::of(&second, later));
        fs::remove_file(&path).unwrap();
    }
}
