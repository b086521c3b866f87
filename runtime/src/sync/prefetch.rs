//! Asks the processor for memory that is about to be used.
//!
//! A request that comes too early or for nothing costs a few cycles and changes nothing else: not even one for an address
//! where there is no memory. On processors other than x86-64 and under miri it does nothing.

/// Bytes in a cache line.
pub(crate) const LINE_BYTES: usize = 64;

/// Lines of one value that are asked for: those behind them follow, as lines that are read in order do.
#[cfg(not(loom))]
const LINES_MAX: usize = 4;

/// Asks for the memory of `value`.
#[cfg(not(loom))]
#[inline(always)]
pub(crate) fn prefetch<T: ?Sized>(value: &T) {
    let start = std::ptr::from_ref(value).cast::<i8>();
    let offset = start.addr() % LINE_BYTES;
    let lines = (offset + size_of_val(value)).div_ceil(LINE_BYTES).min(LINES_MAX);
    for line in 0..lines {
        prefetch_line(start.wrapping_sub(offset).wrapping_add(line * LINE_BYTES));
    }
}

#[cfg(all(target_arch = "x86_64", not(miri), not(loom)))]
#[inline(always)]
fn prefetch_line(line: *const i8) {
    use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
    // SAFETY: a hint, which does nothing for an address that cannot be read. Every x86-64 has it.
    unsafe { _mm_prefetch::<_MM_HINT_T0>(line) };
}

#[cfg(not(any(all(target_arch = "x86_64", not(miri)), loom)))]
#[inline(always)]
fn prefetch_line(_line: *const i8) {}

/// Asks for the line at `address` for writing: it is taken from the core that has it.
#[cfg(all(target_arch = "x86_64", not(miri)))]
#[inline(always)]
pub(crate) fn prefetch_to_write(address: usize) {
    // The intrinsic for it asks for reading where the compiler does not know that the processor has this one.
    // SAFETY: a hint, which does nothing for an address that cannot be written. Where an x86-64 lacks it, it is a no-op.
    unsafe {
        std::arch::asm!("prefetchw [{0}]", in(reg) address, options(readonly, nostack, preserves_flags));
    }
}

#[cfg(not(all(target_arch = "x86_64", not(miri))))]
#[inline(always)]
pub(crate) fn prefetch_to_write(_address: usize) {}
