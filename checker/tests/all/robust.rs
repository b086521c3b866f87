//! What cannot be read is said once, and the rest is checked.

use std::ffi::OsStr;
use std::path::PathBuf;

use crate::harness::command::{Run, checker_in};

/// A folder of its own, gone at the end of the test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("checker-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).expect("a folder for the test");
        Self(path)
    }

    fn write(&self, path: &str, content: &[u8]) {
        let path = self.0.join(path);
        std::fs::create_dir_all(path.parent().expect("it lies in the folder")).expect("a folder within");
        std::fs::write(path, content).expect("a file of the test");
    }

    fn checked(&self) -> Run {
        checker_in(&self.0, &[&[OsStr::new(".")][..], &ASKED.map(OsStr::new)].concat())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Outside of loci most shapes are only said when asked for.
const ASKED: [&str; 6] = ["-W", "likely", "-W", "nursery", "--format", "short"];

const LEAK: &str = "use std::sync::Mutex;
static SEEN: Mutex<Vec<u64>> = Mutex::new(Vec::new());
fn main() {
    loop {
        SEEN.lock().unwrap().push(1);
    }
}
";

fn count(run: &Run, text: &str) -> usize {
    run.stdout.lines().filter(|line| line.contains(text)).count()
}

#[test]
fn what_cannot_be_read_is_said_once_and_the_rest_is_checked() {
    let folder = Folder::new("unreadable");
    folder.write("leak.rs", LEAK.as_bytes());
    folder.write("broken.rs", b"fn f( {");
    folder.write("latin.rs", b"// caf\xe9\nfn f() {}\n");
    let line = "fn f() { let x = 1; let _ = x; }\n";
    folder.write("huge.rs", line.repeat((10 << 20) / line.len()).as_bytes());
    folder.write("deep.rs", format!("fn f() {{ {}1{}; }}", "(".repeat(5_000), ")".repeat(5_000)).as_bytes());
    folder.write("bad/Cargo.toml", b"[package\n");
    folder.write("bad/inner.rs", b"mod missing;\nfn f() {}\n");
    let run = folder.checked();
    assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
    for (path, reason) in [
        ("broken.rs", "unparsed"),
        ("latin.rs", "not UTF-8"),
        ("huge.rs", "larger than"),
        ("deep.rs", "nested more than"),
        ("bad", "cargo cannot read"),
        ("inner.rs", "`missing` has no file"),
    ] {
        let said = run.stdout.lines().filter(|line| line.contains(path) && line.contains(reason)).count();
        assert_eq!(said, 1, "{path}, {reason}: {}", run.stdout);
    }
    assert_eq!(count(&run, "leak.rs:5"), 1, "{}", run.stdout);
}

#[test]
fn a_member_that_is_missing_is_named_and_the_others_are_checked() {
    let folder = Folder::new("member");
    folder
        .write("Cargo.toml", b"[workspace]\nresolver = \"2\"\nmembers = [\"leaky\", \"not-checked-out\"]\n");
    let manifest = "[package]\nname = \"leaky\"\nversion = \"0.1.0\"\nedition = \"2021\"\n";
    folder.write("leaky/Cargo.toml", manifest.as_bytes());
    folder.write("leaky/src/main.rs", LEAK.as_bytes());
    let run = checker_in(&folder.0, &ASKED.map(OsStr::new));
    assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
    assert_eq!(count(&run, "not-checked-out"), 1, "{}", run.stdout);
    assert_eq!(count(&run, "main.rs:5"), 1, "{}", run.stdout);
}

#[cfg(unix)]
#[test]
fn links_that_run_in_circles_come_to_an_end() {
    use std::os::unix::fs::symlink;

    let folder = Folder::new("circles");
    folder.write("src/leak.rs", LEAK.as_bytes());
    symlink(&folder.0, folder.0.join("src/up")).expect("a link to the folder above");
    symlink(folder.0.join("b.rs"), folder.0.join("a.rs")).expect("a link to a link");
    symlink(folder.0.join("a.rs"), folder.0.join("b.rs")).expect("and back");
    let run = folder.checked();
    assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
    assert_eq!(count(&run, "leak.rs:5"), 1, "{}", run.stdout);
}

#[test]
fn a_module_that_is_its_own_ancestor_is_read_once() {
    let folder = Folder::new("ancestor");
    folder.write(
        "leak.rs",
        format!("#[path = \"leak.rs\"] mod again;\ninclude!(\"leak.rs\");\n{LEAK}").as_bytes(),
    );
    let run = folder.checked();
    assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
    assert_eq!(count(&run, "leak.rs:7"), 1, "{}", run.stdout);
}
