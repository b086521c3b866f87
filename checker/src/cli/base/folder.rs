//! A folder for the length of a run.

use std::fs::DirBuilder;
use std::io;
use std::path::{Path, PathBuf};

/// Names tried before giving up: each is taken only by a run of the same number that was killed.
const TRIES_MAX: u32 = 64;

/// A new folder that only this user may read; gone when dropped.
pub(super) struct Folder(PathBuf);

impl Folder {
    /// Makes one where temporary files are kept.
    ///
    /// # Errors
    /// When none can be made.
    pub(super) fn new() -> io::Result<Self> {
        // Canonical, because the paths of what lies in it are compared.
        let parent = std::env::temp_dir().canonicalize()?;
        let mut made = Err(io::ErrorKind::AlreadyExists.into());
        for attempt in 0..TRIES_MAX {
            let path = parent.join(format!("locus-checker-{}-{attempt}", std::process::id()));
            made = private(&path).map(|()| Self(path));
            if made.as_ref().err().is_none_or(|error| error.kind() != io::ErrorKind::AlreadyExists) {
                break;
            }
        }
        made
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

/// Fails where something stands already, so that nobody else's folder is taken for ours.
fn private(path: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What cannot be removed is left to whoever cleans up after temporary files.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::Folder;

    #[test]
    fn each_is_new_and_goes_with_what_is_in_it() {
        let (one, two) = (Folder::new().unwrap(), Folder::new().unwrap());
        assert_ne!(one.path(), two.path());
        std::fs::write(one.path().join("file"), "text").unwrap();
        let path = one.path().to_owned();
        drop(one);
        assert!(!path.exists() && two.path().is_dir());
    }
}
