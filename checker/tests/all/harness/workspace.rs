//! A copy of a fixture workspace that a test may change.

use std::path::{Path, PathBuf};

use super::command::tests_folder;

/// One copy, for one test.
pub(crate) struct Copy(PathBuf);

impl Copy {
    /// Copies `workspaces/service`; `name` keeps the copies of different tests apart.
    pub(crate) fn of_service(name: &str) -> Self {
        let to = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        // Left over from the last run.
        let _ = std::fs::remove_dir_all(&to);
        copy(&tests_folder().join("workspaces/service"), &to);
        Self(to)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn manifest(&self) -> String {
        self.0.join("Cargo.toml").to_str().expect("the target folder has a plain name").to_owned()
    }

    pub(crate) fn write(&self, file: &str, text: &str) {
        std::fs::write(self.0.join(file), text).expect("the copy is ours to write");
    }

    /// Replaces the one place where `from` stands.
    pub(crate) fn replace(&self, file: &str, from: &str, to: &str) {
        let text = std::fs::read_to_string(self.0.join(file)).expect("the file was copied");
        assert_eq!(text.matches(from).count(), 1, "`{from}` in {file}");
        self.write(file, &text.replace(from, to));
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("the target folder can be written");
    for entry in std::fs::read_dir(from).expect("the fixture is there") {
        let path = entry.expect("the fixture can be read").path();
        let target = to.join(path.file_name().expect("an entry has a name"));
        if path.is_dir() {
            copy(&path, &target);
        } else {
            std::fs::copy(&path, &target).expect("the target folder can be written");
        }
    }
}
