//! The form of a store: one file, read whole and written whole.
//!
//! ```text
//! magic, checksum of all that follows, length of the head, head, blobs
//! ```
//!
//! I1: nothing is read of a store whose checksum, build or length is not what it should be. A store that is broken,
//! cut off or of another build of this program is none.

use super::stamp::Stamp;
use super::surface::Surface;
use serde::{Deserialize, Serialize};
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use xxhash_rust::xxh3::xxh3_64;

const MAGIC: [u8; 8] = *b"locusck1";
/// Magic, checksum, length of the head.
const PREFIX_BYTES: usize = 8 + 8 + 4;

/// What a store holds besides blobs.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Head {
    /// The program that wrote it.
    pub(super) build: u64,
    /// The store itself.
    pub(super) id: u64,
    /// The store that this one is laid over; 0 for one that stands alone.
    pub(super) over: u64,
    /// What holds for all files: packages, crates, models.
    pub(super) world: u64,
    /// One for each file.
    pub(super) entries: Vec<Entry>,
}

/// One file.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Entry {
    /// Stands for its path.
    pub(super) path: u64,
    /// Its content, and what it was read with.
    pub(super) key: u128,
    /// The `cfg` among that.
    pub(super) cfg: u64,
    /// The file as it was when it was read.
    pub(super) stamp: Option<Stamp>,
    /// What others see of it.
    pub(super) surface: Surface,
    /// Its lowered form, or why it has none.
    pub(super) file: Blob,
    /// Its bodies.
    pub(super) bodies: Blob,
    /// What its functions do, in the workspace as it was.
    pub(super) facts: Blob,
    /// The types inside those of its bodies that were asked about, in the workspace as it was.
    pub(super) insides: Blob,
}

/// Some bytes of a store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Blob {
    start: u32,
    end: u32,
}

/// A store in memory.
#[derive(Debug)]
pub(super) struct Pack {
    pub(super) head: Head,
    bytes: Arc<Vec<u8>>,
    blobs_at: usize,
}

impl Pack {
    /// Reads the store at `path`; none if there is none that `build` can use.
    pub(super) fn read(path: &Path, build: u64) -> Option<Pack> {
        Pack::parse(std::fs::read(path).ok()?, build)
    }

    fn parse(bytes: Vec<u8>, build: u64) -> Option<Pack> {
        let (prefix, rest) = bytes.split_at_checked(PREFIX_BYTES)?;
        let (magic, prefix) = prefix.split_at(8);
        let (checksum, length) = prefix.split_at(8);
        let whole = magic == MAGIC && checksum == xxh3_64(rest).to_le_bytes();
        let length = u32::from_le_bytes(length.try_into().ok()?) as usize;
        let head: Head = if whole { postcard::from_bytes(rest.get(..length)?).ok()? } else { return None };
        (head.build == build).then(|| Pack { head, blobs_at: PREFIX_BYTES + length, bytes: Arc::new(bytes) })
    }

    /// How large it is.
    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// The bytes of `blob`.
    pub(super) fn blob(&self, blob: Blob) -> &[u8] {
        self.bytes.get(self.range(blob)).unwrap_or_default()
    }

    /// All bytes, and where in them `blob` lies.
    pub(super) fn shared(&self, blob: Blob) -> (&Arc<Vec<u8>>, Range<usize>) {
        (&self.bytes, self.range(blob))
    }

    fn range(&self, blob: Blob) -> Range<usize> {
        self.blobs_at + blob.start as usize..self.blobs_at + blob.end as usize
    }
}

/// A store on its way to disk.
#[derive(Debug, Default)]
pub(super) struct Writing {
    pub(super) head: Head,
    blobs: Vec<u8>,
}

impl Writing {
    /// Adds bytes; none if the store would be larger than 4 GiB.
    pub(super) fn blob(&mut self, bytes: &[u8]) -> Option<Blob> {
        let start = u32::try_from(self.blobs.len()).ok()?;
        self.blobs.extend_from_slice(bytes);
        Some(Blob { start, end: u32::try_from(self.blobs.len()).ok()? })
    }

    /// How much has been added.
    pub(super) fn len(&self) -> usize {
        self.blobs.len()
    }

    /// The whole file.
    pub(super) fn finish(self) -> Option<Vec<u8>> {
        let mut bytes = vec![0; PREFIX_BYTES];
        bytes[..8].copy_from_slice(&MAGIC);
        let mut bytes = postcard::to_extend(&self.head, bytes).ok()?;
        let length = u32::try_from(bytes.len() - PREFIX_BYTES).ok()?;
        bytes.extend(self.blobs);
        bytes[16..20].copy_from_slice(&length.to_le_bytes());
        let checksum = xxh3_64(&bytes[PREFIX_BYTES..]);
        bytes[8..16].copy_from_slice(&checksum.to_le_bytes());
        Some(bytes)
    }
}
