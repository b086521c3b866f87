//! A process-wide list of things that say something about themselves, for as long as they live.
//!
//! Entering and leaving take a lock and constant time; the places of those that left are used again.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A list of shared entries, each at a place that its owner remembers.
#[derive(Debug)]
pub(super) struct Registry<T> {
    places: Mutex<Places<T>>,
}

#[derive(Debug)]
struct Places<T> {
    entries: Vec<Option<Arc<T>>>,
    free: Vec<usize>,
}

impl<T> Registry<T> {
    pub(super) const fn new() -> Self {
        Self { places: Mutex::new(Places { entries: Vec::new(), free: Vec::new() }) }
    }

    /// Adds an entry; returns its place.
    pub(super) fn enter(&self, entry: Arc<T>) -> usize {
        let mut places = self.lock();
        if let Some(place) = places.free.pop() {
            places.entries[place] = Some(entry);
            return place;
        }
        places.entries.push(Some(entry));
        places.entries.len() - 1
    }

    /// Removes the entry at a place that [`enter`](Self::enter) returned.
    pub(super) fn leave(&self, place: usize) {
        let mut places = self.lock();
        places.entries[place] = None;
        places.free.push(place);
    }

    /// All entries of this moment.
    pub(super) fn snapshot(&self) -> Vec<Arc<T>> {
        self.lock().entries.iter().flatten().cloned().collect()
    }

    /// Nothing panics while it holds the lock, so a poisoned list is whole.
    fn lock(&self) -> MutexGuard<'_, Places<T>> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
