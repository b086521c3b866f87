//! The types inside the bodies that questions lead to: found once a run, and kept for the next.
//!
//! Few bodies are asked about, and mostly the same ones each time. What was found inside them holds for as long as the
//! facts of their file do.
//!
//! ```text
//! the place of each function among those of its file, and its length; then for each the keys it refers to, and itself
//! ```

use super::Cache;
use super::facts::Fresh;
use crate::names::FnId;
use crate::names::numbers::{Keys, Referred, of_path, reading, writing};
use crate::types::{Inferred, Program, infer};
use rustc_hash::FxHashMap;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

/// Tells the types inside bodies.
pub(crate) struct Insides<'p, 'w> {
    program: &'p Program<'w>,
    kept: Option<Kept<'p>>,
    asked: Vec<OnceLock<Asked<'p>>>,
}

/// What the store has.
struct Kept<'p> {
    cache: &'p Cache,
    keys: &'p Keys,
    /// Of each file, whether what was found earlier holds.
    holds: &'p [bool],
    /// The place of each function among those of its file.
    places: Vec<u32>,
    /// Of each file, where in its bytes a function lies.
    files: Vec<OnceLock<FxHashMap<u32, Range<usize>>>>,
}

/// What was told of a body.
enum Asked<'p> {
    /// As it was kept.
    Known(Arc<Inferred<'p>>),
    /// Found in this run.
    Found(Arc<Inferred<'p>>),
    /// There is no body.
    Nothing,
}

impl<'p, 'w> Insides<'p, 'w> {
    /// Knows nothing yet but what the store has whose facts `fresh` tells of.
    pub(crate) fn of(program: &'p Program<'w>, fresh: &'p Fresh) -> Self {
        let workspace = program.names.workspace;
        let kept = workspace.cache.as_ref().zip(fresh.keys.as_ref()).map(|(cache, keys)| {
            let mut counts = vec![0_u32; workspace.files.len()];
            let place = |function: &crate::names::Function<'_>| {
                let count = &mut counts[function.file.0 as usize];
                *count += 1;
                *count - 1
            };
            let places = program.names.fns.iter().map(place).collect();
            let files = std::iter::repeat_with(OnceLock::new).take(workspace.files.len()).collect();
            Kept { cache, keys, holds: &fresh.holds, places, files }
        });
        let asked = std::iter::repeat_with(OnceLock::new).take(program.names.fns.len()).collect();
        Insides { program, kept, asked }
    }

    /// The types inside the body of `id`; none if it has no body.
    pub(crate) fn get(&self, id: FnId) -> Option<Arc<Inferred<'p>>> {
        match self.asked[id.ix()].get_or_init(|| self.found(id)) {
            Asked::Known(inferred) | Asked::Found(inferred) => Some(Arc::clone(inferred)),
            Asked::Nothing => None,
        }
    }

    fn found(&self, id: FnId) -> Asked<'p> {
        if let Some(known) = self.kept.as_ref().and_then(|kept| kept.read(self.program, id)) {
            return Asked::Known(Arc::new(known));
        }
        infer(self.program, id).map_or(Asked::Nothing, |inferred| Asked::Found(Arc::new(inferred)))
    }

    /// For each file what the store is to have; none where it has all of it.
    pub(crate) fn written(&self) -> Vec<Option<Vec<u8>>> {
        let Some(kept) = &self.kept else { return Vec::new() };
        let mut news: Vec<Vec<(u32, Vec<u8>)>> = vec![Vec::new(); kept.files.len()];
        for (at, asked) in self.asked.iter().enumerate() {
            if let Some(Asked::Found(inferred)) = asked.get()
                && let Some(bytes) = kept.write(inferred)
            {
                news[self.program.names.fns[at].file.0 as usize].push((kept.places[at], bytes));
            }
        }
        news.into_iter().enumerate().map(|(file, news)| kept.file(self.program, file, news)).collect()
    }
}

impl Kept<'_> {
    fn read<'p>(&self, program: &'p Program<'_>, id: FnId) -> Option<Inferred<'p>> {
        let file = program.names.function(id).file.0 as usize;
        let bytes = self.bytes(program, file);
        let index = self.files[file].get_or_init(|| index(bytes));
        let one = bytes.get(index.get(&self.places[id.ix()])?.clone())?;
        let (referred, rest): (Referred, &[u8]) = postcard::take_from_bytes(one).ok()?;
        reading(self.keys, &referred, || Inferred::read(program, rest))?
    }

    fn write(&self, inferred: &Inferred<'_>) -> Option<Vec<u8>> {
        let (bytes, referred) = writing(self.keys, || inferred.written());
        let mut all = postcard::to_allocvec(&referred).ok()?;
        all.extend(bytes?);
        Some(all)
    }

    /// What is kept of a file, as far as it holds.
    fn bytes(&self, program: &Program<'_>, file: usize) -> &[u8] {
        let path = of_path(&program.names.workspace.files[file].source.path);
        let entry = self.cache.entry(path).filter(|_| self.holds[file]);
        entry.map_or(&[], |(pack, entry)| pack.blob(entry.insides))
    }

    fn file(&self, program: &Program<'_>, file: usize, news: Vec<(u32, Vec<u8>)>) -> Option<Vec<u8>> {
        if self.holds[file] && news.is_empty() {
            return None;
        }
        let before = self.bytes(program, file);
        let known =
            index(before).into_iter().filter_map(|(place, at)| Some((place, before.get(at)?.to_vec())));
        let mut all: Vec<(u32, Vec<u8>)> = known.chain(news).collect();
        all.sort_unstable();
        let lengths: Vec<(u32, usize)> = all.iter().map(|(place, bytes)| (*place, bytes.len())).collect();
        let mut bytes = postcard::to_allocvec(&lengths).ok()?;
        bytes.extend(all.into_iter().flat_map(|(_, bytes)| bytes));
        Some(bytes)
    }
}

/// Where each function lies in what is kept of its file.
fn index(bytes: &[u8]) -> FxHashMap<u32, Range<usize>> {
    let (lengths, rest) = postcard::take_from_bytes::<Vec<(u32, usize)>>(bytes).unwrap_or_default();
    let mut start = bytes.len() - rest.len();
    let one = |(place, length)| {
        let at = start..start + length;
        start = at.end;
        (place, at)
    };
    lengths.into_iter().map(one).collect()
}
