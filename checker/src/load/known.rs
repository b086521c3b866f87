//! What cargo said of a workspace, for as long as it would say the same.
//!
//! Asking cargo takes as long as reading ten thousand lines. Its answer follows from the manifests, from which of them
//! the workspace takes in, and from the files in which it looks for targets. All of these are noted with the answer
//! ([`Watched`]); where one has changed, or cannot be told to have stayed, cargo is asked again.

use crate::load::cache::{read_sealed, write_sealed};
use cargo_metadata::Metadata;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use xxhash_rust::xxh3::xxh3_64;

/// Name of the file in the store's folder.
const NAME: &str = "packages";

#[derive(Serialize, Deserialize)]
struct Answer {
    manifest: PathBuf,
    watched: Vec<(Watched, u64)>,
    metadata: String,
}

/// Something that the answer follows from.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
enum Watched {
    /// What a file says; a file that is not there counts too.
    Text(PathBuf),
    /// Whether a file is there.
    File(PathBuf),
    /// Which names a folder holds.
    Names(PathBuf),
    /// Which names a folder holds, and which of them are folders with a manifest.
    Members(PathBuf),
}

/// The answer kept in `folder`, if it still holds.
pub(super) fn read(folder: &Path, manifest: &Path) -> Option<Metadata> {
    let answer: Answer = postcard::from_bytes(&read_sealed(folder, NAME)?).ok()?;
    let holds = answer.manifest == manifest && answer.watched.iter().all(|(of, print)| of.print() == *print);
    if holds { serde_json::from_str(&answer.metadata).ok() } else { None }
}

/// Keeps an answer.
pub(super) fn write(folder: &Path, manifest: &Path, metadata: &Metadata) {
    let Some(watched) = watched(manifest, metadata) else { return };
    let Ok(text) = serde_json::to_string(metadata) else { return };
    let watched = watched.into_iter().map(|of| (of.print(), of)).map(|(print, of)| (of, print)).collect();
    let answer = Answer { manifest: manifest.to_owned(), watched, metadata: text };
    if let Ok(bytes) = postcard::to_allocvec(&answer) {
        write_sealed(folder, NAME, &bytes);
    }
}

/// All that `metadata` follows from; none where that cannot be told.
fn watched(manifest: &Path, metadata: &Metadata) -> Option<Vec<Watched>> {
    let root = metadata.workspace_root.as_std_path();
    // A manifest further up may take the package in.
    let mut all: Vec<Watched> =
        manifest.ancestors().skip(1).map(|folder| Watched::Text(folder.join("Cargo.toml"))).collect();
    all.push(Watched::Text(root.join("Cargo.toml")));
    for package in &metadata.packages {
        let manifest = package.manifest_path.as_std_path();
        let folder = manifest.parent()?;
        all.push(Watched::Text(manifest.to_owned()));
        all.push(Watched::Names(folder.join("src")));
        for targets in ["src/bin", "examples"] {
            let targets = folder.join(targets);
            all.extend(folders(&targets).into_iter().map(|one| Watched::File(one.join("main.rs"))));
            all.push(Watched::Names(targets));
        }
        all.extend(package.targets.iter().map(|target| Watched::File(target.src_path.as_std_path().into())));
    }
    for pattern in members(root)? {
        let fixed: PathBuf = Path::new(&pattern).components().take_while(|part| !is_open(part)).collect();
        match Path::new(&pattern).components().filter(is_open).count() {
            0 => {}
            1 if Path::new(&pattern).components().next_back().is_some_and(|part| is_open(&part)) => {
                all.push(Watched::Members(root.join(fixed)));
            }
            _ => return None,
        }
    }
    all.sort();
    all.dedup();
    Some(all)
}

fn is_open(part: &std::path::Component<'_>) -> bool {
    part.as_os_str().to_string_lossy().contains(['*', '?', '['])
}

