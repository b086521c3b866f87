//! Where a store lies, and how it gets there.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};
use xxhash_rust::xxh3::xxh3_64;

/// Within cargo's target directory.
const NAME: &str = "locus-checker";

/// The folder in which a run over the workspace of `manifest` keeps what it found: in the target directory that cargo
/// would use, one for each workspace.
#[must_use]
pub fn default_folder(manifest: &Path) -> Option<PathBuf> {
    let manifest = std::path::absolute(manifest).ok()?;
    let package = manifest.parent()?;
    let is_root = |folder: &&Path| {
        let text = std::fs::read_to_string(folder.join("Cargo.toml"));
        text.is_ok_and(|text| text.lines().any(|line| line.trim_start().starts_with("[workspace")))
    };
    let root = package.ancestors().find(is_root).unwrap_or(package);
    let named = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let target = match named("CARGO_TARGET_DIR").or_else(|| named("CARGO_BUILD_TARGET_DIR")) {
        Some(target) => std::path::absolute(target).ok()?,
        None => configured(root).unwrap_or_else(|| root.join("target")),
    };
    let of_root = xxh3_64(root.as_os_str().as_encoded_bytes());
    Some(target.join(NAME).join(format!("{of_root:016x}")))
}

/// `build.target-dir` of the workspace's own configuration.
fn configured(root: &Path) -> Option<PathBuf> {
    let text = std::fs::read_to_string(root.join(".cargo/config.toml")).ok()?;
    let config: toml::Table = text.parse().ok()?;
    Some(root.join(config.get("build")?.get("target-dir")?.as_str()?))
}

/// Stands for this program: what another one has written is not read.
pub(super) fn build() -> Option<u64> {
    let program = std::env::current_exe().ok()?.metadata().ok()?;
    let modified = program.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
    let told = format!("{} {} {}", env!("CARGO_PKG_VERSION"), program.len(), modified.as_nanos());
    Some(xxh3_64(told.as_bytes()))
}

/// Differs from one store to the next.
pub(super) fn moment() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    xxh3_64(&since.as_nanos().to_le_bytes()) ^ u64::from(std::process::id())
}

/// Writes `bytes` beside `name` and moves them there.
pub(super) fn write(folder: &Path, name: &str, bytes: &[u8]) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    let beside = folder.join(format!("{name}.{}", std::process::id()));
    let written = std::fs::File::create(&beside).and_then(|mut file| file.write_all(bytes));
    let moved = written.and_then(|()| std::fs::rename(&beside, folder.join(name)));
    if moved.is_err() {
        // What was left half written would stay for ever.
        let _ = std::fs::remove_file(&beside);
    }
    moved
}

/// What `folder` keeps under `name`, written by this program and whole.
pub(crate) fn read_sealed(folder: &Path, name: &str) -> Option<Vec<u8>> {
    let mut bytes = std::fs::read(folder.join(name)).ok()?;
    let seal = bytes.split_off(bytes.len().checked_sub(8)?);
    (seal == sealed(&bytes)?).then_some(bytes)
}

/// Keeps `bytes` under `name`; where that cannot be done, the next run works it out again.
pub(crate) fn write_sealed(folder: &Path, name: &str, bytes: &[u8]) {
    if let Some(seal) = sealed(bytes) {
        let _ = write(folder, name, &[bytes, &seal].concat());
    }
}

fn sealed(bytes: &[u8]) -> Option<[u8; 8]> {
    Some((xxh3_64(bytes) ^ build()?).to_le_bytes())
}
