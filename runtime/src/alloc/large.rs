//! Where the large blocks are, so that a report can tell what of them was ever touched.
//!
//! A large block is address space first: the system gives it memory page by page when it is written to. Live bytes
//! alone would claim more memory than a process has. Blocks below [`LARGE_BYTES`] are taken as touched.
//!
//! The addresses are kept in hash tables, striped by address, whose memory comes straight from the system.
//!
//! Invariant: a block is in its table from after it was allocated until before it is freed, so that under a
//! stripe's lock every block of that stripe is mapped.

use std::alloc::{GlobalAlloc, Layout, System};
use std::ptr::NonNull;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::pages;

/// From this size on a block is worth asking about: eight pages, and less than the first chunk of a scratch.
pub(super) const LARGE_BYTES: usize = 32 << 10;

/// Enough that threads with large buffers rarely meet.
const STRIPES: usize = 16;

static TABLES: [Mutex<Table>; STRIPES] = [const { Mutex::new(Table::new()) }; STRIPES];

/// Notes a block that was allocated.
#[cold]
pub(super) fn enter(block: *mut u8, bytes: usize) {
    stripe(block.addr()).enter(Block { address: block.addr(), bytes });
}

/// Forgets a block that is about to be freed.
#[cold]
pub(super) fn leave(block: *mut u8) {
    stripe(block.addr()).leave(block.addr());
}

/// Bytes of all large blocks that were never touched.
pub(super) fn untouched_bytes() -> u64 {
    let untouched = |table: &Mutex<Table>| {
        let table = lock(table);
        table.blocks().map(|block| pages::untouched_bytes(block.address, block.bytes)).sum::<u64>()
    };
    TABLES.iter().map(untouched).sum()
}

fn stripe(address: usize) -> MutexGuard<'static, Table> {
    lock(&TABLES[(hash(address) >> 32) % STRIPES])
}

/// Nothing panics while it holds the lock, so a poisoned table is whole.
fn lock(table: &Mutex<Table>) -> MutexGuard<'_, Table> {
    table.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Multiplicative hashing: the low bits of large blocks' addresses are alike.
fn hash(address: usize) -> usize {
    (address as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(32) as usize
}

/// An address is never 0 for a block; 0 marks a free slot.
#[derive(Clone, Copy)]
struct Block {
    address: usize,
    bytes: usize,
}

/// Open addressing with linear probing, at most half full.
///
/// Invariant: `slots` is an array of `capacity` initialised slots from `System`, and `capacity` is a power of two;
/// or there is none and `capacity` is 0.
struct Table {
    slots: NonNull<Block>,
    capacity: usize,
    len: usize,
}

// SAFETY: the table owns its slots.
unsafe impl Send for Table {}

impl Table {
    const fn new() -> Self {
        Self { slots: NonNull::dangling(), capacity: 0, len: 0 }
    }

    fn enter(&mut self, block: Block) {
        if self.len * 2 >= self.capacity && !self.grow() {
            return; // No memory for the note: the block counts as touched.
        }
        self.place(block);
        self.len += 1;
    }

    fn place(&mut self, block: Block) {
        let mut slot = self.home(block.address);
        while self.slots()[slot].address != 0 {
            slot = self.after(slot);
        }
        self.slots_mut()[slot] = block;
    }

    fn leave(&mut self, address: usize) {
        if self.capacity == 0 {
            return;
        }
        let mut slot = self.home(address);
        while self.slots()[slot].address != address {
            if self.slots()[slot].address == 0 {
                return;
            }
            slot = self.after(slot);
        }
        self.slots_mut()[slot].address = 0;
        self.len -= 1;
        // What follows in the same run may have been pushed past the slot that is free now.
        let mut next = self.after(slot);
        while self.slots()[next].address != 0 {
            let moved = std::mem::replace(&mut self.slots_mut()[next], Block { address: 0, bytes: 0 });
            self.place(moved);
            next = self.after(next);
        }
    }

    fn blocks(&self) -> impl Iterator<Item = &Block> {
        self.slots().iter().filter(|block| block.address != 0)
    }

    fn grow(&mut self) -> bool {
        let capacity = (self.capacity * 2).max(64);
        let Ok(layout) = Layout::array::<Block>(capacity) else { return false };
        // SAFETY: the layout is not empty.
        let slots = unsafe { System.alloc_zeroed(layout) };
        let Some(slots) = NonNull::new(slots.cast::<Block>()) else { return false };
        let old = std::mem::replace(self, Self { slots, capacity, len: self.len });
        old.blocks().for_each(|block| self.place(*block));
        old.free();
        true
    }

    fn free(self) {
        if let Ok(layout) = Layout::array::<Block>(self.capacity)
            && self.capacity != 0
        {
            // SAFETY: the invariant: allocated by `System` with this layout.
            unsafe { System.dealloc(self.slots.as_ptr().cast(), layout) }
        }
    }

    fn home(&self, address: usize) -> usize {
        hash(address) & (self.capacity - 1)
    }

    fn after(&self, slot: usize) -> usize {
        (slot + 1) & (self.capacity - 1)
    }

    fn slots(&self) -> &[Block] {
        // SAFETY: the invariant; `&self` keeps the slots from changing.
        unsafe { NonNull::slice_from_raw_parts(self.slots, self.capacity).as_ref() }
    }

    fn slots_mut(&mut self) -> &mut [Block] {
        // SAFETY: the invariant; `&mut self` makes the access exclusive.
        unsafe { NonNull::slice_from_raw_parts(self.slots, self.capacity).as_mut() }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    #[test]
    fn a_table_holds_what_entered_and_did_not_leave() {
        let mut table = Table::new();
        let mut model = HashMap::new();
        let mut state = 1_u64;
        for n in 0..if cfg!(miri) { 400 } else { 4_000 } {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            // Few distinct addresses, aligned as large blocks are, so that runs form and break.
            let address = (1 + (state >> 40) as usize % 300) << 16;
            if model.remove(&address).is_some() {
                table.leave(address);
            } else {
                model.insert(address, n);
                table.enter(Block { address, bytes: n });
            }
            if n % 100 == 0 {
                let held: HashMap<_, _> = table.blocks().map(|block| (block.address, block.bytes)).collect();
                assert_eq!((held, table.len), (model.clone(), model.len()));
            }
        }
        table.leave(7);
        assert_eq!(table.len, model.len());
        table.free();
    }
}