/// What the workspace's manifest says of its members.
fn members(root: &Path) -> Option<Vec<String>> {
    let manifest: toml::Table = std::fs::read_to_string(root.join("Cargo.toml")).ok()?.parse().ok()?;
    let members = manifest.get("workspace").and_then(|workspace| workspace.get("members"));
    let members = members.and_then(toml::Value::as_array).map(Vec::as_slice).unwrap_or_default();
    Some(members.iter().filter_map(toml::Value::as_str).map(str::to_owned).collect())
}

fn folders(of: &Path) -> Vec<PathBuf> {
    names(of).iter().map(|name| of.join(name)).filter(|path| path.is_dir()).collect()
}

fn names(of: &Path) -> Vec<std::ffi::OsString> {
    let entries = std::fs::read_dir(of).into_iter().flatten();
    let mut names: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.file_name())).collect();
    names.sort();
    names
}

impl Watched {
    fn print(&self) -> u64 {
        match self {
            Watched::Text(path) => std::fs::read(path).map_or(0, |text| xxh3_64(&text)),
            Watched::File(path) => u64::from(path.is_file()),
            Watched::Names(path) => printed(&names(path)),
            Watched::Members(path) => {
                let all = names(path);
                let with_manifest = all.iter().filter(|name| path.join(name).join("Cargo.toml").is_file());
                printed(&with_manifest.chain(&all).cloned().collect::<Vec<_>>())
            }
        }
    }
}

fn printed(names: &[std::ffi::OsString]) -> u64 {
    let bytes: Vec<u8> = names.iter().flat_map(|name| [name.as_encoded_bytes(), &[0]].concat()).collect();
    xxh3_64(&bytes)
}

#[cfg(test)]
mod tests {
    use super::{read, write};
    use cargo_metadata::MetadataCommand;
    use std::path::{Path, PathBuf};

    fn put(path: &Path, text: &str) {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn workspace() -> PathBuf {
        let root = std::env::temp_dir().join(format!("locus-checker-known-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&root);
        put(&root.join("Cargo.toml"), "[workspace]\nresolver = \"2\"\nmembers = [\"crates/*\"]\n");
        put(&root.join("crates/one/Cargo.toml"), &manifest("one"));
        put(&root.join("crates/one/src/lib.rs"), "");
        root
    }

    fn manifest(name: &str) -> String {
        format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2021\"\n")
    }

    #[test]
    fn an_answer_holds_until_what_it_follows_from_changes() {
        let root = workspace();
        let (at, folder) = (root.join("Cargo.toml"), root.join("store"));
        let ask = || MetadataCommand::new().no_deps().manifest_path(&at).exec().unwrap();
        let holds = || read(&folder, &at).is_some();
        assert!(!holds());
        write(&folder, &at, &ask());
        let known = read(&folder, &at).unwrap();
        assert_eq!(known.packages[0].name.as_str(), "one");
        put(&root.join("crates/one/src/more.rs"), "");
        put(&root.join("crates/one/README.md"), "");
        assert!(!holds(), "a file beside the root of a target may be one");
        write(&folder, &at, &ask());
        for (path, text) in [
            ("crates/two/src/lib.rs", String::new()),
            ("crates/one/src/lib/mod.rs", String::new()),
            ("crates/one/Cargo.toml", manifest("another")),
            ("crates/one/Cargo.toml", manifest("renamed")),
            ("crates/one/src/bin/tool.rs", String::new()),
            ("crates/one/examples/show/main.rs", String::new()),
            ("Cargo.toml", "[workspace]\nmembers = [\"crates/one\"]\n".to_owned()),
        ] {
            assert!(holds(), "before {path}");
            put(&root.join(path), &text);
            assert!(!holds(), "after {path}");
            // Cargo takes no folder of members without a manifest, and so has no answer to keep.
            match path {
                "crates/two/src/lib.rs" => std::fs::remove_dir_all(root.join("crates/two")).unwrap(),
                _ => write(&folder, &at, &ask()),
            }
        }
        put(&root.join("crates/one/src/lib.rs"), "fn changed() {}");
        assert!(holds(), "what a file of code says does not matter");
        std::fs::write(folder.join("packages"), "broken").unwrap();
        assert!(!holds());
        std::fs::remove_dir_all(&root).unwrap();
    }
}
